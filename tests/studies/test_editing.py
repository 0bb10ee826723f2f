"""Edits against their inputs, the control and the base editor, on made evidence."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import STUDIES

STUDY = STUDIES["editing"]
ARM = "strength 0.5"


def find(findings, metric, group, **where):
    matches = [
        f
        for f in findings
        if f.metric == metric and dict(f.group) == group and all(getattr(f, k) == v for k, v in where.items())
    ]
    assert len(matches) == 1, matches
    return matches[0]


def edited(build, arm=ARM, *, generator="dance-flux", change=3.0, pairs=8, **more):
    """Edits of inputs 0, 1, … that add ``change`` to their scores."""
    for k in range(pairs):
        build.score(build.edit(f"e{k}", arm, generator=generator, **more), "hpsv3", input=float(k), edit=k + change)


def test_shift_is_the_paired_change_with_the_published_one_beside_it(made):
    build = made()
    edited(build)
    findings = STUDY.analyse(build.evidence())
    shift = find(findings, "shift", {"arm": ARM}, generator="dance-flux", scorer="hpsv3")
    assert (shift.estimate, shift.low, shift.high, shift.n, shift.missing) == (3.0, 3.0, 3.0, 8, 0.0)
    assert shift.published.value == 3.13
    assert "pictures by Nano Banana" in shift.note
    assert find(findings, "after", {"arm": ARM}).estimate == pytest.approx(3.5 + 3.0)


def test_other_arms_have_no_published_value(made):
    build = made()
    edited(build, "start noise 0.76")
    shift = find(STUDY.analyse(build.evidence()), "shift", {"arm": "start noise 0.76"})
    assert shift.published is None


def test_an_edit_that_does_nothing_has_an_interval_around_nothing(made):
    rng = np.random.default_rng(3)
    build = made()
    for k in range(60):
        before = float(rng.normal())
        build.score(build.edit(f"e{k}", ARM), "hpsv3", input=before, edit=before + float(rng.normal()))
    shift = find(STUDY.analyse(build.evidence()), "shift", {"arm": ARM})
    assert shift.low < 0 < shift.high
    assert shift.test.p_adjusted > 0.05


def test_failed_edits_and_failed_scores_stay_in_the_denominator(made):
    build = made()
    edited(build, pairs=2)
    build.score(build.edit("gone", ARM, generator="dance-flux", failed=True), "hpsv3", input=1.0)
    build.score(build.edit("refused", ARM, generator="dance-flux"), "hpsv3", input=1.0, edit=None)
    build.edit("never scored", ARM, generator="dance-flux")
    shift = find(STUDY.analyse(build.evidence()), "shift", {"arm": ARM})
    assert (shift.n, shift.missing) == (2, pytest.approx(3 / 5))
    assert "1 of 5 edits gave no picture" in shift.note


def test_what_is_beyond_the_control_is_paired_by_input(made):
    build = made()
    edited(build, change=3.0)
    for k in reversed(range(8)):
        build.score(
            build.edit(f"e{k}", "encode-decode", generator="dance-flux"), "hpsv3", input=float(k), edit=k + 0.5 + k % 2
        )
    build.score(build.edit("alone", ARM, generator="dance-flux"), "hpsv3", input=0.0, edit=50.0)
    findings = STUDY.analyse(build.evidence())
    beyond = find(findings, "beyond_control", {"arm": ARM})
    assert beyond.estimate == pytest.approx(3.0 - 1.0)
    assert (beyond.n, beyond.missing) == (8, pytest.approx(1 / 9))
    control = find(findings, "shift", {"arm": "encode-decode"})
    assert control.estimate == pytest.approx(1.0)
    assert "control" in control.note
    assert not [f for f in findings if f.metric == "beyond_control" and f.group["arm"] == "encode-decode"]


def test_inputs_of_two_makers_with_one_id_are_two_inputs(made):
    build = made()
    for made_by, change in (("nano-banana", 1.0), ("sdxl", 5.0)):
        build.score(build.edit("e", ARM, made_by=made_by), "hpsv3", input=0.0, edit=change + 2)
        build.score(build.edit("e", "encode-decode", made_by=made_by), "hpsv3", input=0.0, edit=change)
    beyond = find(STUDY.analyse(build.evidence()), "beyond_control", {"arm": ARM})
    assert beyond.estimate == pytest.approx(2.0)


@pytest.mark.parametrize("suffix", ["", " (random weights)"])
def test_editors_of_a_family_are_paired_by_input_and_arm(made, suffix):
    build = made()
    edited(build, generator=f"flux-dev{suffix}", change=1.0)
    edited(build, generator=f"dance-flux{suffix}", change=4.0)
    edited(build, "strength 0.8", generator=f"dance-flux{suffix}", change=9.0)
    found = [f for f in STUDY.analyse(build.evidence()) if f.metric == "shift_difference"]
    assert [dict(f.group) for f in found] == [{"arm": ARM, "base": f"flux-dev{suffix}"}]
    assert (found[0].estimate, found[0].n) == (3.0, 8)
    assert ("nothing was tuned" in found[0].note) == bool(suffix)


def test_a_trained_editor_is_not_compared_with_random_weights(made):
    build = made()
    edited(build, generator="flux-dev (random weights)", change=1.0)
    edited(build, generator="dance-flux", change=4.0)
    assert not [f for f in STUDY.analyse(build.evidence()) if f.metric == "shift_difference"]


def test_edits_by_instruction_stand_apart(made):
    build = made()
    edited(build, "reference")
    findings = STUDY.analyse(build.evidence())
    assert find(findings, "shift", {"edit": "by instruction"}).estimate == 3.0
    assert not [f for f in findings if "arm" in f.group]
    assert "DanceFlux by instruction" in STUDY.sentences(findings)[0]


def judged(build, *, failed=()):
    """Four pairs of which clarity and richness are requested; the edit undoes clarity everywhere, richness nowhere."""
    for k in range(4):
        plain = build.pair(generator="nano-banana", name=f"e{k}", prompt=f"p{k}")
        edit = build.edit(f"e{k}", ARM, prompt=f"p{k}", dimensions=["clarity", "richness"], failed=k in failed)
        for dimension, after in (("clarity", 1.9), ("richness", 1.0)):
            build.look(plain, dimension, original=2.0, anti=1.0)
            build.look(edit, dimension, **({"input": 1.0} if k in failed else {"input": 1.0, "edit": after}))


def test_requests_before_and_after_the_edit(made):
    build = made()
    judged(build)
    findings = STUDY.analyse(build.evidence())
    at = {"arm": ARM, "judge": "eye"}
    assert find(findings, "honoured_before", at).estimate == 1.0
    assert find(findings, "honoured_after", at).estimate == 0.5
    left = find(findings, "survived", at)
    assert (left.estimate, left.n, left.missing) == (0.5, 8, 0.0)
    assert find(findings, "shift", at).estimate == pytest.approx(0.9)
    assert find(findings, "shift", {**at, "over": "requested dimensions"}).estimate == pytest.approx(0.45)
    assert find(findings, "shift", {**at, "dimension": "clarity"}).estimate == pytest.approx(0.9)
    assert find(findings, "shift", {**at, "dimension": "richness"}).estimate == 0.0


def test_requests_of_failed_edits_are_missing(made):
    build = made()
    judged(build, failed=(2,))
    findings = STUDY.analyse(build.evidence())
    at = {"arm": ARM, "judge": "eye"}
    for metric in ("honoured_before", "honoured_after", "survived"):
        found = find(findings, metric, at)
        assert (found.n, found.missing) == (6, 0.25)
        assert "with the 2 missing all wrong or all right" in found.note


def test_without_the_plain_picture_nothing_is_said_of_requests(made):
    build = made()
    judged(build)
    edit = build.edit("stranger", ARM, dimensions=["clarity"])
    build.look(edit, "clarity", input=1.0, edit=1.0)
    findings = STUDY.analyse(build.evidence())
    left = find(findings, "survived", {"arm": ARM, "judge": "eye"})
    assert left.n == 8
    assert "1 of 5 edits left out: no plain picture of their pair on file" in left.note


def test_an_input_without_what_was_requested_cannot_lose_it(made):
    build = made()
    plain = build.pair(generator="nano-banana", name="e", prompt="p")
    edit = build.edit("e", ARM, prompt="p", dimensions=["clarity"])
    build.look(plain, "clarity", original=1.0, anti=1.0)
    build.look(edit, "clarity", input=1.0, edit=0.0)
    findings = STUDY.analyse(build.evidence())
    at = {"arm": ARM, "judge": "eye"}
    assert find(findings, "honoured_before", at).estimate == 0.0
    assert find(findings, "honoured_after", at).estimate == 1.0
    assert find(findings, "survived", at).estimate is None


def test_edits_are_no_contrasts(made):
    build = made()
    item = build.edit("e", ARM)
    build.score(item, "hpsv3", input=1.0, edit=2.0)
    build.grid.append((item, "hpsv3", "computed", "edit", "anti", "ok", 1.0))
    evidence = build.evidence()
    assert evidence.contrasts().is_empty()
    assert STUDIES["reward_classification"].analyse(evidence) == []
    assert STUDIES["generation"].analyse(evidence) == []


def test_sentences_and_charts(made):
    build = made()
    for generator, change in (("flux-dev", 1.0), ("dance-flux", 3.0)):
        for k in range(8):
            for arm, more in ((ARM, change + k % 2), ("encode-decode", 0.25)):
                item = build.edit(f"e{k}", arm, generator=generator)
                build.score(item, "hpsv3", input=0.0, edit=more)
    judged(build)
    findings = STUDY.analyse(build.evidence())
    said = STUDY.sentences(findings)
    assert said[0] == (
        "From the input to its edit by DanceFlux at strength 0.5, HPSv3 changes by +3.50 on average under the plain "
        "prompt (95 % interval 3.12 to 3.88, n = 8)."
    )
    assert any("from that for the same input encoded and decoded alone" in s for s in said)
    assert any("differs by +2.00 from that for the edit of the same input by its base FLUX.1 dev" in s for s in said), (
        said
    )
    assert any("finds 4 of 8 still honoured after the edit by SDXL at strength 0.5" in s for s in said)
    charts = {chart.name: chart for chart in STUDY.charts(findings)}
    assert set(charts) == {"editing-shift-hpsv3", "editing-judge-eye", "editing-survived-eye"}
    controls = {m.label for m in charts["editing-shift-hpsv3"].marks if m.control}
    assert controls == {"DanceFlux, encode-decode", "FLUX.1 dev, encode-decode"}
