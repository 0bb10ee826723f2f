"""Each statistic at whole-number weights must be the reference on rows repeated that often."""

from __future__ import annotations

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score

from fauve.stats import (
    ClusterDraws,
    cluster_bootstrap,
    weighted_accuracy,
    weighted_auroc,
    weighted_balanced_accuracy,
    weighted_effect_size,
    weighted_f1,
    weighted_mean,
    weighted_rank_biserial,
)

CLUSTERS = 9


def _case(seed, classes=3, rows=60, steps=None):
    rng = np.random.default_rng(seed)
    index = np.concatenate([np.arange(CLUSTERS), rng.integers(0, CLUSTERS, rows - CLUSTERS)])
    weights = rng.multinomial(CLUSTERS, np.full(CLUSTERS, 1 / CLUSTERS), size=5).astype(float)
    scores = rng.normal(size=rows) + 0.3
    if steps:
        scores = np.rint(scores * steps) / steps
    truth, predicted = rng.integers(0, classes, rows), rng.integers(-1, classes, rows)
    return ClusterDraws(index), weights, scores, truth, predicted


def _compare(draws, weights, statistic, reference):
    """The reference is told which rows to take, with repetition; None stands for undefined."""
    ours = statistic(weights)[:, 0]
    for got, w in zip(ours, weights, strict=True):
        rows = np.repeat(np.arange(draws.rows), w[draws.index].astype(int))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = reference(rows)
        if expected is None:
            assert np.isnan(got)
        else:
            assert got == pytest.approx(expected, rel=1e-12, abs=1e-12)


seeds = st.integers(0, 10_000)
quick = settings(max_examples=30, deadline=None)


@quick
@given(seed=seeds, classes=st.integers(2, 4))
def test_classification_is_scikit_learns(seed, classes):
    draws, weights, _, truth, predicted = _case(seed, classes)
    _compare(
        draws, weights, weighted_accuracy(draws, truth, predicted), lambda i: accuracy_score(truth[i], predicted[i])
    )
    _compare(
        draws,
        weights,
        weighted_balanced_accuracy(draws, truth, predicted),
        lambda i: balanced_accuracy_score(truth[i], predicted[i]),
    )
    _compare(
        draws,
        weights,
        weighted_f1(draws, truth, predicted),
        lambda i: f1_score(truth[i], predicted[i], labels=list(range(classes)), average="weighted", zero_division=0),
    )


@quick
@given(seed=seeds, steps=st.sampled_from([None, 1, 4]))
def test_auroc_is_scikit_learns_with_and_without_ties(seed, steps):
    draws, weights, scores, truth, _ = _case(seed, 2, steps=steps)
    _compare(draws, weights, weighted_auroc(draws, scores, truth), lambda i: roc_auc_score(truth[i], scores[i]))


@quick
@given(seed=seeds, steps=st.sampled_from([None, 1, 4]))
def test_rank_biserial_is_scipys_signed_ranks(seed, steps):
    draws, weights, scores, _, _ = _case(seed, steps=steps)

    def reference(i):
        d = scores[i][scores[i] != 0]
        ranks = stats.rankdata(np.abs(d))
        return (ranks[d > 0].sum() - ranks[d < 0].sum()) / ranks.sum() if d.size else None

    _compare(draws, weights, weighted_rank_biserial(draws, scores), reference)


@quick
@given(seed=seeds, offset=st.sampled_from([0.0, 1e6, -3.0]))
def test_mean_and_effect_size_are_numpys(seed, offset):
    draws, weights, scores, _, _ = _case(seed)
    scores = scores + offset
    _compare(draws, weights, weighted_mean(draws, scores[:, None]), lambda i: scores[i].mean())
    ours = weighted_effect_size(draws, scores)(weights)[:, 0]
    for got, w in zip(ours, weights, strict=True):
        rows = np.repeat(scores, w[draws.index].astype(int))
        assert got == pytest.approx(rows.mean() / rows.std(ddof=1), rel=1e-6)


def test_a_draw_without_one_class_is_undefined_not_nan_outside():
    draws = ClusterDraws([0, 1], draws=200)
    statistics = (weighted_auroc(draws, [1.0, 0.0], [1, 0]), weighted_balanced_accuracy(draws, [1, 0], [1, 0]))
    for statistic in statistics:
        assert np.isnan(statistic(np.array([[2.0, 0.0]]))).all()
        (estimate,) = cluster_bootstrap(draws, statistic)
        assert (estimate.value, estimate.low) == (1.0, None)
        assert estimate.reason == "in over 5 % of the resamples: only one class occurs"


def test_one_class_throughout():
    draws = ClusterDraws(np.arange(4))
    balanced, f1, area = cluster_bootstrap(
        draws,
        weighted_balanced_accuracy(draws, [1, 1, 1, 1], [1, 0, 1, 1]),
        weighted_f1(draws, [1, 1, 1, 1], [1, 0, 1, 1]),
        weighted_auroc(draws, [1, 2, 3, 4], [1, 1, 1, 1]),
    )
    assert balanced.value is area.value is None
    assert balanced.reason == area.reason == "only one class occurs"
    assert f1.value == pytest.approx(f1_score([1, 1, 1, 1], [1, 0, 1, 1], average="weighted"))


def test_identical_differences_have_no_effect_size():
    draws = ClusterDraws(np.arange(5))
    (estimate,) = cluster_bootstrap(draws, weighted_effect_size(draws, [0.1] * 5))
    assert (estimate.value, estimate.reason) == (None, "the differences do not vary")


def test_memory_stays_within_a_block_for_many_rows_in_few_clusters():
    rows = 20_000
    rng = np.random.default_rng(0)
    draws = ClusterDraws(np.arange(rows) % 10, draws=300)
    statistic = weighted_auroc(draws, rng.normal(size=rows), rng.random(rows) < 0.5)
    tracemalloc.start()
    cluster_bootstrap(draws, statistic)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


@pytest.mark.parametrize("truth", [[0.5, 1], [-1, 0], [np.nan, 1]])
def test_classes_are_whole_numbers_from_zero(truth):
    with pytest.raises(ValueError, match="truth"):
        weighted_f1(ClusterDraws([0, 1]), truth, [0, 1])


def test_flags_are_flags():
    with pytest.raises(ValueError, match="positive must hold booleans"):
        weighted_auroc(ClusterDraws([0, 1]), [1, 2], [0, 2])


def test_presence_has_the_shape_of_the_values():
    with pytest.raises(ValueError, match="shape"):
        weighted_mean(ClusterDraws([0, 1]), [[1.0], [2.0]], [[True, True], [True, True]])
