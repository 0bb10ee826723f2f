from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.power import TTestPower

from fauve.stats import cluster_standard_error, design_effect, detectable_effect

RNG = np.random.default_rng(8)


@pytest.mark.parametrize("sizes", [(3, 3, 3, 3), (1, 7, 2, 2, 9), (1,) * 12])
def test_the_error_is_that_of_a_regression_on_a_constant(sizes):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    values = RNG.normal(3, 2, len(groups)) + RNG.normal(0, 1, len(sizes))[groups]
    fitted = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert cluster_standard_error(values, groups) == pytest.approx(fitted.bse[0], rel=1e-12)


def test_rows_of_their_own_have_the_plain_error_and_no_design_effect():
    values = RNG.normal(size=30)
    assert cluster_standard_error(values, np.arange(30)) == pytest.approx(stats.sem(values), rel=1e-12)
    assert design_effect(values, np.arange(30)) == pytest.approx(1.0, rel=1e-12)


def test_rows_that_repeat_their_cluster_are_worth_one_each():
    ten = RNG.normal(size=40)
    repeated = design_effect(np.repeat(ten, 10), np.repeat(np.arange(40), 10))
    assert repeated == pytest.approx(10 * (399 / 400) * (40 / 39), rel=1e-12)


def test_too_few_clusters_and_no_variation():
    assert cluster_standard_error([1.0, 2.0], ["a", "a"]) is None
    assert design_effect([1.0, 2.0], ["a", "a"]) is None
    assert cluster_standard_error([2.0, 2.0], ["a", "b"]) == 0.0
    assert design_effect([2.0, 2.0], ["a", "b"]) is None
    assert cluster_standard_error([], []) is None


@pytest.mark.parametrize(("clusters", "alpha", "power"), [(2, 0.05, 0.8), (20, 0.01, 0.9), (300, 0.05, 0.8)])
def test_the_detectable_effect_has_its_power_in_statsmodels(clusters, alpha, power):
    effect = detectable_effect(0.3, clusters, alpha, power)
    standard = effect / (0.3 * np.sqrt(clusters))
    assert TTestPower().power(standard, clusters, alpha, alternative="two-sided") == pytest.approx(power, abs=1e-6)


def test_clustered_data_are_found_as_often_as_promised():
    """40 prompts of 5 pairs each that share half of their variance, shifted by the detectable effect."""
    groups = np.repeat(np.arange(40), 5)
    draws = np.random.default_rng(1)
    noise = draws.normal(size=(1500, 200)) + draws.normal(size=(1500, 40))[:, groups]
    truth = np.sqrt((1 + 1 / 5) / 40)
    found = noise + detectable_effect(truth, 40)
    t = found.mean(axis=1) / [cluster_standard_error(row, groups) for row in found]
    assert (np.abs(t) > stats.t.ppf(0.975, 39)).mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0.1, 1), "clusters with standard error"),
        ((-0.1, 9), "finite error"),
        ((float("inf"), 9), "finite error"),
        ((0.1, 9, 0.0), "alpha"),
        ((0.1, 9, 0.2, 0.1), "not above alpha"),
    ],
)
def test_impossible_designs(arguments, said):
    with pytest.raises(ValueError, match=said):
        detectable_effect(*arguments)
