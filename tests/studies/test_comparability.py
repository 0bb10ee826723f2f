"""Agrees, differs or not comparable: from intervals, and only over what the figure was published for."""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import files

import polars as pl
import pytest

from fauve.records import Finding, Published
from fauve.stats.intervals import wilson
from fauve.studies import STUDIES, analyse
from fauve.studies.comparability import compared, published_interval, verdict
from fauve.studies.published import half_a_digit, measured_over, published

BENCHMARK = "weathon/aas_benchmark_final"
PROMPTS = "weathon/anti_aesthetics_dataset"
TABLE = json.loads(files("fauve.studies").joinpath("published.json").read_text("utf-8"))


def shift(estimate, low, high, generator="flux-dev", n=300, **changes):
    stated = published("generation", "shift", "hpsv3", generator)
    return Finding("generation", "shift", estimate, low, high, n, 0.0, "hpsv3", generator, published=stated, **changes)


@pytest.mark.parametrize(
    ("estimate", "low", "high", "said", "why"),
    [
        (-3.1653, -3.2, -3.1653, "agrees", "equal in every digit published"),
        (-3.1653, None, None, "agrees", "equal in every digit published"),
        (-3.0, -3.2, -2.9, "agrees", "the published value lies in our interval"),
        (-3.0, -3.165, -2.9, "agrees", "the published value lies in our interval"),
        (-3.0, -3.1649, -2.9, "differs", "the published value lies outside our interval"),
        (-3.0, None, None, "not comparable", "there is no interval here and the digits are not equal"),
        (None, None, None, "not comparable", "there is no value here"),
    ],
)
def test_the_interval_decides(estimate, low, high, said, why):
    assert verdict(shift(estimate, low, high)) == (said, why)


def test_a_share_brings_an_interval_of_its_own():
    stated = published("generation", "success", None, "flux-dev")
    ours = Finding("generation", "success", 0.65, 0.6, 0.7, 300, 0.0, None, "flux-dev", published=stated)
    assert published_interval(ours) == wilson(168, 300).interval
    assert verdict(ours) == ("agrees", "the intervals overlap (published, from its n: 0.503 to 0.615)")
    assert verdict(dataclasses.replace(ours, estimate=0.7, low=0.62, high=0.8))[0] == "differs"


def test_a_mean_with_a_published_deviation_does_too_and_a_shift_does_not():
    stated = published("calibration", "mean", "hpsv3", "nano-banana")
    ours = Finding("calibration", "mean", 11.5, 11.3, 11.8, 300, 0.0, "hpsv3", "nano-banana", published=stated)
    low, high = published_interval(ours)
    assert (round(low, 3), round(high, 3)) == (11.763, 12.437)
    assert verdict(ours)[1].startswith("the intervals overlap")
    assert published_interval(shift(-3.0, -3.1, -2.9)) is None


def test_trailing_zeros_of_a_table_count_as_digits():
    """0.65 stands among figures of three decimals: it was published as 0.650."""
    assert (
        half_a_digit(
            published("reward_classification", "balanced_accuracy", "imagereward"), "balanced_accuracy", "imagereward"
        )
        == 0.0005
    )
    assert half_a_digit(published("calibration", "mean", "hpsv3", "nano-banana"), "mean", "hpsv3") == 0.05
    assert half_a_digit(published("real_art", "rank", "hpsv3"), "rank", "hpsv3") == 0.5
    twice = Published(-0.5, f"difference of two rows of {TABLE['sources']['table2']}")
    assert half_a_digit(twice, "shift_difference", "hpsv3") == 0.001


def test_every_source_of_a_figure_says_what_it_was_measured_over():
    used = {fact["source"] for fact in TABLE["facts"]}
    assert used <= TABLE["over"].keys()
    for name in used:
        assert measured_over(Published(0.0, TABLE["sources"][name])).things


def benchmark(made, count=300, generator="flux-dev", selector_choice="anti", origin=BENCHMARK, scored=None):
    build = made()
    for k in range(count):
        item = build.pair(generator=generator, prompt=f"p{k}", choice=selector_choice)
        if scored is None or k < scored:
            build.score(item, "hpsv3", "published", oo=5.0, ao=1.0 + (k % 7) * 0.2, oa=1.0, aa=0.0)
    evidence = build.evidence()
    items = evidence.items.with_columns(
        pl.when(pl.col("choice").is_not_null()).then(pl.lit("published LLM")).alias("selector")
    )
    known = pl.DataFrame({"item": items["item"], "origin": [origin] * count}).drop_nulls()
    return dataclasses.replace(evidence, items=items, origins=known.cast({"origin": pl.String}))


