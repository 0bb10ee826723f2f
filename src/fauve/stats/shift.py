"""The shift analysis: how much does a score change from the first image to the second, pair by pair?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fauve.stats._arrays import finite, same_length
from fauve.stats.bootstrap import Resampling, cluster_bootstrap, independent_rows
from fauve.stats.intervals import Estimate
from fauve.stats.paired_tests import (
    HypothesisTest,
    ZeroMethod,
    paired_t_test,
    sign_flip_test,
    wilcoxon_signed_rank,
)
from fauve.stats.power import detectable_effect
from fauve.stats.weighted import weighted_effect_size, weighted_mean

__all__ = ["ShiftResult", "difference_in_shifts", "minimum_detectable_effect", "shift"]


@dataclass(frozen=True, slots=True)
class ShiftResult:
    """A paired change over n pairs.

    Attributes:
        n: pairs.
        first: mean before.
        second: mean after.
        shift: mean of second − first.
        increased: share of pairs with second > first.
        effect_size: Cohen's d_z, the mean change over the standard deviation of the changes.
        wilcoxon: Wilcoxon signed-rank test of the mean changes of the clusters.
        t: paired t test of the same, for reference.
        sign_flip: sign-flip permutation test of the mean change, flipping whole clusters.
    """

    n: int
    first: Estimate
    second: Estimate
    shift: Estimate
    increased: Estimate
    effect_size: Estimate
    wilcoxon: HypothesisTest
    t: HypothesisTest
    sign_flip: HypothesisTest


def shift(
    first: ArrayLike,
    second: ArrayLike,
    *,
    draws: Resampling | None = None,
    level: float = 0.95,
    zero_method: ZeroMethod = "wilcox",
) -> ShiftResult:
    """Analyse second − first, rows aligned by key.

    The rows of a cluster are not independent, so each test sees one number a cluster (its mean change; for the
    sign flip its sum, so that the mean over rows is what is tested) and its n counts clusters.

    Args:
        first: scores before, shape (n,).
        second: scores after, shape (n,).
        draws: resampling by prompt; None takes each pair as its own cluster.
        level: of the intervals.
        zero_method: of Wilcoxon's test.

    Raises:
        ValueError: for scores that are not finite, or arrays of different lengths.
    """
    before, after = finite("first", first), finite("second", second)
    n = same_length(first=before, second=after)
    draws = independent_rows(n) if draws is None else draws
    change = after - before
    columns = np.column_stack([before, after, change, after > before])
    mean_before, mean_after, mean_change, increased, effect = cluster_bootstrap(
        draws, weighted_mean(draws, columns), weighted_effect_size(draws, change), level=level
    )
    sums = draws.sums(change[:, None])[:, 0]
    means = draws.means(change)
    # Scaled so that the mean over clusters is the mean over rows.
    flip = sign_flip_test(sums * draws.clusters / max(1, n), draws=draws.draws, seed=draws.seed)
    return ShiftResult(
        n=n,
        first=mean_before,
        second=mean_after,
        shift=mean_change,
        increased=increased,
        effect_size=effect,
        wilcoxon=wilcoxon_signed_rank(means, zero_method),
        t=paired_t_test(means),
        sign_flip=flip,
    )


def difference_in_shifts(
    base_first: ArrayLike,
    base_second: ArrayLike,
    variant_first: ArrayLike,
    variant_second: ArrayLike,
    *,
    draws: Resampling | None = None,
    level: float = 0.95,
) -> ShiftResult:
    """How much more a variant shifts than the base it was aligned from, on the same prompts.

    ``first`` of the result is the base's shift, ``second`` the variant's, ``shift`` their paired difference.

    Args:
        base_first: the base's scores before, shape (n,); all four arrays aligned by key.
        base_second: the base's scores after.
        variant_first: the variant's scores before.
        variant_second: the variant's scores after.
        draws: resampling by prompt; None takes each row as its own cluster.
        level: of the intervals.
    """
    arrays = {
        "base_first": finite("base_first", base_first),
        "base_second": finite("base_second", base_second),
        "variant_first": finite("variant_first", variant_first),
        "variant_second": finite("variant_second", variant_second),
    }
    same_length(**arrays)
    base = arrays["base_second"] - arrays["base_first"]
    variant = arrays["variant_second"] - arrays["variant_first"]
    return shift(base, variant, draws=draws, level=level)


def minimum_detectable_effect(sd: float, n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest mean change that a two-sided paired t test of ``n`` pairs finds with this power.

    In the unit of ``sd``, the standard deviation of the changes; from the noncentral distribution of t².

    Raises:
        ValueError: for fewer than 2 pairs, a negative or infinite ``sd``, ``alpha`` or ``power`` outside (0, 1),
            or a power not above alpha.
    """
    if n < 2 or not math.isfinite(sd) or sd < 0:
        raise ValueError(f"{n} pairs with standard deviation {sd}: at least 2 pairs and a finite sd are needed")
    return detectable_effect(sd / math.sqrt(n), n, alpha, power)
