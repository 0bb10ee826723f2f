"""Regression of a reward on dimensions, against numbers that it was made from and against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import STUDIES

STUDY = STUDIES["dimensions"]

DIMENSIONS = ("clarity", "emotion", "richness")
WORTH = {"clarity": 2.0, "emotion": -1.0, "richness": 0.0}


def pictures(made, pairs=60, generator="sdxl", scorer="hpsv3", noise=0.1, matcher=False):
    rng = np.random.default_rng(1)
    build = made()
    rows = []
    for _ in range(pairs):
        item = build.pair(generator=generator)
        values = rng.uniform(0, 2, size=(2, 3))
        match = rng.uniform(0, 1, size=2)
        reward = values @ [WORTH[d] for d in DIMENSIONS] + 3.0 * match * matcher + rng.normal(0, noise, 2)
        for d, (original, anti) in zip(DIMENSIONS, values.T, strict=True):
            build.judge(item, d, original=original, anti=anti)
        build.score(item, scorer, oo=reward[0], ao=reward[1])
        if matcher:
            build.score(item, "blip-l", oo=match[0], ao=match[1])
        rows += [(*values[k], reward[k]) for k in (0, 1)]
    return build, np.array(rows)


def slopes(findings, unit, scorer="hpsv3"):
    return {f.group["dimension"]: f for f in findings if f.group.get("unit") == unit and f.scorer == scorer}


def test_recovers_what_each_dimension_is_worth(made):
    build, _ = pictures(made)
    found = slopes(STUDY.analyse(build.evidence()), "raw")
    assert set(found) == set(DIMENSIONS)
    for dimension, worth in WORTH.items():
        assert found[dimension].low < found[dimension].estimate < found[dimension].high
        assert found[dimension].estimate == pytest.approx(worth, abs=0.06)
        assert found[dimension].n == 120
    assert found["clarity"].test.p_adjusted < 1e-10
    assert found["richness"].test.p_adjusted > 0.05


def test_agrees_with_statsmodels(made):
    sm = pytest.importorskip("statsmodels.api")
    build, rows = pictures(made, noise=1.0)
    reference = sm.OLS(rows[:, 3], sm.add_constant(rows[:, :3])).fit(cov_type="HC3", use_t=True)
    found = slopes(STUDY.analyse(build.evidence()), "raw")
    for k, dimension in enumerate(DIMENSIONS, start=1):
        assert found[dimension].estimate == pytest.approx(reference.params[k])
        assert found[dimension].test.p == pytest.approx(reference.pvalues[k])


def test_standardised_slopes(made):
    build, rows = pictures(made)
    raw, standard = (slopes(STUDY.analyse(build.evidence()), unit) for unit in ("raw", "sd"))
    for k, dimension in enumerate(DIMENSIONS):
        scale = rows[:, k].std(ddof=1) / rows[:, 3].std(ddof=1)
        assert standard[dimension].estimate == pytest.approx(raw[dimension].estimate * scale)


def test_a_matcher_joins_where_one_is_on_file(made):
    build, _ = pictures(made, matcher=True)
    found = slopes(STUDY.analyse(build.evidence()), "raw")
    assert found["blip-l"].estimate == pytest.approx(3.0, abs=0.15)


def test_too_few_pictures_state_nothing(made):
    build, _ = pictures(made, pairs=19)
    assert STUDY.analyse(build.evidence()) == []


def test_a_picture_that_pairs_share_counts_once(made):
    build, _ = pictures(made, pairs=40)
    for _ in range(100):
        item = build.pair(prompt="shared")
        for d in DIMENSIONS:
            build.judge(item, d, original=1.0, anti=None)
        build.score(item, "hpsv3", oo=5.0)
    assert slopes(STUDY.analyse(build.evidence()), "raw")["clarity"].n == 81


def test_dimensions_that_repeat_another_are_named_and_give_no_number(made):
    build, _ = pictures(made)
    build.judged += [(*row[:3], "background", *row[4:]) for row in build.judged if row[3] == "clarity"]
    findings = STUDY.analyse(build.evidence())
    assert [f.estimate for f in findings] == [None]
    assert "columns that others already determine" in findings[0].note


def test_instruments_are_not_explained_by_themselves(made):
    build, _ = pictures(made, scorer="instrument:sharpness")
    build.judged = [(*row[:2], "instruments", *row[3:]) for row in build.judged]
    assert STUDY.analyse(build.evidence()) == []


def test_sentence_names_the_strongest_dimension(made):
    build, _ = pictures(made)
    findings = STUDY.analyse(build.evidence())
    assert STUDY.sentences(findings)[0].startswith(
        "HPSv3 is moved most by clarity: one standard deviation of it changes the score by +0."
    )
    assert [c.name for c in STUDY.charts(findings)] == ["dimensions-hpsv3-eye"]