def said_of(evidence, metric="shift", study="generation", scorer="hpsv3"):
    (found,) = [
        f
        for f in analyse(study, evidence)
        if (f.metric, f.scorer) == (metric, scorer) and f.published and not f.group.keys() - {"source"}
    ]
    return found.published.verdict, found.published.because


def test_the_whole_published_set_is_held_against_the_figure(made):
    assert said_of(benchmark(made)) == ("differs", "the published value lies outside our interval")
    assert said_of(benchmark(made), "success", scorer=None)[0] == "differs"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"count": 8}, "8 pairs here and 300 there"),
        ({"origin": None}, "not known to be the published items"),
        ({"origin": PROMPTS}, "sampled under the preset “matched” and not as published"),
        ({"scored": 200}, "scores of 200 of 300 pairs only"),
        ({"count": 8, "origin": None}, "not known to be the published items, 8 pairs here and 300 there"),
    ],
)
def test_what_keeps_a_shift_from_being_compared(made, changes, why):
    assert said_of(benchmark(made, **changes)) == ("not comparable", why)


def test_own_pictures_for_the_published_prompts_sampled_as_published_are_comparable(made):
    assert said_of(benchmark(made, generator="flux-dev (paper preset)", origin=PROMPTS))[0] == "differs"


def test_a_truth_that_somebody_else_selected(made):
    evidence = benchmark(made, count=3000)
    other = dataclasses.replace(evidence, items=evidence.items.with_columns(pl.lit("people").alias("selector")))
    nobody = benchmark(made, count=3000, selector_choice=None)
    study = "reward_classification"
    for one, why in (
        (evidence, None),
        (other, "the truth was selected by somebody else"),
        (nobody, "nobody selected the truth here"),
    ):
        stated = published(study, "accuracy", "hpsv3")
        ours = Finding(study, "accuracy", 0.5, 0.4, 0.6, 3000, 0.0, "hpsv3", published=stated)
        (found,) = compared([ours], one)
        assert found.published.because == (why or "the published value lies outside our interval")


def test_worlds_and_weights_that_stand_in_for_the_real_ones(made):
    build = made()
    for name in ("lab-base", "flux-dev (random weights)"):
        build.score(build.pair(generator=name, choice="anti"), "hpsv3", aa=1.0, oa=0.0)
    (found,) = compared(
        [
            Finding(
                "reward_classification",
                "accuracy",
                1.0,
                0.9,
                1.0,
                2,
                0.0,
                "hpsv3",
                published=published("reward_classification", "accuracy", "hpsv3"),
            )
        ],
        build.evidence(),
    )
    assert found.published.verdict == "not comparable"
    assert "random weights" in found.published.because
    assert "pictures of the lab’s made-up world" in found.published.because


def test_pictures_that_were_set_aside_do_not_make_another_set(made):
    evidence = benchmark(made)
    gone = pl.when(pl.col("item") <= 10).then(pl.lit([], dtype=pl.List(pl.String))).otherwise("slots").alias("slots")
    some = dataclasses.replace(
        evidence, items=evidence.items.with_columns(gone), origins=evidence.origins.filter(pl.col("item") > 10)
    )
    assert said_of(some)[0] == "differs"


def test_a_judge_is_held_against_the_published_one_only(made):
    build = made()
    for k in range(743):
        build.label(f"image {k}", "clarity", 1.0, k % 3 - 1, judge="instruments")
    whole = [f for f in analyse("judge_validation", build.evidence()) if f.published]
    assert whole
    assert {f.published.because for f in whole} == {"another judge, 743 labels here and 13,374 there"}


def test_verdicts_survive_json_and_findings_without_a_published_value_stay_as_they_are(made):
    evidence = benchmark(made)
    found = analyse("generation", evidence)
    assert [Finding.from_json(f.as_json()) for f in found] == found
    bare = [f for f in STUDIES["generation"].analyse(evidence) if f.published is None]
    assert compared(bare, evidence) == bare
    row = next(f for f in found if f.published).as_json()["published"]
    assert list(row) == ["value", "source", "verdict", "because"]
    old = {**next(f for f in found if f.published).as_json(), "published": {"value": 1.0, "source": "x"}}
    assert Finding.from_json(old).published == Published(1.0, "x")
