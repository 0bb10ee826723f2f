"""Two sides held against each other: planted differences come out exactly, chance does not, and nothing is dropped."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.errors import UnknownName
from fauve.studies.comparing import Comparison, Difference, compare_generators, compare_runs, compare_scorers
from fauve.studies.comparing_words import headline, sentences

LABELS = ("one", "two")


def the(comparison: Comparison, metric: str, generator: str | None = None, **group: str) -> Difference:
    found = [
        d
        for d in comparison.differences
        if d.finding.metric == f"{metric}_difference" and d.finding.generator == generator and d.finding.group == group
    ]
    assert len(found) == 1, [d.finding for d in comparison.differences]
    return found[0]


def run(made, prompts, *, shift=0.0, generator="sdxl", scorer="mine", noise=0, start=0):
    """Pairs in the order given; the anti image scores ``shift`` higher under po than a number made of the prompt."""
    build = made()
    rng = np.random.default_rng(noise)
    for prompt in prompts:
        n = int(prompt.split()[-1])
        item = build.pair(generator=generator, prompt=prompt, request=f"{prompt}, blurred", name=f"x{start + n}")
        jitter = rng.normal() if noise else 0.0
        build.score(item, scorer, oo=float(n), ao=n + shift + jitter, aa=0.5 * n, oa=0.25 * n)
    return build


NAMES = [f"scene {n}" for n in range(12)]


def test_a_planted_difference_is_exact_and_rows_are_joined_by_key_not_by_place(made) -> None:
    first = run(made, NAMES).evidence()
    second = run(made, NAMES[::-1], shift=-2.0, start=500).evidence()
    compared = compare_runs(LABELS, first, second)
    shift = the(compared, "shift")
    assert (shift.first, shift.second, shift.finding.estimate) == (0.0, -2.0, -2.0)
    assert (shift.finding.low, shift.finding.high) == (-2.0, -2.0)
    assert (shift.finding.n, shift.clusters, shift.only_first, shift.only_second) == (12, 12, 0, 0)
    same = the(compared, "score", image="original", prompt="original")
    assert same.finding.estimate == 0.0
    assert same.finding.test is None
    assert shift.finding.test.p == pytest.approx(2 / 2**12)
    # two tests can be done: of the shift and of the score of Ia under po
    tests = [d.finding.test for d in compared.differences if d.finding.test]
    assert len(tests) == 2
    assert shift.finding.test.p_adjusted == pytest.approx(2 * shift.finding.test.p)


def test_two_runs_that_differ_by_noise_alone_are_not_told_apart(made) -> None:
    names = [f"scene {n}" for n in range(60)]
    compared = compare_runs(LABELS, run(made, names, noise=1).evidence(), run(made, names, noise=2).evidence())
    shift = the(compared, "shift")
    assert shift.finding.low < 0 < shift.finding.high
    assert headline(compared).startswith("None of 2 tests tells “one” from “two”. The surest is the ")
    assert sentences(compared) == []
    # sd of the difference of two standard normals over 60 prompts, by the usual approximation
    assert shift.smallest == pytest.approx((1.96 + 0.84) * np.sqrt(2 / 60), rel=0.15)


def test_what_only_one_side_has_is_counted_and_not_compared(made) -> None:
    first, second = run(made, NAMES), run(made, NAMES[3:], shift=1.0)
    extra = second.pair(prompt="scene 99", request="scene 99, blurred", name="x99")
    second.score(extra, "mine", oo=1.0, ao=100.0)
    second.grid = [row for row in second.grid if not (row[0] == 1 and row[3:5] == ("anti", "original"))]
    second.score(1, "mine", ao=None)
    shift = the(compare_runs(LABELS, first.evidence(), second.evidence()), "shift")
    assert shift.finding.estimate == 1.0
    assert (shift.finding.n, shift.only_first, shift.only_second) == (8, 4, 1)
    assert shift.finding.missing == pytest.approx(5 / 13)
    tally = compare_runs(LABELS, first.evidence(), second.evidence()).tallies[0]
    assert (tally.what, tally.both, tally.only_first, tally.only_second) == ("pairs", 9, 3, 1)


def test_draws_of_one_request_are_matched_by_their_number(made) -> None:
    def draws(order, add):
        build = made()
        for draw in order:
            item = build.pair(prompt="a", request="a, dark", name=f"p#{draw}" if draw else "p")
            build.score(item, "mine", oo=0.0, ao=10.0 * draw + add)
        return build.evidence()

    shift = the(compare_runs(LABELS, draws([0, 1, 2], 0.0), draws([2, 0, 1], 0.5)), "shift")
    assert shift.rows["difference"].to_list() == [0.5, 0.5, 0.5]
    assert "only one cluster" in shift.finding.note


def test_rows_that_share_prompt_request_and_draw_are_told_apart_by_their_id(made) -> None:
    def strengths(order):
        build = made()
        for strength in order:
            item = build.pair(generator="stimuli", prompt="a", request="a, dark", name=f"dark-{strength}")
            build.score(item, "mine", oo=0.0, ao=-float(strength))
        return build.evidence()

    shift = the(compare_runs(LABELS, strengths([1, 2, 3]), strengths([3, 1, 2])), "shift")
    assert shift.rows["difference"].to_list() == [0.0, 0.0, 0.0]
    assert shift.finding.n == 3


def test_intervals_resample_prompts_and_not_rows(made) -> None:
    rng = np.random.default_rng(5)
    offsets = rng.normal(size=10)

    def copies(times, add):
        build = made()
        for n, offset in enumerate(offsets):
            for draw in range(times):
                item = build.pair(prompt=f"s {n}", request=f"s {n}, dark", name=f"{n}#{draw}")
                build.score(item, "mine", oo=0.0, ao=offset * add)
        return build.evidence()

    once = the(compare_runs(LABELS, copies(1, 0.0), copies(1, 1.0)), "shift")
    often = the(compare_runs(LABELS, copies(30, 0.0), copies(30, 1.0)), "shift")
    assert often.finding.n == 300
    assert (often.finding.low, often.finding.high) == pytest.approx((once.finding.low, once.finding.high))
    assert often.smallest == pytest.approx(once.smallest)
    assert often.finding.test.p == pytest.approx(once.finding.test.p)


def test_accuracy_follows_each_sides_own_selection_and_a_tied_selection_is_no_row(made) -> None:
    def chosen(choices):
        build = made()
        for n, choice in enumerate(choices):
            item = build.pair(prompt=f"s {n}", request=f"s {n}, dark", choice=choice, name=str(n))
            build.score(item, "mine", aa=1.0, oa=0.0)
        return build.evidence()

    first = chosen(["anti", "anti", "anti", "tie"])
    second = chosen(["anti", "original", "original", "anti"])
    compared = compare_runs(LABELS, first, second)
    accuracy = the(compared, "accuracy")
    assert (accuracy.first, accuracy.second) == (1.0, pytest.approx(1 / 3))
    assert (accuracy.finding.n, accuracy.only_first, accuracy.only_second) == (3, 0, 1)
    assert accuracy.finding.test.name == "sign flip (exact)"
    assert accuracy.finding.test.p == pytest.approx(0.5)
    success = the(compared, "success", selector="people")
    assert (success.first, success.second, success.finding.n) == (0.75, 0.5, 4)


def test_judges_say_what_of_the_requests_is_there(made) -> None:
    def seen(level):
        build = made()
        for n in range(4):
            item = build.pair(prompt=f"s {n}", request=f"s {n}, x", dimensions=["clarity", "emotion"], name=str(n))
            build.judge(item, "clarity", 1.5, level)
            build.judge(item, "emotion", 1.5, 0.5)
        return build.evidence()

    compared = compare_runs(LABELS, seen(0.5), seen(1.4))
    assert the(compared, "level", judge="eye").finding.estimate == pytest.approx(0.45)
    honoured = the(compared, "honoured", judge="eye")
    assert (honoured.first, honoured.second, honoured.finding.n) == (1.0, 0.5, 8)
    assert honoured.clusters == 4
    wholly = the(compared, "wholly_honoured", judge="eye")
    assert (wholly.first, wholly.second, wholly.finding.n) == (1.0, 0.0, 4)


def test_two_generators_of_one_run_and_two_runs_of_one_generator_each(made) -> None:
    both = run(made, NAMES)
    for prompt in NAMES:
        n = float(prompt.split()[-1])
        item = both.pair(generator="sdxl-dpo", prompt=prompt, request=f"{prompt}, blurred", name=f"y{n}")
        both.score(item, "mine", oo=n, ao=n - 3.0, aa=0.0, oa=0.0)
    inside = compare_generators(both.evidence(), "sdxl", "sdxl-dpo")
    assert the(inside, "shift").finding.estimate == -3.0
    backwards = compare_generators(both.evidence(), "sdxl-dpo", "sdxl")
    assert the(backwards, "shift").finding.estimate == 3.0
    crossed = compare_runs(LABELS, run(made, NAMES).evidence(), run(made, NAMES, shift=-3.0, generator="b").evidence())
    assert the(crossed, "shift").finding.estimate == -3.0
    assert "sdxl of A is compared with b of B" in crossed.lacking[0]
    with pytest.raises(UnknownName, match="Did you mean 'sdxl'"):
        compare_generators(both.evidence(), "sdxk", "sdxl-dpo")


def test_with_several_generators_each_has_its_own_row_and_is_matched_with_itself(made) -> None:
    def two(add):
        build = run(made, NAMES, generator="a")
        for prompt in NAMES:
            item = build.pair(generator="b", prompt=prompt, request=f"{prompt}, blurred", name=f"b {prompt}")
            build.score(item, "mine", oo=0.0, ao=add)
        return build.evidence()

    compared = compare_runs(LABELS, two(0.0), two(4.0))
    assert the(compared, "shift", "a").finding.estimate == 0.0
    assert the(compared, "shift", "b").finding.estimate == 4.0
    assert the(compared, "shift").finding.estimate == 2.0


def test_two_scorers_are_compared_by_choice_sign_and_rank_and_never_raw(made) -> None:
    build = made()
    for n in range(10):
        item = build.pair(prompt=f"s {n}", request=f"s {n}, dark", name=str(n))
        build.score(item, "small", oo=0.01 * n, ao=0.01 * n + 0.2, aa=1.0, oa=0.0)
        build.score(item, "huge", oo=1000.0 * n + 20000, ao=1000.0 * n, aa=0.0, oa=1.0)
    compared = compare_scorers(build.evidence(), "small", "huge")
    assert {d.finding.metric for d in compared.differences} == {
        "rank_shift_difference",
        "fell_difference",
        "accuracy_difference",
    }
    # each scorer has all pictures of one kind above all of the other: 10 of 20 places up, and 10 down
    ranks = the(compared, "rank_shift")
    assert (ranks.first, ranks.second, ranks.finding.estimate) == (0.5, -0.5, -1.0)
    assert (the(compared, "fell").first, the(compared, "fell").second) == (0.0, 1.0)
    assert the(compared, "accuracy").finding.estimate == -1.0


def test_values_of_another_source_are_not_pooled_with_ours(made) -> None:
    first, second = run(made, NAMES), run(made, NAMES, shift=1.0)
    for item in range(1, 13):
        first.score(item, "mine", "published", oo=50.0, ao=0.0)
    compared = compare_runs(LABELS, first.evidence(), second.evidence())
    assert the(compared, "shift").finding.estimate == 1.0
    assert [d for d in compared.differences if d.finding.group.get("source")] == []


def test_a_scorer_that_only_one_run_has_is_named_and_an_unknown_one_is_an_error(made) -> None:
    first, second = run(made, NAMES), run(made, NAMES)
    for item in range(1, 13):
        second.score(item, "other", oo=0.0, ao=0.0)
    compared = compare_runs(LABELS, first.evidence(), second.evidence())
    assert any("Only B (two) has the scorer other" in text for text in compared.lacking)
    with pytest.raises(UnknownName):
        compare_runs(LABELS, first.evidence(), second.evidence(), ["nobody"])
