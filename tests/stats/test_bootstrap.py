from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from fauve.stats import (
    ClusterDraws,
    Estimate,
    HierarchicalDraws,
    bootstrap,
    cluster_bootstrap,
    independent_rows,
    mean,
    weighted_mean,
)


def weights_of(draws):
    return np.concatenate(list(draws.blocks()))


def test_weights_are_counts_that_add_up_to_the_clusters():
    weights = weights_of(ClusterDraws(["b", "a", "c", "a"], draws=5000))
    assert weights.shape == (5000, 3)
    assert np.array_equal(weights, np.rint(weights))
    assert np.all(weights.sum(axis=1) == 3)
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.05)
    # Multinomial: variance 1 - 1/C, covariance -1/C.
    assert np.cov(weights.T) == pytest.approx(np.eye(3) - 1 / 3, abs=0.05)


def test_draws_do_not_depend_on_the_order_of_rows_or_the_size_of_blocks(monkeypatch):
    whole = weights_of(ClusterDraws(["x", "y", "z", "y"], draws=1000, seed=4))
    assert np.array_equal(whole, weights_of(ClusterDraws(["z", "y", "y", "x"], draws=1000, seed=4)))
    monkeypatch.setattr(bootstrap, "BLOCK", 7)
    assert np.array_equal(whole, weights_of(ClusterDraws(["x", "y", "z", "y"], draws=1000, seed=4)))
    assert not np.array_equal(whole, weights_of(ClusterDraws(["x", "y", "z", "y"], draws=1000, seed=5)))


def test_first_draws_are_fixed_for_good():
    # A change here changes every interval that was ever reported.
    weights = weights_of(ClusterDraws(np.arange(4), draws=3, seed=0))
    assert weights.tolist() == [[0, 1, 2, 1], [3, 1, 0, 0], [1, 0, 1, 2]]


def test_interval_agrees_with_scipy_for_independent_rows():
    values = np.random.default_rng(1).gamma(2, size=80)
    ours = mean(values, independent_rows(80, seed=3))
    theirs = stats.bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=5)
    assert ours.value == pytest.approx(values.mean(), rel=1e-14)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.03)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.03)


