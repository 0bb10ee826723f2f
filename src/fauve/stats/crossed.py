"""Intervals over two crossed samples at once: every training seed meets every prompt.

Seeds and prompts are resampled independently of each other (the pigeonhole bootstrap, Owen 2007, Annals of Applied
Statistics 1(2)), because one prompt is hard under all seeds and one seed is unlucky under all prompts. Nested draws
would take prompt 7 under two seeds for two prompts. With a handful of seeds two corrections keep intervals from being
too short: S − 1 of the S seeds are drawn, which makes the variance between seeds unbiased (Rao and Wu 1988), and the
percentile is that of a t distribution (Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3)
whose degrees of freedom follow from how much of the variance lies between seeds (Satterthwaite 1946).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtrit

from fauve.stats._arrays import Floats, finite, open_share
from fauve.stats.bootstrap import DRAWS
from fauve.stats.intervals import Estimate, Interval, wilson

__all__ = ["CrossedDraws"]


class CrossedDraws:
    """Resamples of ``seeds`` × ``prompts``, drawn once and shared by every number of a table.

    Args:
        seeds: training seeds, at least 1. With one, only prompts are resampled, and the interval says nothing of
            how trainings vary.
        prompts: at least 1. With one, only seeds are resampled.
        draws: how many resamples.
        seed: of NumPy's PCG64.
    """

    def __init__(self, seeds: int, prompts: int, *, draws: int = DRAWS, seed: int = 0) -> None:
        if seeds < 1 or prompts < 1 or draws < 1 or seed < 0:
            raise ValueError(
                f"{seeds} seeds, {prompts} prompts, {draws} draws, seed {seed}: at least 1 of each, the seed 0 or above"
            )
        self.seeds, self.prompts, self.draws = seeds, prompts, draws
        rng = np.random.Generator(np.random.PCG64([seed, seeds, prompts]))
        self._of_seeds = _shares(rng, draws, seeds, seeds - 1)
        self._of_prompts = _shares(rng, draws, prompts, prompts)

    def estimate(
        self, values: ArrayLike, counts: ArrayLike | None = None, *, share: bool = False, level: float = 0.95
    ) -> Estimate:
        """The mean of ``values`` (seeds, prompts), or with ``counts`` the ratio of the two sums, with its interval.

        ``counts`` (same shape, not negative) is what each value is a sum over, 0 where a prompt has no say. With
        ``share`` a value that is 0 everywhere or 1 everywhere, which has no spread to resample, gets Wilson's
        interval over prompts.

        Raises:
            ValueError: shapes differ from those of the draws, or a value is not finite.
        """
        open_share("level", level)
        top = finite("values", values, 2)
        below = np.ones_like(top) if counts is None else finite("counts", counts, 2)
        if top.shape != (self.seeds, self.prompts) or below.shape != top.shape:
            raise ValueError(
                f"values {top.shape} and counts {below.shape} do not fit draws of {(self.seeds, self.prompts)}"
            )
        if below.sum() == 0:
            return Estimate.undefined("no prompt has a say", 0)
        rows = int((below > 0).any(0).sum())
        value = float(top.sum() / below.sum())
        if self.seeds == self.prompts == 1:
            return Estimate.of(value, None, 1, "a single number has no spread")
        if share and value in (0.0, 1.0) and np.array_equal(top, value * below):
            known = wilson(round(value * rows), rows, level)
            return Estimate.of(value, known.interval, rows)
        return Estimate.of(value, self._interval(top, below, value, level), rows)

    def _interval(self, top: Floats, below: Floats, value: float, level: float) -> Interval:
        drawn = self._mean(top) / np.maximum(self._mean(below), np.finfo(np.float64).tiny)
        drawn = drawn[self._mean(below) > 0]
        tail = ndtr(stdtrit(self._freedom((top - value * below) / below.mean()), (1 - level) / 2))
        low, high = np.quantile(drawn, [tail, 1 - tail])
        return Interval(min(float(low), value), max(float(high), value))

    def _mean(self, values: Floats) -> Floats:
        """The mean in each draw, (draws,)."""
        return np.asarray(((self._of_prompts @ values.T) * self._of_seeds).sum(1), np.float64)

    def _freedom(self, influence: Floats) -> float:
        """Degrees of freedom of the sum of a variance between seeds and one between prompts."""
        parts = [
            (float(np.var(influence.mean(axis), ddof=1)) / size, size - 1)
            for axis, size in ((1, self.seeds), (0, self.prompts))
            if size > 1
        ]
        total = sum(variance for variance, _ in parts)
        if total == 0:
            return float(min(free for _, free in parts))
        return total**2 / sum(variance**2 / free for variance, free in parts)


def _shares(rng: np.random.Generator, draws: int, items: int, picks: int) -> Floats:
    """How much each item counts in each draw, (draws, items), rows that sum to 1."""
    if items == 1:
        return np.ones((draws, 1))
    return np.asarray(rng.multinomial(picks, np.full(items, 1 / items), draws) / picks, np.float64)
