"""Tests of paired differences against no difference. All are two-sided and take independent differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from fauve.stats._arrays import Floats, finite, flags, same_length

__all__ = [
    "HypothesisTest",
    "ZeroMethod",
    "mcnemar",
    "paired_t_test",
    "sign_flip_test",
    "sign_test",
    "wilcoxon_signed_rank",
]

ZeroMethod = Literal["wilcox", "pratt", "zsplit"]
"""What Wilcoxon's test does with zero differences: leave them out, rank them and then leave them out, split them."""

EXACT_UP_TO = 16
"""Differences up to which the sign-flip test visits all 2^n flips (65,536)."""

SIGN_BLOCK = 2**21
"""Signs held at once in the seeded sign-flip test."""


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """A test by name, with its statistic and two-sided p value.

    ``n`` counts the differences that went in. Where the test is undefined ``statistic`` and ``p_value`` are
    None and ``reason`` says why.
    """

    name: str
    statistic: float | None
    p_value: float | None
    n: int
    reason: str | None = None


def wilcoxon_signed_rank(differences: ArrayLike, zero_method: ZeroMethod = "wilcox") -> HypothesisTest:
    """Wilcoxon signed-rank test; the statistic is the smaller rank sum.

    The default leaves zero differences out. The p value is exact for small samples and normal otherwise, as
    SciPy's ``method="auto"`` has it.
    """
    values = finite("differences", differences)
    name = f"Wilcoxon signed-rank ({zero_method})"
    if not values.any():
        return _undefined(name, values)
    result = scipy.stats.wilcoxon(values, zero_method=zero_method)
    return HypothesisTest(name, float(result.statistic), float(result.pvalue), values.size)


def paired_t_test(differences: ArrayLike) -> HypothesisTest:
    """Student's t test of a zero mean difference."""
    values = finite("differences", differences)
    name = "paired t"
    if values.size < 2:
        return HypothesisTest(name, None, None, values.size, "fewer than two pairs")
    if np.all(values == values[0]):
        return HypothesisTest(name, None, None, values.size, "the differences do not vary")
    average = values.mean()
    t = float(average / (values.std(ddof=1) / np.sqrt(values.size)))
    return HypothesisTest(name, t, float(2 * scipy.stats.t.sf(abs(t), values.size - 1)), values.size)


def sign_test(differences: ArrayLike) -> HypothesisTest:
    """Exact binomial test that positive and negative differences are equally likely; zeros are left out.

    The statistic is the count of positive differences.
    """
    values = finite("differences", differences)
    positive, negative = int((values > 0).sum()), int((values < 0).sum())
    if positive + negative == 0:
        return _undefined("sign", values)
    p = scipy.stats.binomtest(positive, positive + negative).pvalue
    return HypothesisTest("sign", float(positive), float(p), values.size)


def sign_flip_test(differences: ArrayLike, *, draws: int = 10_000, seed: int = 0) -> HypothesisTest:
    """Permutation test of a zero mean: under the null each difference is as likely with the other sign.

    Up to 16 differences all sign patterns are visited and p is exact. Above, ``draws`` seeded patterns are, and
    p = (1 + as extreme) / (1 + draws), which is never 0 (Phipson and Smyth 2010). The statistic is the mean.
    """
    values = finite("differences", differences)
    if not values.any():
        return _undefined("sign flip", values)
    observed = abs(float(values.sum()))
    # Equal sums in another order of addition differ by rounding and must still count as equal.
    threshold = observed - 1e-12 * float(np.abs(values).sum())
    if values.size <= EXACT_UP_TO:
        patterns = (np.arange(2**values.size)[:, None] >> np.arange(values.size)) & 1
        p = float((np.abs((1.0 - 2.0 * patterns) @ values) >= threshold).mean())
        return HypothesisTest("sign flip (exact)", float(values.mean()), p, values.size)
    extreme = _extreme_flips(values, threshold, draws, seed)
    return HypothesisTest("sign flip", float(values.mean()), (1 + extreme) / (1 + draws), values.size)


def mcnemar(first_correct: ArrayLike, second_correct: ArrayLike, *, mid_p: bool = False) -> HypothesisTest:
    """McNemar's exact test that two classifiers are right equally often on the same rows.

    The statistic is the smaller count of rows on which only one of the two is right. ``mid_p`` counts the
    observed table at half, which is less conservative (Fagerland, Lydersen and Laake 2013).
    """
    first, second = flags("first_correct", first_correct), flags("second_correct", second_correct)
    n = same_length(first_correct=first, second_correct=second)
    name = "McNemar (mid-p)" if mid_p else "McNemar (exact)"
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    discordant, smaller = only_first + only_second, min(only_first, only_second)
    if discordant == 0:
        return HypothesisTest(name, None, None, n, "the two never differ")
    p = min(1.0, 2 * float(scipy.stats.binom.cdf(smaller, discordant, 0.5)))
    if mid_p:
        at = float(scipy.stats.binom.pmf(smaller, discordant, 0.5))
        p = 1.0 if only_first == only_second else p - at
    return HypothesisTest(name, float(smaller), p, n)


def _extreme_flips(values: Floats, threshold: float, draws: int, seed: int) -> int:
    rng = np.random.Generator(np.random.PCG64(seed))
    step = max(1, SIGN_BLOCK // values.size)
    extreme = 0
    for start in range(0, draws, step):
        signs = rng.integers(0, 2, size=(min(step, draws - start), values.size), dtype=np.int8)
        extreme += int((np.abs((2.0 * signs - 1.0) @ values) >= threshold).sum())
    return extreme


def _undefined(name: str, values: Floats) -> HypothesisTest:
    return HypothesisTest(name, None, None, values.size, "no pairs" if values.size == 0 else "all differences are zero")
