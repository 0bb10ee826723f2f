"""How numbers read: no more digits than the interval supports, true minus signs, honest p-values."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = [
    "MINUS",
    "EstimateText",
    "decimals_for",
    "format_count",
    "format_estimate",
    "format_like",
    "format_p",
    "format_share",
    "format_value",
]

MINUS = "−"
_MAX_DECIMALS = 6
_LONE_DIGITS = 3


class EstimateText(NamedTuple):
    """A number as it reads, and its interval as ``[low, high]`` or an empty text where there is none."""

    estimate: str
    interval: str


def decimals_for(low: float, high: float) -> int:
    """Decimals that an interval of this width supports.

    Two significant digits of its half-width, so that rounding moves a number by at most a twentieth of its own
    uncertainty.
    """
    half = abs(high - low) / 2
    if half == 0 or not math.isfinite(half):
        return _LONE_DIGITS
    return min(max(1 - math.floor(math.log10(half)), 0), _MAX_DECIMALS)


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
    decimals = decimals_for(low, high)
    return EstimateText(_fixed(value, decimals), f"[{_fixed(low, decimals)}, {_fixed(high, decimals)}]")


def format_value(value: float | None, digits: int = _LONE_DIGITS) -> str:
    """One number without an interval, to ``digits`` significant digits, without trailing zeros."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -_MAX_DECIMALS or exponent >= 9:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{_signed(mantissa)} × 10{_superscript(int(power))}"
    decimals = max(digits - 1 - exponent, 0)
    text = _fixed(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_like(value: float, low: float | None, high: float | None) -> str:
    """Another value of the same quantity (a difference), with the decimals of that interval."""
    if low is None or high is None or low == high:
        return format_value(value)
    return _fixed(value, decimals_for(low, high))


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


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    # What rounds to nothing has no sign.
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else _signed(text)


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _superscript(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
