"""Accuracies counted again, effect sizes, detectable effects and presets, against planted answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from fauve.stats.intervals import wilson
from fauve.studies.sensitivity import STUDY


def one(findings, metric, scorer="hpsv3", generator=None, **group):
    (found,) = [
        f for f in findings if (f.metric, f.scorer, f.generator, dict(f.group)) == (metric, scorer, generator, group)
    ]
    return found


def ways(findings, of="reward_classification", generator=None):
    return {
        f.group["counting"]: f
        for f in findings
        if f.metric == "accuracy" and f.group["study"] == of and f.generator == generator
    }


@pytest.fixture
def planted(made):
    """Two generators, ten prompts: of 20 pairs 8 right, 4 wrong, 2 equal, 3 tied selections, 3 without a score."""
    build = made()
    outcomes = ["right"] * 8 + ["wrong"] * 4 + ["equal"] * 2 + ["tie"] * 3 + ["gone"] * 3
    for k, outcome in enumerate(outcomes):
        choice = "tie" if outcome == "tie" else "anti"
        item = build.pair(generator=("sdxl", "flux-dev")[k % 2], prompt=f"p{k // 2}", choice=choice)
        aa = {"right": 2.0, "wrong": 0.0, "equal": 1.0, "tie": 2.0, "gone": None}[outcome]
        build.score(item, "hpsv3", aa=aa, oa=1.0, oo=3.0, ao=1.0 + k / 10)
        build.score(item, "random", aa=0.0, oa=1.0)
    return STUDY.analyse(build.evidence())


def test_every_way_to_count_has_its_numerator_and_denominator(planted):
    found = {way: (round(f.estimate, 12), f.n, round(f.missing, 12)) for way, f in ways(planted).items()}
    assert found == {
        "as stated": (round(8 / 14, 12), 14, round(3 / 17, 12)),
        "ties as wrong": (round(8 / 17, 12), 17, round(3 / 20, 12)),
        "ties as half": (round(9.5 / 17, 12), 17, round(3 / 20, 12)),
        "ties as right": (round(11 / 17, 12), 17, round(3 / 20, 12)),
        "equal scores as half": (round(9 / 14, 12), 14, round(3 / 17, 12)),
        "missing as wrong": (round(8 / 17, 12), 17, 0.0),
        "missing as right": (round(11 / 17, 12), 17, 0.0),
        "each pair on its own": (round(8 / 14, 12), 14, round(3 / 17, 12)),
    }
    alone = ways(planted)["each pair on its own"]
    assert (alone.low, alone.high) == wilson(8, 14).interval
    assert all(f.low < f.estimate < f.high for f in ways(planted).values())


def test_controls_are_left_out_where_there_is_a_model(planted):
    assert {f.scorer for f in planted} == {"hpsv3"}


def test_only_ways_that_differ_are_told(made):
    build = made()
    for k in range(6):
        build.score(build.pair(prompt=f"p{k}", choice="anti"), "mine", aa=float(k), oa=2.5)
    assert list(ways(STUDY.analyse(build.evidence()), generator="sdxl")) == ["as stated"]


def test_effect_size_and_detectable_effect_of_a_shift(made):
    build, changes = made(), np.random.default_rng(2).normal(-1, 2, 40)
    for k, change in enumerate(changes):
        build.score(build.pair(prompt=f"p{k}"), "hpsv3", oo=1.0, ao=1.0 + float(change))
    found = STUDY.analyse(build.evidence())
    effect = one(found, "effect_size", generator="sdxl", study="generation")
    assert effect.estimate == pytest.approx(changes.mean() / changes.std(ddof=1), rel=1e-9)
    assert effect.low < effect.estimate < effect.high < 0
    least = one(found, "detectable", generator="sdxl", study="generation")
    standard = least.estimate / changes.std(ddof=1)
    assert TTestPower().power(standard, 40, 0.05, alternative="two-sided") == pytest.approx(0.8, abs=1e-6)
    assert (least.low, least.high) == (None, None)
    assert one(found, "design_effect", generator="sdxl", study="generation").estimate == pytest.approx(1.0)


def test_the_design_effect_of_pairs_that_share_their_prompt(made):
    build = made()
    for k in range(20):
        for generator in ("a", "b", "c"):
            build.score(build.pair(generator=generator, prompt=f"p{k}"), "hpsv3", aa=float(k % 3 > 0), oa=0.5)
    found = STUDY.analyse(build.evidence())
    assert one(found, "design_effect", study="reward_classification").estimate == pytest.approx(3 * 59 / 60 * 20 / 19)
    least = one(found, "detectable", study="reward_classification").estimate
    assert least / stats.sem([float(k % 3 > 0) for k in range(20)]) == pytest.approx(2.95, abs=0.02)


def test_a_scorer_that_is_always_right_has_no_known_spread(made):
    build = made()
    for k in range(5):
        build.score(build.contrast("photographs", prompt=f"c{k}"), "hpsv3", faithful=1.0 + k, default=0.0)
    found = STUDY.analyse(build.evidence())
    least = one(found, "detectable", study="photographs")
    assert (least.estimate, least.note) == (
        None,
        "all values are the same: their spread is not known",
    )
    assert one(found, "effect_size", study="photographs").estimate == pytest.approx(3 / np.std(range(5), ddof=1))


def test_presets_are_paired_by_prompt(made):
    build = made()
    for k in range(12):
        for name, shift in (("sdxl", -1.0), ("sdxl (paper preset)", -1.5 - k / 100)):
            item = build.pair(generator=name, prompt=f"p{k}")
            build.score(item, "hpsv3", oo=float(k), ao=k + shift, aa=2.0, oa=1.0 + shift)
        build.score(build.pair(generator="flux-dev (paper preset)", prompt=f"p{k}"), "hpsv3", oo=1.0, ao=0.0)
    found = STUDY.analyse(build.evidence())
    changed = one(found, "protocol_difference", generator="sdxl", study="generation", preset="paper")
    assert changed.estimate == pytest.approx(-0.5 - np.mean(range(12)) / 100)
    assert changed.test.p == pytest.approx(2 / 2**12)
    margin = one(found, "protocol_difference", generator="sdxl", study="reward_classification", preset="paper")
    assert margin.estimate == pytest.approx(0.5 + np.mean(range(12)) / 100)
    assert {f.generator for f in found if f.metric == "protocol_difference"} == {"sdxl"}
    said = STUDY.sentences(found)
    assert said[-1].startswith("Sampled under the preset paper, SDXL changes the margin of the anti picture under")


def test_sentences_count_what_turns(made):
    build = made()
    for k in range(30):
        choice = "anti" if k < 14 else "tie"
        build.score(build.pair(prompt=f"p{k}", choice=choice), "hpsv3", aa=1.0, oa=0.0)
        build.score(build.contrast("photographs", prompt=f"c{k}"), "hpsv3", faithful=1.0 + k % 2, default=0.0)
    first, second, *_ = STUDY.sentences(STUDY.analyse(build.evidence()))
    assert first == (
        "2 of 2 accuracies lie wholly on one side of one half; 1 of them stays there however ties, equal scores and "
        "missing values are counted."
    )
    assert second == "HPSv3 on pairs does not, counted with ties as wrong."
    assert STUDY.sentences([]) == []
