from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.stats import mean_bounds, share_bounds


@given(observed=st.lists(st.integers(0, 2), max_size=6), missing=st.integers(0, 4))
def test_bounds_are_the_extremes_over_everything_that_could_have_been(observed, missing):
    if not observed and not missing:
        assert mean_bounds(observed, missing, 0, 2) is None
        return
    possible = [np.mean([*observed, *rest]) for rest in itertools.product((0, 1, 2), repeat=missing)]
    assert mean_bounds(observed, missing, 0, 2) == pytest.approx((min(possible), max(possible)))


@given(successes=st.integers(0, 30), failures=st.integers(0, 30), missing=st.integers(0, 30))
def test_a_share_is_a_mean_of_zeros_and_ones(successes, failures, missing):
    observed = [1] * successes + [0] * failures
    shares, means = share_bounds(successes, len(observed), missing), mean_bounds(observed, missing, 0, 1)
    assert (shares is None) == (means is None) == (len(observed) + missing == 0)
    if shares:
        assert shares == pytest.approx(means)


def test_nothing_missing_leaves_no_doubt():
    assert share_bounds(3, 4, 0) == (0.75, 0.75)
    assert share_bounds(3, 4, 4) == (0.375, 0.875)


@pytest.mark.parametrize(("k", "n", "m"), [(-1, 3, 0), (4, 3, 0), (1, 3, -1)])
def test_impossible_counts(k, n, m):
    with pytest.raises(ValueError, match="no such counts"):
        share_bounds(k, n, m)


def test_values_lie_within_their_bounds():
    with pytest.raises(ValueError, match="outside 0 to 2"):
        mean_bounds([3], 1, 0, 2)
    for low, high, missing in ((2, 0, 1), (0, np.inf, 1), (np.nan, 1, 1), (0, 1, -1)):
        with pytest.raises(ValueError, match="finite bounds in order"):
            mean_bounds([], missing, low, high)
