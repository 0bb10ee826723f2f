from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from fauve.stats import Estimate, Interval, percentile_interval, wilson


@given(n=st.integers(1, 5000), share=st.floats(0, 1), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_scipys(n, share, level):
    k = round(share * n)
    ours = wilson(k, n, level)
    theirs = binomtest(k, n).proportion_ci(level, method="wilson")
    assert ours.value == k / n
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


def test_wilson_keeps_a_width_at_none_of_eight():
    estimate = wilson(0, 8)
    assert (estimate.value, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(0.3244, abs=1e-4)


def test_wilson_of_nothing_is_undefined():
    assert wilson(0, 0) == Estimate.undefined("no rows", 0)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_wilson_rejects_impossible_counts(k, n):
    with pytest.raises(ValueError, match="successes"):
        wilson(k, n)


@pytest.mark.parametrize("level", [0, 1, 1.2, math.nan])
def test_a_level_lies_between_0_and_1(level):
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level)


def test_estimate_refuses_nan_and_unexplained_gaps():
    with pytest.raises(ValueError, match="nan"):
        Estimate(math.nan, 0, 1, 3)
    with pytest.raises(ValueError, match="inf"):
        Estimate(0, 0, math.inf, 3)
    with pytest.raises(ValueError, match="reason"):
        Estimate(None, None, None, 3)
    with pytest.raises(ValueError, match="reason"):
        Estimate(1.0, None, None, 3)


def test_estimate_gives_its_interval():
    assert Estimate(1, 0, 2, 3).interval == Interval(0, 2)
    assert Estimate(1, None, None, 3, "one cluster").interval is None


def test_percentile_interval_leaves_out_a_few_undefined_draws_but_not_many():
    draws = np.linspace(0, 1, 1001)
    assert percentile_interval(draws, 0.9) == pytest.approx((0.05, 0.95))
    few = np.concatenate([draws, np.full(50, np.nan)])
    assert percentile_interval(few, 0.9) == pytest.approx((0.05, 0.95))
    assert percentile_interval(np.concatenate([draws, np.full(60, np.nan)]), 0.9) is None
    assert percentile_interval(np.array([])) is None
