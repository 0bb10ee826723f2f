from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fauve.stats import correlation, rank_regression

REFERENCE = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 40), method=st.sampled_from(sorted(REFERENCE)), ties=st.booleans())
def test_value_and_p_are_scipys(seed, n, method, ties):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n))
    if ties:
        x, y = np.rint(x), np.rint(y)
        x[:2], y[:2] = [0, 1], [0, 1]
    ours, expected = correlation(x, y, method), REFERENCE[method](x, y)
    assert (ours.value, ours.p_value) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)
    assert (ours.low is None) == (ours.reason is not None)
    if ours.low is not None:
        assert -1 <= ours.low <= ours.value <= ours.high <= 1


def test_pearson_interval_is_scipys():
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    ours = correlation(x, x + y, "pearson", level=0.9)
    expected = stats.pearsonr(x, x + y).confidence_interval(0.9)
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("method", "value", "variance"),
    [
        # Swapping 0 with 2 and 3 with 5: squared rank differences of 16, six discordant pairs of 45.
        ("spearman", 1 - 6 * 16 / 990, (1 + (1 - 6 * 16 / 990) ** 2 / 2) / 7),
        ("kendall", 1 - 2 * 6 / 45, 0.437 / 6),
    ],
)
def test_width_in_z_is_the_published_standard_error(method, value, variance):
    x, y = [2, 1, 0, 5, 4, 3, 6, 7, 8, 9], range(10)
    ours = correlation(x, list(y), method)
    assert ours.value == pytest.approx(value)
    half = stats.norm.ppf(0.975) * np.sqrt(variance)
    assert np.arctanh([ours.low, ours.high]) == pytest.approx([np.arctanh(value) - half, np.arctanh(value) + half])


@pytest.mark.parametrize("method", sorted(REFERENCE))
def test_intervals_cover_the_truth(method):
    rho = 0.6
    truth = {
        "pearson": rho,
        "spearman": 6 / np.pi * np.arcsin(rho / 2),
        "kendall": 2 / np.pi * np.arcsin(rho),
    }[method]
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        x, z = rng.normal(size=(2, 40))
        ours = correlation(x, rho * x + np.sqrt(1 - rho**2) * z, method)
        hits += ours.low <= truth <= ours.high
    assert 0.91 <= hits / 400 <= 0.98


@pytest.mark.parametrize("method", sorted(REFERENCE))
def test_what_has_no_correlation_says_why(method):
    few = correlation([1, 2, 3], [1, 2, 3], method)
    assert (few.value, few.p_value, few.n) == (None, None, 3)
    assert few.reason == "n = 3 is too small for a correlation (at least 4)"
    assert correlation([1, 1, 1, 1], [1, 2, 3, 4], method).reason == "x does not vary"
    assert correlation([1, 2, 3, 4], [5, 5, 5, 5], method).reason == "y does not vary"
    perfect = correlation([1, 2, 3, 4, 5], [-10, -20, -30, -40, -50], method)
    assert (perfect.value, perfect.low) == (pytest.approx(-1), None)
    assert "perfect" in perfect.reason


def test_kendall_of_four_has_no_interval():
    ours = correlation([1, 2, 3, 4], [1, 3, 2, 4], "kendall")
    assert ours.value == pytest.approx(2 / 3)
    assert "four rows" in ours.reason


@pytest.mark.parametrize("method", sorted(REFERENCE))
def test_level_and_unit_do_not_matter(method):
    x, y = np.random.default_rng(2).normal(size=(2, 25))
    plain = correlation(x, y, method)
    for changed in (correlation(x * 1e99, y, method), correlation(x / 2**40 + 1, y * 1e-200, method)):
        assert changed.value == pytest.approx(plain.value, abs=1e-3)


def test_rank_regression_without_ties_is_spearman():
    rng = np.random.default_rng(3)
    x = rng.normal(size=10)
    y = np.exp(x + rng.normal(size=10))
    line, rho = rank_regression(x, y), stats.spearmanr(x, y)
    assert (line.slope, line.p_value) == pytest.approx((rho.statistic, rho.pvalue))
    assert line.r_squared == pytest.approx(rho.statistic**2)
    assert line.low < line.slope < line.high
    assert line.intercept == pytest.approx(5.5 * (1 - line.slope))


def test_rank_regression_with_ties_is_least_squares_on_mid_ranks():
    x, y = [1, 1, 2, 3, 3, 4], [2, 1, 1, 5, 4, 4]
    slope, intercept = np.polyfit(stats.rankdata(x), stats.rankdata(y), 1)
    line = rank_regression(x, y)
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept))


def test_rank_regression_edges():
    assert "too small" in rank_regression([1, 2, 3], [1, 2, 3]).reason
    assert rank_regression([1, 1, 1, 1], [1, 2, 3, 4]).reason == "x does not vary"
    assert rank_regression([1, 2, 3, 4], [1, 2, 3, 4]).slope == pytest.approx(1)


def test_refusals():
    with pytest.raises(ValueError, match="x 4, y 5"):
        correlation([1, 2, 3, 4], [1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="phi"):
        correlation([1, 2, 3, 4], [1, 2, 3, 4], "phi")
    with pytest.raises(ValueError, match="y holds nan at 2"):
        rank_regression([1, 2, 3, 4], [1, 2, np.nan, 4])
