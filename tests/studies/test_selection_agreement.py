"""Agreement of selectors: known tables, a reference library, and what always-first and failures look like."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score

from fauve.studies import STUDIES

STUDY = STUDIES["selection_agreement"]
NAMES = ("original", "tie", "anti")


def found(build, metric, **group):
    matching = [f for f in STUDY.analyse(build.evidence()) if f.metric == metric and f.group == group]
    assert len(matching) <= 1
    return matching[0] if matching else None


def test_kappa_is_that_of_the_reference_library_and_names_its_two_sides(made):
    rng = np.random.default_rng(1)
    build, one = made(), rng.integers(0, 3, 200)
    other = np.where(rng.random(200) < 0.6, one, rng.integers(0, 3, 200))
    for a, b in zip(one, other, strict=True):
        item = build.pair()
        build.select(item, "qwen", NAMES[a])
        build.select(item, "gpt", NAMES[b])
    kappa = found(build, "kappa", selector="gpt", against="qwen")
    assert kappa.estimate == pytest.approx(cohen_kappa_score(one, other, weights="quadratic"))
    assert kappa.low < kappa.estimate < kappa.high
    assert (kappa.n, kappa.missing) == (200, 0)
    assert found(build, "same", selector="gpt", against="qwen").estimate == np.mean(one == other)
    assert "gpt and qwen agree with κ" in STUDY.sentences(STUDY.analyse(build.evidence()))[0]


def test_intervals_take_items_of_one_prompt_together(made):
    def half_width(prompts):
        build, rng = made(), np.random.default_rng(2)
        for k in range(60):
            item = build.pair(prompt=f"p{k % prompts}")
            build.select(item, "a", NAMES[(k % prompts) % 3])
            build.select(item, "b", NAMES[(k % prompts) % 3 if (k % prompts) % 4 else int(rng.integers(3))])
        f = found(build, "kappa", selector="a", against="b")
        return f.high - f.low

    assert half_width(10) > 1.3 * half_width(60)


def test_who_says_the_same_throughout_has_no_kappa(made):
    build = made()
    for k in range(9):
        item = build.pair()
        build.select(item, "construction", "anti")
        build.select(item, "eyes", NAMES[k % 3])
    kappa = found(build, "kappa", selector="construction", against="eyes")
    assert (kappa.estimate, kappa.n) == (None, 9)
    assert kappa.note.startswith("construction said one and the same throughout")
    assert found(build, "same", selector="construction", against="eyes").estimate == pytest.approx(1 / 3)


def test_items_that_only_one_chose_in_are_missing(made):
    build = made()
    for k in range(10):
        item = build.pair()
        build.select(item, "a", NAMES[k % 3])
        if k < 8:
            build.select(item, "b", NAMES[k % 3])
    # a generator that only one of them ever saw belongs in no denominator of both
    build.select(build.pair(generator="flux-dev"), "a", "anti")
    kappa = found(build, "kappa", selector="a", against="b")
    assert (kappa.estimate, kappa.n, kappa.missing) == (1.0, 8, pytest.approx(0.2))


def test_who_always_takes_the_first_has_a_bias_of_one_and_only_flips(made):
    build = made()
    for _ in range(30):
        build.answer(build.pair(), "first", "original", "anti")
    assert found(build, "first_shown", selector="first").estimate == 1.0
    assert found(build, "first_shown", selector="first").low > 0.85
    assert found(build, "flips", selector="first").estimate == 1.0
    assert found(build, "ties", selector="first").estimate == 1.0
    assert "first took the picture shown first in 60 of 60" in " ".join(
        STUDY.sentences(STUDY.analyse(build.evidence()))
    )


def test_who_chooses_by_what_it_sees_has_none(made):
    build = made()
    for k in range(30):
        choice = "anti" if k % 3 else "original"
        build.answer(build.pair(), "eyes", choice, choice)
    assert found(build, "first_shown", selector="eyes").estimate == 0.5
    assert found(build, "flips", selector="eyes").estimate == 0.0
    assert found(build, "ties", selector="eyes").estimate == 0.0


def test_contrasts_count_with_their_own_slots(made):
    build = made()
    for _ in range(4):
        build.answer(build.contrast("photographs"), "eyes", "faithful", "default")
    assert found(build, "first_shown", selector="eyes").estimate == 1.0


def test_only_items_answered_in_both_orders_count_for_the_bias(made):
    build = made()
    for _ in range(4):
        build.answer(build.pair(), "eyes", "anti", "anti")
    for _ in range(6):
        build.answer(build.pair(), "eyes", "original", None)
    pull = found(build, "first_shown", selector="eyes")
    assert (pull.estimate, pull.n, pull.missing) == (0.5, 8, pytest.approx(12 / 20))
    failed = found(build, "unanswered", selector="eyes")
    assert (failed.estimate, failed.n, failed.note) == (0.3, 20, "6 unparsable")
    assert found(build, "flips", selector="eyes").missing == pytest.approx(0.6)


def test_who_calls_everything_a_tie_has_no_bias_to_measure(made):
    build = made()
    for _ in range(5):
        build.answer(build.pair(), "unsure", "tie", "tie")
    pull = found(build, "first_shown", selector="unsure")
    assert (pull.estimate, pull.n) == (None, 0)
    assert "10 answers called it a tie" in pull.note
    assert found(build, "ties", selector="unsure").estimate == 1.0


def test_who_is_blind_to_order_has_no_bias_and_is_counted(made):
    build = made()
    for _ in range(5):
        item = build.pair()
        build.choices.append(("truth", item, False, "ok", "anti", None))
        build.select(item, "truth", "anti")
    assert found(build, "first_shown", selector="truth") is None
    assert found(build, "unanswered", selector="truth").estimate == 0.0


def test_accuracy_counts_ties_as_wrong_and_leaves_out_those_of_the_truth(made):
    build = made()
    for k in range(10):
        item = build.pair(generator="stimuli")
        build.select(item, "construction", "tie" if k == 9 else "anti")
        if k != 8:
            build.select(item, "eyes", "anti" if k < 6 else "tie")
    right = found(build, "accuracy", selector="eyes", truth="construction")
    assert (right.estimate, right.n, right.missing) == (6 / 8, 8, pytest.approx(1 / 9))
    assert "2 ties count as wrong" in right.note
    assert found(build, "accuracy", selector="construction", truth="construction") is None


def test_three_or_more_have_one_agreement_together(made):
    build = made()
    for k in range(12):
        item = build.pair()
        for name in ("a", "b", "c"):
            build.select(item, name, NAMES[k % 3])
    alpha = found(build, "alpha", among="3 selectors")
    assert (alpha.estimate, alpha.n) == (1.0, 12)
    assert "a, b, c" in alpha.note


def test_selections_of_what_shows_nothing_to_choose_between_are_left_alone(made):
    build = made()
    build.select(build.edit("1", "strength 0.5"), "a", "edit")
    build.select(build.edit("1", "strength 0.6"), "b", "edit")
    assert STUDY.analyse(build.evidence()) == []


def test_one_selector_has_no_agreement_and_nobody_nothing(made):
    build = made()
    build.select(build.pair(), "a", "anti")
    assert {f.metric for f in STUDY.analyse(build.evidence())} == {"ties"}
    assert STUDY.analyse(made().evidence()) == []


def test_charts_show_each_two_and_each_one(made):
    build = made()
    for k in range(9):
        item = build.pair(generator="stimuli")
        build.answer(item, "eyes", NAMES[k % 3], NAMES[k % 3])
        build.select(item, "construction", "anti")
    charts = {chart.name: chart for chart in STUDY.charts(STUDY.analyse(build.evidence()))}
    assert [mark.label for mark in charts["selection_agreement-first-shown"].marks] == ["eyes"]
    assert charts["selection_agreement-first-shown"].lines == ((0.5, "not swayed"),)
    assert [mark.label for mark in charts["selection_agreement-accuracy"].marks] == ["eyes, truth by construction"]


def test_the_order_of_rows_changes_nothing(made):
    build = made()
    for k in range(20):
        item = build.pair(prompt=f"p{k % 7}")
        build.answer(item, "a", NAMES[k % 3], NAMES[(k + k % 2) % 3])
        build.answer(item, "b", NAMES[(k // 2) % 3], NAMES[(k // 2) % 3])
    evidence = build.evidence()
    shuffled = type(evidence)(
        *(
            getattr(evidence, name).sample(fraction=1, shuffle=True, seed=3)
            for name in ("items", "grid", "judged", "labels", "tokens", "selections", "choices")
        )
    )
    assert isinstance(shuffled.choices, pl.DataFrame)
    assert STUDY.analyse(shuffled) == STUDY.analyse(evidence)
