from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from fauve.stats import line_outliers


@pytest.mark.parametrize("seed", range(4))
def test_residuals_are_those_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=12), rng.normal(size=12)
    reference = sm.OLS(y, sm.add_constant(x)).fit().get_influence().resid_studentized_external
    assert line_outliers(x, y).residuals == pytest.approx(reference)


def test_flags_are_those_of_bonferronis_outlier_test():
    rng = np.random.default_rng(9)
    x = np.arange(10.0)
    y = 2 * x + rng.normal(0, 0.5, 10)
    y[7] += 9.0
    table = sm.OLS(y, sm.add_constant(x)).fit().outlier_test(method="bonf")
    found = line_outliers(x, y)
    assert found.flags.tolist() == (np.asarray(table)[:, 2] < 0.05).tolist()
    assert np.flatnonzero(found.flags).tolist() == [7]


def test_a_perfect_line_with_one_row_off_it():
    y = np.arange(8.0)
    y[3] = 20.0
    assert np.flatnonzero(line_outliers(np.arange(8.0), y).flags).tolist() == [3]
    assert not line_outliers(np.arange(8.0), np.arange(8.0)).flags.any()


def test_few_rows_and_no_spread_have_no_outlier():
    assert not line_outliers([1, 2, 3, 4], [1, 2, 3, 99]).flags.any()
    assert not line_outliers([1] * 6, [1, 2, 3, 4, 5, 99]).flags.any()


@given(st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=12), st.floats(0.1, 50), st.floats(-100, 100))
def test_the_unit_of_y_does_not_matter(values, scale, move):
    x = np.arange(len(values), dtype=float)
    y = np.array(values)
    if np.ptp(y) < 1e-3:
        return
    one, two = line_outliers(x, y), line_outliers(x, y * scale)
    near = np.abs(np.abs(one.residuals) - one.bound) < 1e-6 * one.bound
    assert (one.flags == two.flags)[~near & np.isfinite(one.residuals)].all()
