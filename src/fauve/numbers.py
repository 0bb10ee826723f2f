"""How many digits a number has when it is written, for sentences, tables and charts alike."""

from __future__ import annotations

import math

__all__ = ["LONE_DIGITS", "MINUS", "MOST_DECIMALS", "decimals_for", "fixed"]

MINUS = "−"
MOST_DECIMALS = 6
LONE_DIGITS = 3
"""Significant digits of a number that has no interval."""


def decimals_for(
    value: float, low: float | None = None, high: float | None = None, *, digits: int = LONE_DIGITS
) -> int:
    """Decimals that a value deserves.

    With an interval: two significant digits of its half-width, so that rounding moves a number by at most a twentieth
    of its own uncertainty. Without one, or with one that has no width: ``digits`` significant digits of the value.
    Whole numbers with whole bounds (ranks, counts) have none.
    """
    half = abs(high - low) / 2 if low is not None and high is not None else 0.0
    if half > 0 and math.isfinite(half):
        if low is not None and high is not None and all(float(x).is_integer() for x in (value, low, high)):
            return 0
        return _bounded(1 - math.floor(math.log10(half)))
    return _bounded(digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def fixed(value: float, decimals: int, *, signed: bool = False) -> str:
    """A number with so many decimals, commas at the thousands and a true minus; what rounds to nothing has no sign."""
    text = f"{value:+,.{decimals}f}" if signed else f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return text.lstrip("+-")
    return text.replace("-", MINUS)


def _bounded(decimals: int) -> int:
    return min(max(decimals, 0), MOST_DECIMALS)
