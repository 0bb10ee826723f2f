"""How numbers read in tables and charts: value and interval, honest p-values and shares.

How many digits they have is said in :mod:`fauve.numbers`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from fauve.numbers import LONE_DIGITS, MINUS, MOST_DECIMALS, decimals_for, fixed

__all__ = [
    "EstimateText",
    "format_count",
    "format_estimate",
    "format_like",
    "format_p",
    "format_share",
    "format_value",
]


class EstimateText(NamedTuple):
    """A number as it reads, and its interval as ``[low, high]`` or an empty text where there is none."""

    estimate: str
    interval: str


def format_estimate(value: float | None, low: float | None, high: float | None) -> EstimateText:
    """Value and interval, both with the decimals that the interval supports.

    Without an interval the value has three significant digits. What is undefined reads ``–``.
    """
    if value is None:
        return EstimateText("–", "")
    if low is None or high is None:
        return EstimateText(format_value(value), "")
    if low == high:
        lone = format_value(value)
        return EstimateText(lone, f"[{format_value(low)}, {format_value(high)}]")
    decimals = decimals_for(value, low, high)
    return EstimateText(fixed(value, decimals), f"[{fixed(low, decimals)}, {fixed(high, decimals)}]")


def format_value(value: float | None, digits: int = LONE_DIGITS) -> str:
    """One number without an interval, to ``digits`` significant digits, without trailing zeros."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < LONE_DIGITS - 1 - MOST_DECIMALS or exponent >= 9:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{_signed(mantissa)} × 10{_superscript(int(power))}"
    text = fixed(value, decimals_for(value, digits=digits))
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_like(value: float, low: float | None, high: float | None) -> str:
    """Another value of the same quantity (a difference), with the decimals of that interval."""
    if low is None or high is None or low == high:
        return format_value(value)
    return fixed(value, decimals_for(value, low, high))


def format_p(p: float | None) -> str:
    """A p-value: three decimals, and below a thousandth only that."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_share(share: float) -> str:
    """A share in per cent; what is not nothing never reads as nothing, nor what is not all as all."""
    if share in {0.0, 1.0}:
        return f"{share * 100:.0f} %"
    percent = share * 100
    if percent < 0.1:
        return "< 0.1 %"
    if percent > 99.9:
        return "> 99.9 %"
    return f"{percent:.1f} %" if percent < 10 or percent > 90 else f"{percent:.0f} %"


def format_count(count: int) -> str:
    """A whole number with commas at the thousands."""
    return _signed(f"{count:,}")


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _superscript(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
