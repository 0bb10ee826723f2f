from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.metrics import mean_absolute_error as reference_mae

from fauve.stats import ClusterDraws, class_balanced_mae, mean_absolute_error, rounded_f1, rounded_score


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 200, p=[0.1, 0.6, 0.3])
    expected = np.clip(labels + rng.normal(0, 0.6, 200), 0, 2)
    assert mean_absolute_error(expected, labels).value == pytest.approx(reference_mae(labels, expected))
    by_class = [reference_mae(labels[labels == c], expected[labels == c]) for c in range(3)]
    assert class_balanced_mae(expected, labels).value == pytest.approx(np.mean(by_class))
    reference = f1_score(labels, np.rint(expected).astype(int), average="weighted")
    assert rounded_f1(expected, labels).value == pytest.approx(reference)


def test_known_answers():
    assert mean_absolute_error([0.5, 2.0], [0, 1]).value == 0.75
    # Class 0 errs by 0 three times, class 2 by 1 once.
    assert class_balanced_mae([0, 0, 0, 1], [0, 0, 0, 2]).value == 0.5
    assert mean_absolute_error([0, 0, 0, 1], [0, 0, 0, 2]).value == 0.25
    assert rounded_score([0.5, 1.5, 0.51, 1.49, 2.0]).tolist() == [0, 2, 1, 1, 2]
    assert rounded_f1([0.1, 0.9, 1.8], [0, 1, 2]).value == 1.0


def test_interval_of_the_balanced_error_is_that_of_a_plain_loop():
    rng = np.random.default_rng(1)
    labels = rng.choice(3, 60, p=[0.1, 0.6, 0.3])
    errors = rng.random(60)
    ours = class_balanced_mae(labels + errors, labels, draws=ClusterDraws(np.arange(60) // 2))
    loop = []
    for _ in range(3000):
        rows = (rng.integers(0, 30, 30)[:, None] * 2 + np.arange(2)).ravel()
        loop.append(np.mean([errors[rows][labels[rows] == c].mean() for c in np.unique(labels[rows])]))
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.02)


@pytest.mark.parametrize("measure", [mean_absolute_error, class_balanced_mae, rounded_f1])
def test_edges(measure):
    assert measure([], []).reason == "no rows"
    assert measure([1.0], [1]).reason == "only one cluster"
    assert measure([1.0, 1.0], [1, 1]).value in (0.0, 1.0)
    with pytest.raises(ValueError, match="labels"):
        measure([1.0, 1.0], [-1, 1])
    with pytest.raises(ValueError, match="expected holds nan"):
        measure([np.nan], [1])
    with pytest.raises(ValueError, match="expected 2, labels 1"):
        measure([1.0, 1.0], [1])


def test_scores_beyond_the_scale_are_no_class():
    expected, labels = [-0.8, 5.0, 1e60, 0.2, 2.0], [0, 1, 1, 0, 2]
    rounded = np.clip(np.rint(expected), -1, 9)
    reference = f1_score(labels, rounded, labels=[0, 1, 2], average="weighted", zero_division=0)
    assert rounded_f1(expected, labels).value == pytest.approx(reference)


@pytest.mark.shared
def test_published_judge_figures(shared_data):
    lines = (shared_data / "published" / "judge_validation.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    expected = [row["expected_score"] for row in rows]
    labels = np.sign([row["label"] for row in rows]) + 1
    draws = ClusterDraws([row["image"] for row in rows], draws=2000)
    mae, wmae, wf1 = (m(expected, labels, draws=draws) for m in (mean_absolute_error, class_balanced_mae, rounded_f1))
    assert [round(e.value, 3) for e in (mae, wmae, wf1)] == [0.307, 0.368, 0.732]
    assert mae.n == 13_374
    assert all(0 < e.high - e.low < 0.03 for e in (mae, wmae, wf1))
