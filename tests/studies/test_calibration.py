"""The range of scores of original pictures under their own prompts."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import calibration
from fauve.studies.wording import leading


def found(evidence):
    return {(f.metric, f.scorer, f.generator): f for f in calibration.STUDY.analyse(evidence)}


@pytest.fixture
def evidence(made):
    """Nano Banana: scores 0 to 39 of hpsv3, one failed; a picture that three pairs share; controls; a stranger."""
    build = made()
    for k in range(40):
        item = build.pair(generator="nano-banana", prompt=f"p{k}")
        build.score(item, "hpsv3", oo=float(k), ao=99.0)
        build.score(item, "hpsv3 (random weights)", oo=float(k))
        build.score(item, "random", oo=0.5)
    build.score(build.pair(generator="nano-banana", prompt="failed"), "hpsv3", oo=None, ao=1.0)
    for strength, value in (("0.5", 3.0), ("0.75", 3.0), ("1", 3.0), ("1", 5.0)):
        item = build.pair(generator="stimuli", prompt=f"photo {value}", groups={"strength": strength})
        build.score(item, "mine", oo=value, ao=0.0)
    return build.evidence()


def test_mean_spread_and_extremes_of_the_original_pictures(evidence):
    findings = found(evidence)
    values = np.arange(40.0)
    where = ("hpsv3", "nano-banana")
    assert findings["mean", *where].estimate == pytest.approx(values.mean())
    assert findings["sd", *where].estimate == pytest.approx(values.std(ddof=1))
    assert (findings["lowest", *where].estimate, findings["highest", *where].estimate) == (0.0, 39.0)
    assert {findings[m, *where].n for m in ("mean", "sd", "lowest", "highest")} == {40}
    assert findings["mean", *where].missing == pytest.approx(1 / 41)


def test_intervals_are_those_of_the_bootstrap_and_extremes_have_none(evidence):
    findings = found(evidence)
    mean, sd = (findings[m, "hpsv3", "nano-banana"] for m in ("mean", "sd"))
    standard_error = np.arange(40.0).std() / np.sqrt(40)
    assert mean.high - mean.low == pytest.approx(2 * 1.96 * standard_error, rel=0.05)
    rng = np.random.default_rng(0)
    draws = rng.choice(np.arange(40.0), (4000, 40)).std(axis=1, ddof=1)
    assert (sd.low, sd.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), rel=0.03)
    lowest = findings["lowest", "hpsv3", "nano-banana"]
    assert lowest.low is None
    assert "no interval" in lowest.note


def test_the_published_range_stands_beside_the_same_quantity_only(evidence):
    findings = found(evidence)
    mean, sd = (findings[m, "hpsv3", "nano-banana"] for m in ("mean", "sd"))
    assert (mean.published.value, sd.published.value) == (12.1, 2.98)
    assert "Table 3" in mean.published.source
    assert findings["lowest", "hpsv3", "nano-banana"].published is None
    assert all(f.published is None for f in findings.values() if f.scorer == "hpsv3 (random weights)")


def test_a_picture_that_several_pairs_share_counts_once(evidence):
    mine = found(evidence)["mean", "mine", "stimuli"]
    assert (mine.estimate, mine.n) == (4.0, 2)


def test_controls_have_no_range(evidence):
    assert not [key for key in found(evidence) if key[1] == "random"]


def test_sentences_and_charts_put_the_published_range_beside(evidence):
    findings = calibration.STUDY.analyse(evidence)
    said = calibration.STUDY.sentences(findings)
    assert any(
        "HPSv3 gives pictures by Nano Banana" in s and "Published for Nano Banana: 12.1 ± 2.98." in s for s in said
    )
    assert any(s.startswith("mine gives photographs 4 ") for s in said)
    charts = {chart.name: chart for chart in calibration.STUDY.charts(findings)}
    trained, untrained = charts["calibration-hpsv3"], charts["calibration-hpsv3 (random weights)"]
    assert [(m.quoted, round(m.low, 2), round(m.high, 2)) for m in trained.marks if m.quoted] == [(True, 9.12, 15.08)]
    assert not any(m.quoted for m in untrained.marks)
    assert untrained.note == ""


def test_random_weights_speak_last(evidence):
    findings = calibration.STUDY.analyse(evidence)
    assert "random weights" in calibration.STUDY.sentences(findings)[-1]
    untrained_first = sorted(findings, key=lambda f: f.scorer != "hpsv3 (random weights)")
    assert leading([f for f in untrained_first if f.metric == "lowest"])[-1].scorer == "hpsv3 (random weights)"


def test_one_picture_has_no_spread(made):
    build = made()
    build.score(build.pair(), "mine", oo=1.0)
    findings = found(build.evidence())
    assert findings["sd", "mine", "sdxl"].estimate is None
    assert findings["sd", "mine", "sdxl"].note
    assert calibration.STUDY.sentences(list(findings.values())) == []
    assert calibration.STUDY.charts(list(findings.values())) == []