def test_interval_agrees_with_a_plain_loop_over_clusters():
    rng = np.random.default_rng(2)
    clusters = rng.integers(0, 12, 70)
    values = rng.normal(size=70) + clusters
    ours = mean(values, ClusterDraws(clusters))
    groups = [values[clusters == c] for c in np.unique(clusters)]
    loop = [np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]).mean() for _ in range(4000)]
    assert ours.value == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.15)
    unclustered = mean(values, independent_rows(70))
    assert ours.high - ours.low > 1.5 * (unclustered.high - unclustered.low)


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    hits = 0
    for seed in range(300):
        levels = np.repeat(rng.normal(size=40), 5)
        estimate = mean(levels + rng.normal(size=200), ClusterDraws(np.arange(200) // 5, draws=500, seed=seed))
        hits += estimate.low <= 0 <= estimate.high
    assert 0.90 <= hits / 300 <= 0.98


@pytest.mark.parametrize("constant", [0.1, -3e7, 1e99, 0.0])
def test_constant_values_give_an_interval_of_no_width(constant):
    estimate = mean([constant] * 7, ClusterDraws([1, 1, 1, 2, 3, 3, 3]))
    assert estimate == Estimate(constant, constant, constant, 7)


def test_no_rows_and_one_cluster_have_reasons():
    assert mean([], ClusterDraws([])) == Estimate.undefined("no rows", 0)
    one = mean([1.0, 2.0], ClusterDraws(["p", "p"]))
    assert (one.value, one.low, one.high, one.reason) == (1.5, None, None, "only one cluster")


def test_columns_share_draws_and_may_lack_rows():
    rng = np.random.default_rng(4)
    values, clusters = rng.normal(size=(60, 3)), rng.integers(0, 20, 60)
    present = np.ones((60, 3), bool)
    present[:30, 1] = False
    present[:, 2] = False
    draws = ClusterDraws(clusters, seed=9)
    first, second, third = cluster_bootstrap(draws, weighted_mean(draws, values, present))
    alone = mean(values[:, 0], ClusterDraws(clusters, seed=9))
    assert (first.value, first.low, first.high) == pytest.approx((alone.value, alone.low, alone.high), rel=1e-12)
    assert (second.value, second.n) == (pytest.approx(values[30:, 1].mean()), 30)
    assert third == Estimate.undefined("no rows", 0)


def test_hierarchical_weights_keep_groups_whole():
    groups = np.repeat([0, 1, 2], [4, 4, 4])
    draws = HierarchicalDraws(groups, np.tile([0, 1, 2, 3], 3), draws=4000, seed=1)
    weights = weights_of(draws)
    per_group = weights.reshape(-1, 3, 4).sum(axis=2)
    assert draws.clusters == 12
    assert np.all(weights.sum(axis=1) == 12)
    assert np.all(per_group % 4 == 0)
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.07)
    assert (per_group == 0).mean() == pytest.approx((2 / 3) ** 3, abs=0.03)


def test_hierarchical_interval_is_the_plain_two_step_loop():
    rng = np.random.default_rng(5)
    seeds, prompts = np.repeat(np.arange(5), 24), np.tile(np.repeat(np.arange(8), 3), 5)
    values = rng.normal(size=120) + 2.0 * rng.normal(size=5)[seeds]
    ours = mean(values, HierarchicalDraws(seeds, prompts, seed=2))
    loop = []
    for _ in range(3000):
        picked = []
        for s in rng.integers(0, 5, 5):
            picked += [values[(seeds == s) & (prompts == p)] for p in rng.integers(0, 8, 8)]
        loop.append(np.concatenate(picked).mean())
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.15)
    flat = mean(values, ClusterDraws(seeds * 8 + prompts))
    assert ours.high - ours.low > 1.5 * (flat.high - flat.low)


def test_hierarchical_with_uneven_groups_and_text_labels():
    draws = HierarchicalDraws(["s2", "s1", "s1"], ["p", "p", "q"], draws=200)
    weights = weights_of(draws)  # clusters in order: (s1, p), (s1, q), (s2, p)
    assert set(map(tuple, weights[:, 2:])) == {(0.0,), (1.0,), (2.0,)}
    assert np.all(weights[:, :2].sum(axis=1) == 2 * (2 - weights[:, 2]))


def test_one_group_at_the_first_level_has_no_interval():
    estimate = mean([1.0, 3.0], HierarchicalDraws([0, 0], [1, 2]))
    assert (estimate.value, estimate.low) == (2.0, None)
    assert "first level" in estimate.reason


@pytest.mark.parametrize(
    ("labels", "message"),
    [([[1, 2]], "dimensions"), (["a", None], "mixes"), ([1.0, np.nan], "nan")],
)
def test_labels_must_be_labels(labels, message):
    with pytest.raises(ValueError, match=message):
        ClusterDraws(labels)


def test_rows_must_match_the_labels():
    with pytest.raises(ValueError, match="values 3, clusters 2"):
        mean([1, 2, 3], ClusterDraws([1, 2]))
    with pytest.raises(ValueError, match="draws"):
        ClusterDraws([1], draws=0)
    with pytest.raises(ValueError, match="seed"):
        ClusterDraws([1], seed=-1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e101])
def test_what_is_no_score_is_refused_with_its_place(bad):
    with pytest.raises(ValueError, match=r"values holds .* at \(?1"):
        mean([0.0, bad], ClusterDraws([1, 2]))


def test_many_columns_stay_within_memory():
    draws = ClusterDraws(np.arange(3300), draws=2000)
    values = np.random.default_rng(6).normal(size=(3300, 36))
    tracemalloc.start()
    cluster_bootstrap(draws, weighted_mean(draws, values))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
