from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from fauve.stats import ClusterDraws, cohen_kappa, krippendorff_alpha

# Four observers, twelve units; the worked example of Krippendorff (2011), 0 = no rating.
EXAMPLE = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), weights=st.sampled_from(["none", "linear", "quadratic"]))
def test_kappa_is_scikit_learns(seed, weights):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 4, 40)
    second = np.where(rng.random(40) < 0.5, first, rng.integers(0, 4, 40))
    ours = cohen_kappa(first, second, weights=weights, draws=ClusterDraws(np.arange(40), draws=20))
    reference = cohen_kappa_score(first, second, weights=None if weights == "none" else weights)
    assert ours.value == pytest.approx(reference)


def test_kappa_interval_is_that_of_a_plain_loop():
    rng = np.random.default_rng(1)
    first = rng.integers(0, 3, 90)
    second = np.where(rng.random(90) < 0.6, first, rng.integers(0, 3, 90))
    clusters = np.arange(90) // 3
    ours = cohen_kappa(first, second, weights="quadratic", draws=ClusterDraws(clusters))
    loop = []
    for _ in range(600):
        rows = (rng.integers(0, 30, 30)[:, None] * 3 + np.arange(3)).ravel()
        loop.append(cohen_kappa_score(first[rows], second[rows], weights="quadratic", labels=[0, 1, 2]))
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.03)


def test_kappa_edges():
    assert cohen_kappa([1, 2, 1, 2], [1, 2, 1, 2]).value == 1.0
    assert cohen_kappa([0, 0, 1, 1], [1, 1, 0, 0]).value == -1.0
    constant = cohen_kappa([1, 1, 1], [1, 1, 1])
    assert constant.value is None
    assert "one and the same category" in constant.reason
    assert cohen_kappa([], []).reason == "no rows"
    assert cohen_kappa([1, 1], [1, 2]).value == 0.0


def test_kappa_knows_text_and_the_order_of_a_scale():
    first, second = ["low", "mid", "high", "low"], ["low", "high", "high", "mid"]
    scale = ["low", "mid", "high"]
    codes = cohen_kappa([0, 1, 2, 0], [0, 2, 2, 1], weights="linear")
    assert cohen_kappa(first, second, weights="linear", categories=scale) == codes
    assert cohen_kappa(first, second).value == cohen_kappa([0, 1, 2, 0], [0, 2, 2, 1]).value
    # A category that nobody used still stretches the scale.
    stretched = cohen_kappa([0, 3, 3, 0], [0, 3, 0, 0], weights="quadratic", categories=[0, 1, 2, 3])
    assert stretched.value == pytest.approx(cohen_kappa([0, 1, 1, 0], [0, 1, 0, 0]).value)


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        (["a"], ["b"], {"weights": "linear"}, "in order"),
        (["a", "b"], ["b", "a"], {"categories": ["a"]}, "has no b"),
        ([1, 2], [1, 2], {"categories": [1, 2, 2]}, "twice"),
        ([1, 2], ["a", "b"], {}, "numbers, the other text"),
        ([1, 2], [1], {}, "different lengths"),
        ([1.0, np.nan], [1.0, 2.0], {}, "nan"),
        (range(60), range(60), {}, "60 distinct values"),
        ([1, 2], [1, 2], {"weights": "cubic"}, "cubic"),
    ],
)
def test_kappa_refuses(first, second, options, message):
    with pytest.raises(ValueError, match=message):
        cohen_kappa(list(first), list(second), **options)


@pytest.mark.parametrize(("measurement", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(measurement, alpha):
    ours = krippendorff_alpha(EXAMPLE, EXAMPLE > 0, measurement=measurement)
    assert ours.value == pytest.approx(alpha, abs=5e-4)
    assert ours.n == 11
    assert ours.low < ours.value < ours.high <= 1


def _alpha_by_definition(ratings, present, measurement):
    """Disagreement over all pairs within items against all pairs whatever."""
    items = [r[p] for r, p in zip(ratings, present, strict=True) if p.sum() > 1]
    pool = np.concatenate(items)
    counts = {v: (pool == v).sum() for v in np.unique(pool)}

    def distance(a, b):
        if measurement == "nominal":
            return float(a != b)
        if measurement == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        return (sum(c for v, c in counts.items() if low <= v <= high) - (counts[a] + counts[b]) / 2) ** 2

    def total(values):
        return sum(distance(a, b) for a, b in itertools.permutations(values, 2))

    observed = sum(total(item) / (len(item) - 1) for item in items) / len(pool)
    expected = total(pool) / (len(pool) * (len(pool) - 1))
    return None if expected == 0 else 1 - observed / expected


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    measurement=st.sampled_from(["nominal", "ordinal", "interval"]),
    spread=st.integers(1, 5),
)
def test_alpha_is_its_definition_on_every_resample(seed, measurement, spread):
    rng = np.random.default_rng(seed)
    ratings, present = rng.integers(0, spread, (8, 3)) * 0.7, rng.random((8, 3)) < 0.7
    present[0] = True
    rows = rng.integers(0, 8, 8)
    rows[0] = 0
    ours = krippendorff_alpha(ratings[rows], present[rows], measurement=measurement)
    expected = _alpha_by_definition(ratings[rows], present[rows], measurement)
    if expected is None:
        assert (ours.value, ours.reason) == (None, "all pairable ratings are equal")
    else:
        assert ours.value == pytest.approx(expected)


@pytest.mark.parametrize("measurement", ["nominal", "ordinal", "interval"])
def test_alpha_interval_is_that_of_a_plain_loop(measurement):
    rng = np.random.default_rng(3)
    level = rng.integers(0, 4, 30)[:, None]
    ratings = np.clip(level + rng.integers(-1, 2, (30, 3)), 0, 4)
    present = rng.random((30, 3)) < 0.9
    ours = krippendorff_alpha(ratings, present, measurement=measurement)
    loop = []
    for _ in range(200):
        rows = rng.integers(0, 30, 30)
        loop.append(_alpha_by_definition(ratings[rows], present[rows], measurement))
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.1)


@pytest.mark.parametrize("measurement", ["nominal", "ordinal", "interval"])
def test_alpha_edges(measurement):
    perfect = krippendorff_alpha([[0.1, 0.1], [0.3, 0.3], [0.7, 0.7]], measurement=measurement)
    assert perfect.value == pytest.approx(1.0)
    same = krippendorff_alpha(np.full((4, 2), 0.1), measurement=measurement)
    assert (same.value, same.reason) == (None, "all pairable ratings are equal")
    single = krippendorff_alpha([[1.0], [2.0]], measurement=measurement)
    assert (single.value, single.n, single.reason) == (None, 0, "no item has two ratings")
    assert krippendorff_alpha(np.zeros((0, 3)), measurement=measurement).n == 0


def test_alpha_refuses():
    with pytest.raises(ValueError, match="60 distinct"):
        krippendorff_alpha(np.arange(60).reshape(30, 2))
    assert krippendorff_alpha(np.arange(60).reshape(30, 2), measurement="interval").value > 0.99
    with pytest.raises(ValueError, match="ratio"):
        krippendorff_alpha([[1, 2]], measurement="ratio")
    with pytest.raises(ValueError, match="shape"):
        krippendorff_alpha([[1, 2]], [[True]])
    with pytest.raises(ValueError, match=r"nan at \(0, 1\)"):
        krippendorff_alpha([[1, np.nan]])
    with pytest.raises(ValueError, match="clusters 2"):
        krippendorff_alpha([[1, 2]], draws=ClusterDraws([1, 2]))
