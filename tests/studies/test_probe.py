"""Dose-response with slopes that are known because the scores were made from them."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import STUDIES

STUDY = STUDIES["probe"]

STRENGTHS = (0.25, 0.5, 1.0)
PHOTOS = ("a", "b", "c", "d", "e", "f")


def stimuli(made, slope_asked, slope_plain, effects=("blur",), noise=0.0, scorer="hpsv3", dropped=()):
    """Scores that rise by the slopes on top of each photograph's own level."""
    rng = np.random.default_rng(0)
    build = made()
    for number, photo in enumerate(PHOTOS):
        for effect in effects:
            for strength in STRENGTHS:
                item = build.pair(
                    generator="stimuli",
                    prompt=f"caption {photo}",
                    request=f"caption {photo}, {effect}",
                    dimensions=["clarity" if effect == "blur" else "richness"],
                    groups={"effect": effect, "strength": f"{strength:g}", "photo": photo},
                    choice="anti",
                )
                wobble = rng.normal(0, noise)
                cells = {
                    "oo": float(number),
                    "oa": 10.0 * number,
                    "ao": number + slope_plain * strength + wobble,
                    "aa": 10.0 * number + slope_asked * strength + wobble,
                }
                if (photo, strength) in dropped:
                    cells["aa"] = None
                build.score(item, scorer, **cells)
    return build.evidence()


def find(findings, metric, **group):
    matches = [f for f in findings if f.metric == metric and dict(f.group) == group]
    assert len(matches) == 1
    return matches[0]


def test_slopes_and_credit_are_those_that_the_scores_were_made_from(made):
    findings = STUDY.analyse(stimuli(made, slope_asked=-1.0, slope_plain=-3.0))
    asked = find(findings, "slope", prompt="anti", unit="raw")
    plain = find(findings, "slope", prompt="original", unit="raw")
    credit = find(findings, "request_credit", unit="raw")
    assert asked.estimate == pytest.approx(-1.0)
    assert plain.estimate == pytest.approx(-3.0)
    assert credit.estimate == pytest.approx(2.0)
    assert (asked.n, asked.missing) == (18, 0.0)
    # Six photographs that agree: two of the 2^6 flips are as extreme.
    assert asked.test.p == pytest.approx(2 / 64)
    assert "6 photographs: so few clusters" in asked.note


def test_standard_unit_is_the_deviation_over_clean_photographs(made):
    findings = STUDY.analyse(stimuli(made, slope_asked=-1.0, slope_plain=-3.0))
    deviation = np.std(range(6), ddof=1)
    assert find(findings, "slope", prompt="anti", unit="sd").estimate == pytest.approx(-1.0 / deviation)
    dose = find(findings, "shift", prompt="anti", unit="sd", strength="0.5")
    assert dose.estimate == pytest.approx(-0.5 / deviation)
    assert find(findings, "shift", prompt="anti", unit="sd", strength="1", dimension="clarity").n == 6


def test_slope_by_effect(made):
    findings = STUDY.analyse(stimuli(made, -1.0, -1.0, effects=("blur", "emptied")))
    assert find(findings, "slope", prompt="anti", unit="raw", effect="blur").n == 18
    assert find(findings, "slope", prompt="anti", unit="raw").n == 36


def test_interval_covers_the_truth_under_noise(made):
    slope = find(STUDY.analyse(stimuli(made, -1.0, -3.0, noise=0.3)), "slope", prompt="anti", unit="raw")
    assert slope.low < -1.0 < slope.high
    assert slope.low < slope.estimate < slope.high


def test_prompt_blind_scorer_earns_no_credit(made):
    build = stimuli(made, -1.0, -1.0)
    credit = find(STUDY.analyse(build), "request_credit", unit="raw")
    assert credit.estimate == pytest.approx(0.0, abs=1e-12)


def test_failed_cells_are_missing_and_leave_the_other_prompt_alone(made):
    findings = STUDY.analyse(stimuli(made, -1.0, -3.0, dropped={("a", 1.0), ("b", 0.25)}))
    asked = find(findings, "slope", prompt="anti", unit="raw")
    assert (asked.n, asked.missing) == (16, pytest.approx(2 / 18))
    assert asked.estimate == pytest.approx(-1.0)
    assert find(findings, "slope", prompt="original", unit="raw").missing == 0.0


def test_accuracy_is_taken_at_full_strength(made):
    findings = STUDY.analyse(stimuli(made, slope_asked=2.0, slope_plain=0.0))
    pooled = find(findings, "accuracy", strength="1")
    assert pooled.n == 6
    # aa = 10 k + 2 against oa = 10 k
    assert pooled.estimate == 1.0
    assert find(findings, "accuracy", strength="1", effect="blur").estimate == 1.0


def test_other_generators_are_no_stimuli(made):
    build = made()
    build.score(build.pair(generator="sdxl"), "hpsv3", oo=1.0, oa=1.0, ao=1.0, aa=1.0)
    assert STUDY.analyse(build.evidence()) == []


@pytest.mark.parametrize(
    "groups", [{}, {"effect": "blur", "photo": "a"}, {"effect": "b", "photo": "a", "strength": "?"}]
)
def test_stimuli_that_do_not_say_what_was_done_are_left_out(made, groups):
    build = made()
    build.score(build.pair(generator="stimuli", groups=groups), "hpsv3", oo=1.0, oa=1.0, ao=1.0, aa=1.0)
    assert STUDY.analyse(build.evidence()) == []


def test_sentences_and_dose_charts(made):
    findings = STUDY.analyse(stimuli(made, slope_asked=-1.0, slope_plain=-3.0, noise=0.2))
    said = STUDY.sentences(findings)
    assert said[0].startswith("From no effect to full strength, HPSv3 changes by −0.")
    assert "the request is worth +1." in said[0]
    charts = {c.name: c for c in STUDY.charts(findings)}
    asked = charts["probe-asked"]
    assert asked.kind == "dose"
    assert [m.x for m in asked.marks] == [0.0, *STRENGTHS]
    assert asked.marks[0].estimate == 0.0
    assert "probe-clarity" in charts


def test_a_scorer_that_gives_all_clean_photographs_one_number_has_no_standard_unit(made):
    build = made()
    for photo in PHOTOS:
        item = build.pair(
            generator="stimuli",
            prompt=photo,
            dimensions=["clarity"],
            groups={"effect": "blur", "strength": "1", "photo": photo},
        )
        build.score(item, "oracle", oo=0.0, oa=-1.0, ao=-1.0, aa=0.0)
    findings = STUDY.analyse(build.evidence())
    assert find(findings, "slope", prompt="anti", unit="raw").estimate == pytest.approx(1.0)
    assert not [f for f in findings if f.group.get("unit") == "sd"]
