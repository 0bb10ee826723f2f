"""The figures that the published scores must give, from files to findings."""

from __future__ import annotations

import pytest

from fauve.ledger import Ledger
from fauve.ledger.importing import import_contrasts, import_labels, import_pairs
from fauve.studies import STUDIES, Evidence

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def evidence(shared_data, tmp_path_factory):
    directory = tmp_path_factory.mktemp("shared")
    with Ledger(directory, write=True) as ledger:
        for name in ("bench", "sd35_large_scores"):
            import_pairs(ledger, shared_data / "pairs" / name / "pairs.jsonl")
        for name in ("photographs", "critique"):
            import_contrasts(ledger, shared_data / "pairs" / name / "contrasts.jsonl")
        import_labels(ledger, shared_data / "published" / "judge_validation.jsonl", "published judge")
    with Ledger(directory) as ledger:
        return Evidence.read(ledger)


@pytest.fixture(scope="module")
def findings(evidence):
    return {name: study.analyse(evidence) for name, study in STUDIES.items()}


def one(findings, metric, scorer=None, generator=None, **group):
    matches = [
        f for f in findings if (f.metric, f.scorer, f.generator, dict(f.group)) == (metric, scorer, generator, group)
    ]
    assert len(matches) == 1
    return matches[0]


@pytest.mark.parametrize(("scorer", "shift"), [("hpsv3", -4.702), ("hpsv2.1", -0.036), ("imagereward", -0.467)])
def test_shift_under_the_plain_prompt(findings, scorer, shift):
    found = one(findings["generation"], "shift", scorer, "sd3.5-large")
    assert round(found.estimate, 3) == shift
    assert found.low < found.estimate < found.high < 0
    assert (found.n, found.missing) == (300, 0.0)
    assert found.test.p_adjusted >= found.test.p


@pytest.mark.parametrize(("scorer", "accuracy"), [("hpsv3", 0.290), ("hpsv2.1", 0.640), ("imagereward", 0.770)])
def test_accuracy_under_the_anti_prompt(findings, scorer, accuracy):
    found = one(findings["reward_classification"], "accuracy", scorer, "sd3.5-large")
    assert round(found.estimate, 3) == accuracy
    assert found.n == 300
    assert "no independent selection" in found.note
    assert found.published is None, "published over other generators"


def test_benchmark_pairs(findings):
    classified = findings["reward_classification"]
    accuracy = one(classified, "accuracy", "hpsv3", "nano-banana")
    assert (accuracy.estimate, accuracy.n) == (0.0, 8)
    assert round(one(classified, "margin", "hpsv3", "nano-banana").estimate, 2) == -10.08
    success = one(findings["generation"], "success", generator="nano-banana")
    assert (success.estimate, success.published.value) == (1.0, 0.99)


def test_pooled_findings_carry_the_published_value(findings):
    pooled = one(findings["reward_classification"], "accuracy", "hpsv3")
    assert pooled.n == 308
    assert pooled.published.value == 0.381
    assert "10 generators × 300 prompts" in pooled.published.source


def test_three_scorers_prove_nothing(findings):
    found = [f for f in findings["reward_classification"] if f.metric == "correlation"]
    assert {f.group["method"] for f in found} == {"pearson", "spearman"}
    for f in found:
        assert (f.n, f.low, f.high) == (3, None, None)
        assert f.test.p >= 1 / 6, "three scorers have six orders"
        assert f.published is not None
    assert {f.group["method"]: round(f.estimate, 3) for f in found} == {"pearson": -0.994, "spearman": -1.0}


def test_photographs(findings):
    accuracy = one(findings["photographs"], "accuracy", "hpsv3")
    assert (accuracy.estimate, accuracy.n) == (0.0, 8)
    assert round(accuracy.high, 3) == 0.324
    assert round(one(findings["photographs"], "margin", "hpsv3").estimate, 2) == -19.63
    bias = one(findings["photographs"], "bias", "hpsv3")
    assert round(bias.estimate, 2) == 19.63
    assert bias.published.value == 5.90
    extreme = one(findings["photographs"], "bias", "hpsv3", category="lighting_and_exposure.exposure_extremes")
    assert extreme.published.value == 8.0
    assert extreme.estimate == pytest.approx(22.0)


def test_photographs_headline(findings):
    headline = STUDIES["photographs"].sentences(findings["photographs"])[0]
    assert headline.startswith(
        "HPSv3 chose the picture that was asked for in 0 of 8 photographs (95 % interval 0–32 %)"
    )


@pytest.mark.parametrize(("metric", "value"), [("mae", 0.307), ("wmae", 0.368), ("wf1", 0.732)])
def test_judge_validation(findings, metric, value):
    found = one(findings["judge_validation"], metric, judge="published judge")
    assert round(found.estimate, 3) == value == found.published.value
    assert found.low < found.estimate < found.high
    assert found.n == 743 * 18


def test_pairs_without_scores_give_no_findings(findings):
    assert findings["critique"] == []
    assert STUDIES["critique"].sentences([]) == []
