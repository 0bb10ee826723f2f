"""Steered generators against the same ones unsteered, and over strengths, on made evidence."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import STUDIES
from fauve.studies import published as published_module
from fauve.studies.families import kin, steering_of
from fauve.studies.steered import unguided

STUDY = STUDIES["steering"]


def find(findings, metric, group, **where):
    matches = [
        f
        for f in findings
        if f.metric == metric and dict(f.group) == group and all(getattr(f, k) == v for k, v in where.items())
    ]
    assert len(matches) == 1, matches
    return matches[0]


def drawn(build, generator, prompts=8, *, draws=1, **more):
    """Pairs of a generator: every prompt has a level of its own, to which the corners of ``more`` are added."""
    items = []
    for k in range(prompts):
        for draw in range(draws):
            name = f"{k}#{draw}" if draws > 1 else str(k)
            item = build.pair(generator=generator, prompt=f"p{k}", name=name, dimensions=["clarity"])
            items.append(item)
            build.score(item, "hpsv3", **{corner: 10.0 * k + 100 * draw + by for corner, by in more.items()})
    return items


def test_shift_under_either_prompt_and_cost_of_the_plain_picture(made):
    build = made()
    drawn(build, "flux-dev", oo=5.0, oa=0.0, ao=0.0, aa=0.0)
    drawn(build, "flux-dev+vsf@2.0", oo=4.0, oa=0.0, ao=-2.0, aa=1.5)
    findings = STUDY.analyse(build.evidence())
    base = {"base": "flux-dev"}
    for metric, group, value in (
        ("shift", {**base, "prompt": "anti"}, 1.5),
        ("shift", {**base, "prompt": "original"}, -2.0),
        ("plain_shift", base, -1.0),
    ):
        found = find(findings, metric, group, generator="flux-dev+vsf@2.0", scorer="hpsv3")
        assert (found.estimate, found.low, found.high, found.n) == (value, value, value, 8)
        assert "FLUX.1 dev with VSF 2.0" in found.note
    assert find(findings, "after", {**base, "prompt": "original"}).published.value == 0.038
    assert find(findings, "after", {**base, "prompt": "anti"}).published is None


def test_steering_that_does_nothing_has_an_interval_around_nothing(made):
    rng = np.random.default_rng(11)
    build = made()
    for generator in ("flux-dev", "flux-dev+nag@5.0"):
        for k in range(60):
            build.score(
                build.pair(generator=generator, prompt=f"p{k}"), "hpsv3", aa=float(rng.normal()), ao=0.0, oo=0.0
            )
    found = find(STUDY.analyse(build.evidence()), "shift", {"base": "flux-dev", "prompt": "anti"})
    assert found.low < 0 < found.high
    assert found.test.p_adjusted > 0.05


def test_draws_are_paired_with_their_own_and_failures_are_missing(made):
    build = made()
    drawn(build, "sdxl", 3, draws=2, aa=0.0, ao=0.0, oo=0.0)
    steered = drawn(build, "sdxl~0.5", 3, draws=2, aa=1.0, ao=0.0, oo=0.0)
    build.grid = [row for row in build.grid if row[0] != steered[0] or row[4] != "anti"]
    build.score(build.pair(generator="sdxl~0.5", prompt="only here"), "hpsv3", aa=9.0, ao=9.0, oo=9.0)
    found = find(STUDY.analyse(build.evidence()), "shift", {"base": "sdxl", "prompt": "anti"}, generator="sdxl~0.5")
    assert (found.estimate, found.n, found.missing) == (1.0, 5, pytest.approx(2 / 7))


def test_random_weights_are_compared_with_random_weights(made):
    build = made()
    drawn(build, "flux-dev", aa=50.0, ao=0.0, oo=0.0)
    drawn(build, "flux-dev (random weights)", aa=0.0, ao=0.0, oo=0.0)
    drawn(build, "flux-dev+vsf@2.0 (random weights)", aa=1.0, ao=0.0, oo=0.0)
    findings = STUDY.analyse(build.evidence())
    base = {"base": "flux-dev (random weights)", "prompt": "anti"}
    found = find(findings, "shift", base)
    assert (found.estimate, found.published) == (1.0, None)
    assert "FLUX.1 dev with VSF 2.0 (random weights)" in STUDY.sentences(findings)[0]


def test_without_the_unsteered_generator_there_is_no_shift(made):
    build = made()
    drawn(build, "flux-dev+vsf@2.0", aa=1.0, ao=0.0, oo=0.0)
    findings = STUDY.analyse(build.evidence())
    assert {f.metric for f in findings} == {"after"}
    assert STUDY.sentences(findings) == [
        "Steered pictures without any of the same generator unsteered say nothing of steering: FLUX.1 dev with VSF 2.0."
    ]


def test_slope_over_strengths_is_taken_within_prompts(made):
    build = made()
    drawn(build, "flux-dev", aa=0.0, ao=0.0, oo=0.0)
    for scale in (1.0, 2.0, 4.0):
        # Fewer prompts at high strengths: pooled, the levels of prompts would pass for an effect.
        drawn(build, f"flux-dev+vsf@{scale}", 8 - int(scale), aa=1.5 * scale, ao=-scale, oo=0.0)
    findings = STUDY.analyse(build.evidence())
    at = {"method": "VSF"}
    slope = find(findings, "slope", {**at, "prompt": "anti"}, generator="flux-dev")
    assert slope.estimate == pytest.approx(1.5)
    assert (slope.low, slope.high) == (pytest.approx(1.5), pytest.approx(1.5))
    assert slope.n == 6 + 6 + 4
    assert "means at 1, 2, 4: " in slope.note
    assert "rising at every step" in slope.note
    assert find(findings, "slope", {**at, "prompt": "original"}).estimate == pytest.approx(-1.0)
    assert find(findings, "slope", {**at, "prompt": "plain"}).estimate == pytest.approx(0.0)


def test_a_dial_reaches_from_the_base_to_the_aligned_generator(made):
    build = made()
    for generator, by in (("flux-dev", 0.0), ("dance-flux", -2.0), ("dance-flux~0.5", 1.0), ("dance-flux~-1.0", 7.0)):
        drawn(build, generator, aa=by, ao=by, oo=by)
    findings = STUDY.analyse(build.evidence())
    slope = find(findings, "slope", {"method": "alignment dial", "prompt": "anti"}, generator="dance-flux")
    doses, values = np.array([-1.0, 0.0, 0.5, 1.0]), np.array([7.0, 0.0, 1.0, -2.0])
    assert slope.estimate == pytest.approx(np.polyfit(doses, values, 1)[0])
    assert "means at −1, 0, 0.5, 1: " in slope.note
    assert "not monotone" in slope.note
    assert "extrapolated at −1" in slope.note
    outside = find(findings, "plain_shift", {"base": "dance-flux"}, generator="dance-flux~-1.0")
    assert outside.estimate == 9.0
    assert "extrapolated: a dial at −1 lies outside 0 to 1" in outside.note
    assert "Extrapolated, where nothing was trained: DanceFlux at −1.0 of its alignment." in STUDY.sentences(findings)


def test_requested_levels_and_requests_honoured(made):
    build = made()
    for generator, level in (("flux-dev", (1.9, 1.9, 1.9, 1.0)), ("flux-dev+vsf@2.0", (1.0, 1.0, 1.9, 1.0))):
        for item, anti in zip(drawn(build, generator, 4, aa=0.0), level, strict=True):
            build.judge(item, "clarity", original=2.0, anti=anti)
    findings = STUDY.analyse(build.evidence())
    at = {"base": "flux-dev", "judge": "eye"}
    assert find(findings, "shift", at).estimate == pytest.approx(-0.45)
    for metric in ("honoured_difference", "wholly_honoured_difference"):
        found = find(findings, metric, at)
        assert (found.estimate, found.n) == (0.5, 4)
    assert any("changed by +50 percentage points" in said for said in STUDY.sentences(findings))


def test_plain_generators_are_not_steered(made):
    build = made()
    for generator in ("flux-dev", "dance-flux", "~/models/mine", "mine+turbo", "mine~fast"):
        drawn(build, generator, aa=1.0, ao=1.0, oo=0.0)
    assert STUDY.analyse(build.evidence()) == []


def test_charts_have_a_line_where_there_are_several_strengths(made):
    build = made()
    for generator, by in (("flux-dev", 0.0), ("flux-dev+vsf@1.0", 1.0), ("flux-dev+vsf@2.0", 2.0), ("sdxl", 0.0)):
        drawn(build, generator, aa=by, ao=by, oo=0.0)
    drawn(build, "sdxl~0.5", aa=1.0, ao=0.0, oo=0.0)
    charts = {chart.name: chart for chart in STUDY.charts(STUDY.analyse(build.evidence()))}
    line = charts["steering-hpsv3-anti-guidance"]
    assert [(m.x, m.estimate, m.series) for m in line.marks] == [
        (1.0, 1.0, "FLUX.1 dev with VSF"),
        (2.0, 2.0, "FLUX.1 dev with VSF"),
    ]
    assert [m.label for m in charts["steering-hpsv3-anti"].marks] == ["sdxl~0.5"]


def test_the_generation_study_leaves_steering_alone(made):
    build = made()
    for k, generator in enumerate(("flux-dev", "sdxl", "sd3.5-m", "sdxl+vsf@2.0")):
        drawn(build, generator, aa=1.0, ao=float(k), oo=float(k * k))
    findings = STUDIES["generation"].analyse(build.evidence())
    assert [f.n for f in findings if f.metric == "slope"] == [3]
    assert not [f for f in findings if f.metric == "shift_difference"]


def test_names():
    guided = steering_of("dance-flux~1.5+nag@5.0 (random weights)")
    assert unguided(guided) == "dance-flux~1.5 (random weights)"
    assert steering_of("flux-dev (random weights)") is None
    assert steering_of("flux-dev+vsf@2.0 (random weights)").base == "flux-dev (random weights)"
    both = ["flux-dev", "dance-flux (random weights)", "flux-dev (random weights)"]
    assert [(v.name, v.base) for v in kin(both)] == [("dance-flux (random weights)", "flux-dev (random weights)")]


def test_the_mark_of_a_preset_stays_with_the_base_and_relates_within_the_preset() -> None:
    assert steering_of("flux-dev+vsf@2.0 (paper preset)").base == "flux-dev (paper preset)"
    marks = " (paper preset) (random weights)"
    assert steering_of(f"dance-flux~0.5{marks}").base == f"dance-flux{marks}"
    found = kin(["flux-dev", "dance-flux (paper preset)", "flux-dev (paper preset)", "pref-flux (random weights)"])
    assert [(v.name, v.base) for v in found] == [("dance-flux (paper preset)", "flux-dev (paper preset)")]


def test_published_figures_are_those_of_the_paper_preset_and_never_of_random_weights() -> None:
    stated = next(key for key in published_module._facts() if key[3])
    plain = published_module.published(stated[0], stated[1], stated[2], stated[3], dict(stated[4]))
    for marks, expected in ((" (paper preset)", plain), (" (random weights)", None)):
        name = f"{stated[3]}{marks}"
        assert published_module.published(stated[0], stated[1], stated[2], name, dict(stated[4])) == expected
    assert plain is not None
