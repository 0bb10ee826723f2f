"""One rule of digits for sentences, tables and charts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.numbers import MINUS, MOST_DECIMALS, decimals_for, fixed
from fauve.report.numbers import format_estimate
from fauve.studies.wording import number


@pytest.mark.parametrize(
    ("value", "bounds", "decimals"),
    [
        (-4.70156, (-5.144, -4.268), 2),
        (1234.5, (1000.0, 1500.0), 0),
        (0.5, (0.5, 0.5), 3),
        (0.5, (None, None), 3),
        (0.0, (None, None), 0),
        (1e-9, (-1e-12, 1e-12), MOST_DECIMALS),
    ],
)
def test_decimals_follow_the_interval_and_without_one_the_value(value, bounds, decimals):
    assert decimals_for(value, *bounds) == decimals


def test_signs_and_thousands():
    assert fixed(-12345.6, 1) == f"{MINUS}12,345.6"
    assert fixed(0.004, 2, signed=True) == fixed(-0.004, 2) == "0.00"
    assert fixed(0.2, 1, signed=True) == "+0.2"


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e4))
def test_sentences_and_tables_write_the_same_number(value, half):
    assert number(value, value - half, value + half) == format_estimate(value, value - half, value + half).estimate
