from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from fauve.stats import MOST_ORDERED, exact_correlation


def test_three_rows_prove_nothing():
    found = exact_correlation([0.586, 0.653, 0.769], [0.762, 0.565, 0.381], "spearman")
    assert (found.value, found.n) == (pytest.approx(-1.0), 3)
    assert (found.p_value, found.floor, found.orders, found.as_extreme) == (2 / 6, 2 / 6, 6, 2)
    pearson = exact_correlation([0.586, 0.653, 0.769], [0.762, 0.565, 0.381], "pearson")
    assert pearson.value == pytest.approx(np.corrcoef([0.586, 0.653, 0.769], [0.762, 0.565, 0.381])[0, 1])
    assert pearson.floor == 1 / 6
    assert pearson.p_value >= pearson.floor


@pytest.mark.parametrize("n", [3, 4, 5, 7])
def test_the_floor_of_ranks_without_ties_is_two_orders(n):
    rng = np.random.default_rng(n)
    found = exact_correlation(rng.normal(size=n), rng.normal(size=n))
    assert found.floor == 2 / math.factorial(n)
    assert found.floor <= found.p_value <= 1.0


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("ties", [False, True])
def test_p_is_scipys_exact_permutation(method, ties):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=6), rng.normal(size=6)
    if ties:
        x[1] = x[0]
    statistic = {
        "pearson": lambda a: scipy_stats.pearsonr(x, a).statistic,
        "spearman": lambda a: scipy_stats.spearmanr(x, a).statistic,
    }[method]
    reference = scipy_stats.permutation_test(
        (y,), lambda a: abs(statistic(a)), permutation_type="pairings", alternative="greater", n_resamples=10_000
    )
    found = exact_correlation(x, y, method)
    assert found.value == pytest.approx(statistic(y))
    assert found.p_value == pytest.approx(reference.pvalue)


def test_p_is_uniform_where_nothing_goes_together():
    rng = np.random.default_rng(11)
    p = [exact_correlation(rng.normal(size=5), rng.normal(size=5)).p_value for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) < 0.09


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, 2]), (range(MOST_ORDERED + 1), range(MOST_ORDERED + 1))])
def test_too_few_and_too_many_rows_say_so(x, y):
    found = exact_correlation(list(x), list(y))
    assert found.value is None
    assert "every order is visited for 3 to 9 rows" in found.reason


def test_a_column_that_does_not_vary():
    assert exact_correlation([1, 1, 1], [1, 2, 3]).reason == "x does not vary"
    assert exact_correlation([1, 2, 3], [0, 0, 0]).reason == "y does not vary"
