from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from fauve.stats import wilson
from fauve.stats.crossed import CrossedDraws


def test_the_value_is_the_mean_and_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(1).random((5, 40))
    one, two = (CrossedDraws(5, 40, seed=3).estimate(values) for _ in range(2))
    assert one == two
    assert one.value == pytest.approx(values.mean())
    assert one.low < one.value < one.high
    assert one.n == 40
    assert CrossedDraws(5, 40, seed=4).estimate(values).low != one.low


def test_prompts_alone_give_the_bootstrap_of_a_mean():
    values = np.random.default_rng(2).normal(size=(1, 200))
    found = CrossedDraws(1, 200).estimate(values)
    half = student.ppf(0.975, 199) * values.std(ddof=1) / np.sqrt(200)
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_seeds_that_differ_widen_an_interval_that_prompts_alone_would_call_tight():
    rng = np.random.default_rng(3)
    seeds = np.array([0.1, 0.3, 0.5, 0.7, 0.9])[:, None]
    values = (rng.random((5, 300)) < seeds).astype(float)
    crossed = CrossedDraws(5, 300).estimate(values)
    pooled = CrossedDraws(1, 1500).estimate(values.reshape(1, -1))
    assert crossed.high - crossed.low > 8 * (pooled.high - pooled.low)
    assert crossed.low < 0.2
    assert crossed.high > 0.8


def test_a_ratio_weighs_prompts_by_what_they_count():
    values, counts = np.array([[1.0, 0.0, 3.0], [1.0, 0.0, 2.0]]), np.array([[1.0, 0.0, 4.0], [1.0, 0.0, 4.0]])
    found = CrossedDraws(2, 3).estimate(values, counts)
    assert found.value == pytest.approx(0.7)
    assert found.n == 2  # the second prompt has no say
    nothing = CrossedDraws(2, 3).estimate(values * 0, counts * 0)
    assert nothing.value is None
    assert nothing.reason


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_none_or_all_keeps_a_width(share):
    found = CrossedDraws(5, 30).estimate(np.full((5, 30), share), share=True)
    known = wilson(round(30 * share), 30)
    assert (found.value, found.low, found.high) == (share, known.low, known.high)


def test_what_cannot_be_resampled_says_so():
    alone = CrossedDraws(1, 1).estimate([[0.4]])
    assert alone.value == 0.4
    assert alone.interval is None
    with pytest.raises(ValueError, match="do not fit"):
        CrossedDraws(2, 3).estimate(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="at least 1"):
        CrossedDraws(0, 3)


def coverage(between_seeds: float, between_prompts: float, noise: float, worlds: int = 400) -> float:
    """How often the interval holds the truth, 0, of worlds with five seeds and sixty prompts."""
    rng = np.random.default_rng(5)
    draws = CrossedDraws(5, 60, draws=2000)
    held = 0
    for _ in range(worlds):
        values = (
            rng.normal(0, between_seeds, (5, 1))
            + rng.normal(0, between_prompts, (1, 60))
            + rng.normal(0, noise, (5, 60))
        )
        found = draws.estimate(values)
        held += found.low <= 0 <= found.high
    return held / worlds


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "prompts", "noise"), [(1.0, 1.0, 1.0), (0.1, 2.0, 1.0), (0.0, 1.0, 1.0)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(seeds, prompts, noise):
    assert 0.91 <= coverage(seeds, prompts, noise) <= 0.995


@pytest.mark.slow
def test_prompts_alone_hold_the_truth_far_too_rarely_where_seeds_differ():
    rng = np.random.default_rng(6)
    draws = CrossedDraws(1, 300, draws=1000)
    held = 0
    for _ in range(200):
        values = (rng.normal(0, 1, (5, 1)) + rng.normal(0, 1, (5, 60))).reshape(1, -1)
        found = draws.estimate(values)
        held += found.low <= 0 <= found.high
    assert held / 200 < 0.5
