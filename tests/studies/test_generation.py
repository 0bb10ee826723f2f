"""Shifts, success, requests delivered and families, on made evidence."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import STUDIES

STUDY = STUDIES["generation"]


def find(findings, metric, **where):
    group = where.pop("group", {})
    matches = [
        f
        for f in findings
        if f.metric == metric and dict(f.group) == group and all(getattr(f, k) == v for k, v in where.items())
    ]
    assert len(matches) == 1, matches
    return matches[0]


def test_shift_is_the_paired_change_under_the_original_prompt(made):
    build = made()
    for before, after in ((1.0, 0.0), (2.0, 0.0), (3.0, 4.0)):
        build.score(build.pair(), "hpsv3", oo=before, ao=after, oa=100.0, aa=-100.0)
    findings = STUDY.analyse(build.evidence())
    shift, after = find(findings, "shift"), find(findings, "after")
    assert shift.estimate == pytest.approx((-1 - 2 + 1) / 3)
    assert after.estimate == pytest.approx(4 / 3)
    assert (shift.n, shift.missing, shift.generator) == (3, 0.0, "sdxl")
    assert shift.published.value == -4.041


def test_failed_cells_of_a_shift_are_missing(made):
    build = made()
    build.score(build.pair(), "hpsv3", oo=1.0, ao=0.0)
    build.score(build.pair(), "hpsv3", oo=1.0, ao=None)
    build.score(build.pair(), "hpsv3", oa=1.0)
    shift = find(STUDY.analyse(build.evidence()), "shift")
    assert (shift.n, shift.estimate) == (1, -1.0)
    assert shift.missing == pytest.approx(2 / 3)


def test_cells_under_the_anti_prompt_alone_state_no_shift(made):
    build = made()
    for _ in range(5):
        build.score(build.pair(), "hpsv3", oa=1.0, aa=2.0)
    assert not [f for f in STUDY.analyse(build.evidence()) if f.scorer]


def test_stimuli_are_no_generator(made):
    build = made()
    build.score(build.pair(generator="stimuli", choice="anti"), "hpsv3", oo=1.0, ao=0.0)
    assert STUDY.analyse(build.evidence()) == []


def test_success_counts_ties_and_originals_against_the_generator(made):
    build = made()
    for choice in ("anti", "anti", "original", "tie", None):
        build.pair(choice=choice)
    success = find(STUDY.analyse(build.evidence()), "success")
    assert success.estimate == 0.5
    assert (success.n, success.missing) == (4, pytest.approx(0.2))
    assert "1 tie counts against it" in success.note


def test_requests_delivered_by_pair_and_by_request(made):
    build = made()
    whole = build.pair(dimensions=["clarity", "richness"])
    half = build.pair(dimensions=["clarity", "richness"])
    blind = build.pair(dimensions=["emotion"])
    for item, richness in ((whole, 1.0), (half, 1.9)):
        build.judge(item, "clarity", original=2.0, anti=1.0)
        build.judge(item, "richness", original=2.0, anti=richness)
    build.judge(blind, "clarity", original=2.0, anti=0.0)
    findings = STUDY.analyse(build.evidence())
    delivered = find(findings, "honoured", group={"judge": "eye"})
    assert (delivered.estimate, delivered.n) == (0.75, 4)
    assert "1 of 5 requests are for what this judge cannot see (emotion)" in delivered.note
    assert find(findings, "wholly_honoured", group={"judge": "eye"}).estimate == 0.5
    assert find(findings, "honoured", group={"judge": "eye", "dimension": "clarity"}).estimate == 1.0
    assert find(findings, "honoured", group={"judge": "eye", "dimension": "richness"}).estimate == 0.5


def test_what_a_judge_failed_at_is_missing(made):
    build = made()
    build.judge(build.pair(dimensions=["clarity"]), "clarity", original=2.0, anti=0.0)
    build.judge(build.pair(dimensions=["clarity"]), "clarity", original=2.0, anti=None)
    findings = STUDY.analyse(build.evidence())
    for metric in ("honoured", "wholly_honoured"):
        found = find(findings, metric, group={"judge": "eye"})
        assert (found.n, found.missing, found.estimate) == (1, 0.5, 1.0)


def test_a_judges_shift_sums_over_what_it_sees(made):
    build = made()
    item = build.pair(generator="flux-dev")
    build.judge(item, "clarity", original=2.0, anti=1.0)
    build.judge(item, "richness", original=1.5, anti=1.0)
    shift = find(STUDY.analyse(build.evidence()), "shift", group={"judge": "eye"})
    assert shift.estimate == pytest.approx(-1.5)
    assert "sum over 2 dimensions: clarity, richness" in shift.note
    assert shift.published is None, "the published judge is another one"


def test_family_members_are_paired_by_prompt_and_not_by_position(made):
    rng = np.random.default_rng(0)
    level = {f"p{k}": rng.normal(0, 50) for k in range(12)}
    build = made()
    for generator, extra, order in (("flux-dev", 0.0, sorted(level)), ("dance-flux", 2.0, sorted(level, reverse=True))):
        for prompt in order:
            item = build.pair(generator=generator, prompt=prompt)
            build.score(item, "hpsv3", oo=0.0, ao=level[prompt] + extra)
    build.score(build.pair(generator="dance-flux", prompt="only here"), "hpsv3", oo=0.0, ao=9.0)
    found = find(
        STUDY.analyse(build.evidence()), "shift_difference", generator="dance-flux", group={"base": "flux-dev"}
    )
    assert found.estimate == pytest.approx(2.0)
    assert found.low == pytest.approx(2.0)
    assert (found.n, found.missing) == (12, pytest.approx(1 / 13))
    assert found.published.value == pytest.approx(2.06)


def test_a_variant_whose_request_differs_has_no_pair(made):
    build = made()
    for generator in ("flux-dev", "dance-flux"):
        item = build.pair(generator=generator, prompt="p", request=f"of {generator}")
        build.score(item, "hpsv3", oo=0.0, ao=1.0)
    assert not [f for f in STUDY.analyse(build.evidence()) if f.metric == "shift_difference"]


def test_rank_regression_over_generators(made):
    build = made()
    for k, generator in enumerate(("flux-dev", "dance-flux", "pref-flux", "sdxl", "sd3.5-m")):
        build.score(build.pair(generator=generator, prompt="p"), "hpsv3", oo=float(k), ao=float(k) + k * k)
    slope = find(STUDY.analyse(build.evidence()), "slope", group={"between": "generators", "unit": "rank"})
    assert slope.estimate == pytest.approx(1.0)
    assert slope.n == 5
    assert slope.published.value == 0.68
    assert "no generator is an outlier" in slope.note


SLOPE = {"between": "generators", "unit": "rank"}


def line_of(made, ranks):
    """Generators whose plain pictures score 0, 1, … and whose shifts stand in these ranks."""
    build = made()
    for k, (generator, rank) in enumerate(ranks.items()):
        build.score(build.pair(generator=generator, prompt="p"), "hpsv3", oo=float(k), ao=float(k) + rank)
    return STUDY.analyse(build.evidence())


def test_an_outlier_by_the_stated_rule_is_named_and_left_out(made):
    names = [f"model {k}" for k in range(9)]
    ranks = dict(zip([*names, "z-image"], [*range(1, 10), 0], strict=True))
    findings = line_of(made, ranks)
    every, without = (
        find(findings, "slope", group=SLOPE),
        find(findings, "slope", group=SLOPE | {"without": "outliers"}),
    )
    assert every.n == 10
    assert every.estimate < 0.6
    assert "outliers: Z-Image (outlier: an externally studentised residual beyond Bonferroni’s bound" in every.note
    assert (without.n, without.estimate) == (9, pytest.approx(1.0))
    assert without.published is None


def test_the_published_line_leaves_out_two_generators(made):
    names = ["flux-dev", "dance-flux", "pref-flux", "flux-krea", "sd3.5-m"]
    findings = line_of(made, dict(zip(["sdxl", *names, "nano-banana"], [9, 1, 2, 3, 4, 5, 0], strict=True)))
    assert find(findings, "slope", group=SLOPE).published is None
    there = find(findings, "slope", group=SLOPE | {"without": "what the paper leaves out"})
    assert (there.n, there.estimate, there.published.value) == (5, pytest.approx(1.0), 0.68)
    assert "without Nano Banana, SDXL, as published" in there.note


def test_matcher_says_whether_the_anti_image_fits_the_anti_prompt(made):
    build = made()
    for value in (0.8, 1.0):
        build.score(build.pair(generator="sdxl"), "blip-l-probability", aa=value)
    after = find(STUDY.analyse(build.evidence()), "after", group={"prompt": "anti"})
    assert (after.estimate, after.published.value) == (0.9, 0.915)


def test_sentences_and_charts_name_generators(made):
    build = made()
    for k in range(6):
        item = build.pair(choice="anti", dimensions=["clarity"])
        build.score(item, "hpsv3", oo=5.0 + k % 2, ao=1.0)
        build.judge(item, "clarity", original=2.0, anti=0.0)
    findings = STUDY.analyse(build.evidence())
    said = STUDY.sentences(findings)
    assert said[0].startswith("The judge “eye” finds 6 of 6 visible requests to SDXL delivered")
    assert said[1].startswith("Under the plain prompt HPSv3 changes by −4.50 on average when SDXL makes")
    assert any("6 of 6 pairs by SDXL" in sentence for sentence in said)
    charts = {chart.name: chart for chart in STUDY.charts(findings)}
    assert charts["generation-shift-hpsv3"].lines == ((0.0, "no change"),)
    assert set(charts) >= {"generation-success", "generation-honoured"}
