"""What an estimate is, and the intervals that need no resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from fauve.stats._arrays import Floats, open_share

__all__ = ["Estimate", "Interval", "percentile_interval", "wilson"]

UNDEFINED_SHARE = 0.05
"""Up to this share of draws may be undefined before a percentile interval is."""


class Interval(NamedTuple):
    """Two bounds, ``low <= high``, in the unit of what they bound."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval and the count of rows behind it; never NaN.

    ``value`` is None where the statistic is undefined, ``low`` and ``high`` are None where only the interval
    is; ``reason`` then says why, and is None otherwise.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None

    def __post_init__(self) -> None:
        for number in (self.value, self.low, self.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"an estimate cannot be {number}: say None, and why")
        if (self.low is None or self.value is None) and not self.reason:
            raise ValueError("an estimate that is undefined, or has no interval, needs a reason")

    @classmethod
    def undefined(cls, reason: str, n: int) -> Estimate:
        """No value, because of ``reason``."""
        return cls(None, None, None, n, reason)

    @classmethod
    def of(cls, value: float, interval: Interval | None, n: int, reason: str | None = None) -> Estimate:
        """A value with an interval, or without one because of ``reason``."""
        if interval is None:
            return cls(float(value), None, None, n, reason)
        return cls(float(value), float(interval.low), float(interval.high), n)

    @property
    def interval(self) -> Interval | None:
        """The two bounds, or None."""
        return None if self.low is None or self.high is None else Interval(self.low, self.high)


def wilson(successes: int, n: int, level: float = 0.95) -> Estimate:
    """Share of successes with the score interval of Wilson (1927), for independent trials.

    Unlike a bootstrap it keeps a width at 0 of n and n of n. Undefined for n = 0.

    Raises:
        ValueError: unless ``0 <= successes <= n``.
    """
    open_share("level", level)
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} trials: the count must lie between 0 and the trials")
    if n == 0:
        return Estimate.undefined("no rows", 0)
    z2 = float(ndtri((1 + level) / 2)) ** 2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # The formula meets 0 and 1 exactly in algebra but not in floating point.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Estimate(share, low, high, n)


def percentile_interval(values: Floats, level: float = 0.95) -> Interval | None:
    """Central interval of bootstrap draws, shape (draws,); NaN marks a draw in which nothing could be computed.

    Such draws are left out. None where they are more than 5 % of all, as what is left would then no longer
    stand for the sampling of the data.
    """
    open_share("level", level)
    defined = values[~np.isnan(values)]
    if values.size == 0 or defined.size < (1 - UNDEFINED_SHARE) * values.size:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
