"""What missing items could have changed: bounds of an estimate over everything that they might have been."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from fauve.stats._arrays import finite
from fauve.stats.intervals import Interval

__all__ = ["mean_bounds", "share_bounds"]


def share_bounds(successes: int, observed: int, missing: int) -> Interval | None:
    """Share of successes if all missing items had failed, and if all had succeeded.

    None where nothing was asked for at all (``observed + missing == 0``).

    Raises:
        ValueError: for negative counts or more successes than observed items.
    """
    if not 0 <= successes <= observed or missing < 0:
        raise ValueError(f"{successes} successes of {observed} observed and {missing} missing: no such counts")
    asked = observed + missing
    return Interval(successes / asked, (successes + missing) / asked) if asked else None


def mean_bounds(values: ArrayLike, missing: int, low: float, high: float) -> Interval | None:
    """Mean if every missing value had been ``low``, and if every one had been ``high``.

    Args:
        values: what was observed, shape (n,), each in [low, high].
        missing: how many values are not there.
        low: least possible value.
        high: greatest possible value.

    Returns:
        The bounds, or None where nothing was asked for at all.

    Raises:
        ValueError: for a value outside [low, high], bounds that are not finite or in order, a negative count.
    """
    observed = finite("values", values)
    if not (math.isfinite(low) and math.isfinite(high) and low <= high) or missing < 0:
        raise ValueError(f"bounds {low} to {high} with {missing} missing: finite bounds in order are needed")
    if observed.size and (observed.min() < low or observed.max() > high):
        raise ValueError(f"values reach from {observed.min()} to {observed.max()}, outside {low} to {high}")
    asked = observed.size + missing
    if asked == 0:
        return None
    total = float(observed.sum())
    return Interval((total + missing * low) / asked, (total + missing * high) / asked)
