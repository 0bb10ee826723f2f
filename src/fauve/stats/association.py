"""Correlation of two columns, with interval and p value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import ndtri

from fauve.stats._arrays import Floats, finite, open_share, same_length
from fauve.stats.intervals import Interval

__all__ = ["Correlation", "CorrelationMethod", "RankRegression", "correlation", "rank_regression"]

CorrelationMethod = Literal["pearson", "spearman", "kendall"]

FEWEST = 4
"""Rows below which no correlation is given: with three, any order comes up by chance once in six."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation coefficient in [−1, 1] with interval and two-sided p; None where undefined, with reason."""

    method: CorrelationMethod
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RankRegression:
    """Straight line through the mid-ranks of two columns: rank(y) ≈ intercept + slope · rank(x).

    Without ties the slope is Spearman's ρ. ``low`` and ``high`` bound the slope; None where undefined, with
    reason.
    """

    slope: float | None
    intercept: float | None
    low: float | None
    high: float | None
    r_squared: float | None
    p_value: float | None
    n: int
    reason: str | None = None


def correlation(
    x: ArrayLike, y: ArrayLike, method: CorrelationMethod = "spearman", *, level: float = 0.95
) -> Correlation:
    """Pearson's r, Spearman's ρ or Kendall's τ-b of two columns of shape (n,).

    The interval is that of Fisher's z, with the standard error of z as usual for Pearson, 1/√(n − 3); for
    Spearman √((1 + ρ²/2)/(n − 3)) (Bonett and Wright 2000); for Kendall √(0.437/(n − 4)) (Fieller, Hartley and
    Pearson 1957), which needs five rows. It takes rows as independent. At exactly ±1 it has no width to give and is
    None. The p value is SciPy's.

    Undefined with fewer than four rows, or where a column does not vary.
    """
    open_share("level", level)
    left, right = finite("x", x), finite("y", y)
    n = same_length(x=left, y=right)
    compute = {
        "pearson": scipy.stats.pearsonr,
        "spearman": scipy.stats.spearmanr,
        "kendall": scipy.stats.kendalltau,
    }.get(method)
    if compute is None:
        raise ValueError(f"there is no correlation {method!r}: pearson, spearman or kendall")
    problem = _problem(left, right)
    if problem:
        return Correlation(method, None, None, None, None, n, problem)
    if method == "pearson":
        left, right = _unit(left), _unit(right)
    result = compute(left, right)
    value = float(np.clip(result.statistic, -1.0, 1.0))
    interval, reason = _fisher(value, n, method, level)
    low, high = interval if interval else (None, None)
    return Correlation(method, value, low, high, float(result.pvalue), n, reason)


def rank_regression(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> RankRegression:
    """Least squares on mid-ranks, as published for original score against shift (p from Student's t, n − 2)."""
    open_share("level", level)
    left, right = finite("x", x), finite("y", y)
    n = same_length(x=left, y=right)
    problem = _problem(left, right)
    if problem:
        return RankRegression(None, None, None, None, None, None, n, problem)
    line = scipy.stats.linregress(scipy.stats.rankdata(left), scipy.stats.rankdata(right))
    half = float(scipy.stats.t.ppf((1 + level) / 2, n - 2)) * float(line.stderr)
    slope = float(line.slope)
    return RankRegression(
        slope=slope,
        intercept=float(line.intercept),
        low=slope - half,
        high=slope + half,
        r_squared=float(line.rvalue) ** 2,
        p_value=float(line.pvalue),
        n=n,
    )


def _problem(x: Floats, y: Floats) -> str | None:
    if len(x) < FEWEST:
        return f"n = {len(x)} is too small for a correlation (at least {FEWEST})"
    for name, column in (("x", x), ("y", y)):
        if np.all(column == column[0]):
            return f"{name} does not vary"
    return None


def _unit(column: Floats) -> Floats:
    """The column from its median in units of its reach: same r, and no sum of squares over- or underflows."""
    off = column - np.median(column)
    unit: Floats = off / np.abs(off).max()
    return unit


def _fisher(value: float, n: int, method: CorrelationMethod, level: float) -> tuple[Interval | None, str | None]:
    if abs(value) >= 1.0 - 1e-15:
        return None, "the correlation is perfect: Fisher's z has no interval"
    if method == "kendall" and n < 5:
        return None, "four rows are too few for the interval of Kendall's tau"
    variance = {
        "pearson": 1 / (n - 3),
        "spearman": (1 + value**2 / 2) / (n - 3),
        "kendall": 0.437 / max(1, n - 4),
    }[method]
    z, half = math.atanh(value), float(ndtri((1 + level) / 2)) * math.sqrt(variance)
    return Interval(math.tanh(z - half), math.tanh(z + half)), None
