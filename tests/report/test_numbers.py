from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.report.numbers import (
    format_count,
    format_estimate,
    format_like,
    format_p,
    format_share,
    format_value,
)

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((-4.70213, -5.131, -4.276), ("−4.70", "[−5.13, −4.28]")),
        ((-0.03604, -0.0403, -0.0317), ("−0.0360", "[−0.0403, −0.0317]")),
        ((0.0, 0.0, 0.324), ("0.00", "[0.00, 0.32]")),
        ((12345.678, 11000.0, 13600.0), ("12,346", "[11,000, 13,600]")),
        ((0.5, 0.5, 0.5), ("0.5", "[0.5, 0.5]")),
        ((-0.0001, -0.4, 0.4), ("0.00", "[−0.40, 0.40]")),
        ((-19.634, None, None), ("−19.6", "")),
        ((None, None, None), ("–", "")),
    ],
)
def test_digits_are_those_that_the_interval_supports(numbers: tuple[float, ...], shown: tuple[str, str]) -> None:
    assert format_estimate(*numbers) == shown


@given(FINITE, st.floats(1e-4, 1e5), st.floats(1e-4, 1e5))
def test_rounding_moves_a_number_by_a_twentieth_of_its_uncertainty_at_most(
    value: float, below: float, above: float
) -> None:
    shown = format_estimate(value, value - below, value + above).estimate
    read = float(shown.replace("−", "-").replace(",", ""))
    assert abs(read - value) <= max((below + above) / 2 / 19, 5e-7)
    assert "-" not in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-9.78, "−9.78"),
        (0.2822265, "0.282"),
        (13.0, "13"),
        (0.42, "0.42"),
        (1234567.0, "1,234,567"),
        (3.2e-9, "3.20 × 10⁻⁹"),
        (-4e12, "−4.00 × 10¹²"),
    ],
)
def test_lone_values(value: float, shown: str) -> None:
    assert format_value(value) == shown


def test_a_difference_has_the_decimals_of_the_interval() -> None:
    assert format_like(-0.0142, 0.24, 0.34) == "−0.014"
    assert format_like(0.0142, 0.0, 0.9) == "0.01"


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.0, "< 0.001"), (0.000999, "< 0.001"), (0.001, "0.001"), (0.0486, "0.049"), (1.0, "1.000"), (None, "–")],
)
def test_p_values(p: float | None, shown: str) -> None:
    assert format_p(p) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.00001, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.0133, "1.3 %"), (0.5, "50 %")],
)
def test_a_share_that_is_not_nothing_never_reads_as_nothing(share: float, shown: str) -> None:
    assert format_share(share) == shown


def test_counts() -> None:
    assert format_count(1234567) == "1,234,567"
    assert format_count(-3) == "−3"
