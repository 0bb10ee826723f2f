from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from fauve.stats import ClusterDraws, contrast, difference_in_shifts, minimum_detectable_effect, shift, sign_flip_test


def test_against_scipy():
    rng = np.random.default_rng(0)
    first = rng.normal(5, 2, 60)
    second = first - 0.5 + rng.normal(0, 1, 60)
    d = second - first
    result = shift(first, second)
    assert result.shift.value == pytest.approx(d.mean())
    assert (result.first.value, result.second.value) == pytest.approx((first.mean(), second.mean()))
    assert result.increased.value == (d > 0).mean()
    assert result.effect_size.value == pytest.approx(d.mean() / d.std(ddof=1))
    assert result.t.p_value == pytest.approx(stats.ttest_rel(second, first).pvalue)
    assert result.wilcoxon.p_value == pytest.approx(stats.wilcoxon(second, first).pvalue)
    assert result.sign_flip.p_value == pytest.approx(result.t.p_value, abs=0.01)
    t_interval = stats.ttest_rel(second, first).confidence_interval()
    assert (result.shift.low, result.shift.high) == pytest.approx((t_interval.low, t_interval.high), abs=0.05)


def test_clusters_are_the_unit_of_the_tests():
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(12), np.arange(1, 13))
    d = rng.normal(0.3, 1, 12)[clusters] + rng.normal(0, 0.1, clusters.size)
    result = shift(np.zeros(clusters.size), d, draws=ClusterDraws(clusters))
    means = np.array([d[clusters == c].mean() for c in range(12)])
    sums = np.array([d[clusters == c].sum() for c in range(12)])
    assert result.t.p_value == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
    assert result.sign_flip.p_value == pytest.approx(sign_flip_test(sums).p_value)
    assert result.sign_flip.statistic == pytest.approx(d.mean()) == pytest.approx(result.shift.value)
    assert result.shift.n == clusters.size
    assert result.t.n == 12


def test_constant_shift():
    result = shift([1, 2, 3, 4], [1.25, 2.25, 3.25, 4.25])
    assert (result.shift.value, result.shift.low, result.shift.high) == (0.25, 0.25, 0.25)
    assert result.effect_size.reason == result.t.reason == "the differences do not vary"
    assert result.wilcoxon.p_value == result.sign_flip.p_value == 2 / 16


def test_no_shift_at_all():
    result = shift([1, 2, 3], [1, 2, 3])
    assert (result.shift.value, result.shift.low, result.increased.value) == (0.0, 0.0, 0.0)
    assert result.wilcoxon.reason == result.sign_flip.reason == "all differences are zero"


def test_one_pair_and_none():
    one = shift([1.0], [0.5])
    assert (one.shift.value, one.shift.low, one.shift.reason) == (-0.5, None, "only one cluster")
    assert one.effect_size.value is None
    assert one.t.reason == "fewer than two pairs"
    assert one.sign_flip.p_value == 1.0
    none = shift([], [])
    assert none.shift.reason == none.effect_size.reason == "no rows"
    assert none.wilcoxon.p_value is none.t.p_value is none.sign_flip.p_value is None


def test_difference_in_shifts_is_paired():
    rng = np.random.default_rng(2)
    level = rng.normal(0, 5, 100)
    base = level + rng.normal(0, 0.1, (2, 100)) + [[0], [-3]]
    variant = level + rng.normal(0, 0.1, (2, 100)) + [[2], [1]]
    result = difference_in_shifts(base[0], base[1], variant[0], variant[1])
    assert (result.first.value, result.second.value) == pytest.approx((-3, -1), abs=0.1)
    assert result.shift.value == pytest.approx(2, abs=0.1)
    # The level that prompts share is gone: its standard deviation of 5 would give a width of 2.
    assert result.shift.high - result.shift.low < 0.15
    same = shift(base[1] - base[0], variant[1] - variant[0])
    assert result == same


@pytest.mark.parametrize(
    ("n", "alpha", "power", "sd"), [(2, 0.05, 0.8, 1), (10, 0.05, 0.8, 2), (300, 0.01, 0.9, 0.5), (50, 0.1, 0.99, 1)]
)
def test_minimum_detectable_effect_has_its_power(n, alpha, power, sd):
    effect = minimum_detectable_effect(sd, n, alpha, power)
    assert TTestPower().power(effect / sd, n, alpha, alternative="two-sided") == pytest.approx(power, abs=1e-6)


def test_minimum_detectable_effect_by_simulation():
    effect = minimum_detectable_effect(1.0, 20)
    d = np.random.default_rng(3).normal(effect, 1, (4000, 20))
    assert (stats.ttest_1samp(d, 0, axis=1).pvalue <= 0.05).mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("arguments", [(1, 1), (-1, 5), (np.inf, 5), (1, 5, 0), (1, 5, 0.05, 1), (1, 5, 0.2, 0.1)])
def test_minimum_detectable_effect_rejects_impossible_plans(arguments):
    with pytest.raises(ValueError, match=r"pairs|between 0 and 1|not above"):
        minimum_detectable_effect(*arguments)


def test_no_variation_makes_any_effect_detectable():
    assert minimum_detectable_effect(0.0, 5) == 0.0


def test_arrays_must_be_aligned_and_finite():
    with pytest.raises(ValueError, match="first 1, second 2"):
        shift([1], [1, 2])
    with pytest.raises(ValueError, match="second holds nan at 0"):
        shift([1], [np.nan])
    with pytest.raises(ValueError, match="variant_second 1"):
        difference_in_shifts([1, 2], [1, 2], [1, 2], [1])


@pytest.mark.shared
def test_published_shifts_and_shares_of_300_pairs(shared_data):
    lines = (shared_data / "pairs" / "sd35_large_scores" / "pairs.jsonl").read_text().splitlines()
    pairs = [{(s["scorer"], s["image"], s["prompt"]): s["value"] for s in json.loads(line)["scores"]} for line in lines]
    published = {"hpsv3": (-4.702, 0.290), "hpsv2.1": (-0.036, 0.640), "imagereward": (-0.467, 0.770)}
    for scorer, (mean_shift, share) in published.items():
        cells = {
            (image, prompt): [pair[scorer, image, prompt] for pair in pairs]
            for image in ("original", "anti")
            for prompt in ("original", "anti")
        }
        moved = shift(cells["original", "original"], cells["anti", "original"])
        chosen = contrast(cells["anti", "anti"], cells["original", "anti"])
        assert (moved.n, round(moved.shift.value, 3), round(chosen.accuracy.value, 3)) == (300, mean_shift, share)
        assert moved.shift.low < moved.shift.value < moved.shift.high < 0
