"""What a design can find: the error of a mean over clustered rows, and the smallest effect that would be detected."""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from fauve.stats._arrays import factorise, finite, open_share, same_length

__all__ = ["cluster_standard_error", "design_effect", "detectable_effect"]


def cluster_standard_error(values: ArrayLike, clusters: ArrayLike) -> float | None:
    """Standard error of the mean of ``values``, shape (n,), robust to dependence within ``clusters``, shape (n,).

    CR1: the sandwich over clusters times G/(G − 1), as for a regression on a constant alone. With each row its own
    cluster it is the plain standard error, sd / √n. None for fewer than two clusters.
    """
    rows = finite("values", values)
    index, groups = factorise("clusters", clusters)
    n = same_length(values=rows, clusters=index)
    if groups < 2:
        return None
    sums = np.bincount(index, weights=rows - rows.mean(), minlength=groups)
    return math.sqrt(groups / (groups - 1) * float(sums @ sums)) / n


def design_effect(values: ArrayLike, clusters: ArrayLike) -> float | None:
    """Variance of the mean over clusters against that of as many independent rows (Kish 1965).

    1 where clusters do not matter; so many times as many rows would be needed. None where either variance is undefined
    or the values do not vary.
    """
    rows = finite("values", values)
    clustered, alone = cluster_standard_error(rows, clusters), cluster_standard_error(rows, np.arange(len(rows)))
    return None if clustered is None or not alone else (clustered / alone) ** 2


def detectable_effect(standard_error: float, clusters: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest distance of a mean from its reference that a two-sided t test finds with this power.

    In the unit of ``standard_error``, that of the mean; the test has ``clusters`` − 1 degrees of freedom. From the
    noncentral distribution of t².

    Raises:
        ValueError: for fewer than 2 clusters, a negative or infinite error, ``alpha`` or ``power`` outside (0, 1), or a
            power not above alpha.
    """
    open_share("alpha", alpha)
    open_share("power", power)
    if clusters < 2 or not math.isfinite(standard_error) or standard_error < 0:
        raise ValueError(
            f"{clusters} clusters with standard error {standard_error}: at least 2 and a finite error are needed"
        )
    if power <= alpha:
        raise ValueError(f"power {power} is not above alpha {alpha}: no effect at all would reach it")
    critical = float(scipy.stats.t.ppf(1 - alpha / 2, clusters - 1))

    def lacking(noncentrality: float) -> float:
        # t squared is F, and SciPy's noncentral t gives NaN at a few degrees of freedom where its F does not.
        return 1 - float(scipy.special.ncfdtr(1, clusters - 1, noncentrality**2, critical**2)) - power

    upper = critical
    while lacking(upper) < 0:
        upper *= 2
    return float(scipy.optimize.brentq(lacking, 0.0, upper, xtol=1e-12)) * standard_error
