"""No more digits than the interval supports."""

from __future__ import annotations

import pytest

from fauve.records import Finding
from fauve.studies.wording import count, interval, leading, number, range_percent, where_from


def finding(estimate, low, high, n=8, **where):
    return Finding("study", "accuracy", estimate, low, high, n, 0.0, **where)


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (-4.70156, -5.144, -4.268, "−4.70"),
        (-0.0364516, -0.0403, -0.0327, "−0.0365"),
        (19.63125, 18.15, 21.07, "19.6"),
        (1234.5, 1000.0, 1500.0, "1,234"),
        (0.00001, -0.01, 0.01, "0.000"),
        (0.0, 0.0, 0.0, "0"),
        (0.5, None, None, "0.500"),
    ],
)
def test_digits_follow_the_interval(value, low, high, text):
    assert number(value, low, high) == text


def test_signs():
    assert number(0.2, 0.1, 0.3, signed=True) == "+0.20"
    assert number(-0.0001, -0.5, 0.5, signed=True) == "0.00"


def test_shares_as_counts():
    f = finding(0.0, 0.0, 0.3244)
    assert f"{count(f)} photographs ({range_percent(f)})" == "0 of 8 photographs (95 % interval 0–32 %)"
    assert count(finding(0.29, 0.2, 0.4, n=3000)) == "870 of 3,000"


def test_a_finding_without_interval_says_so():
    f = finding(0.5, None, None)
    assert range_percent(f) == interval(f) == "no interval"


def test_leading_prefers_models_and_puts_the_lowest_first():
    found = [
        finding(0.9, 0.8, 1.0, scorer="mps"),
        finding(0.1, 0.0, 0.2, scorer="random"),
        finding(0.2, 0.1, 0.3, scorer="hpsv3"),
        finding(0.0, 0.0, 0.1, scorer="hpsv3", group={"source": "published"}),
    ]
    assert [f.scorer for f in leading(found)] == ["hpsv3", "mps"]
    assert [f.scorer for f in leading(found[1:2])] == ["random"]


def test_who_made_the_pictures():
    assert where_from(finding(0.5, 0, 1, generator="nano-banana")) == " by Nano Banana"
    assert where_from(finding(0.5, 0, 1, generator="stimuli")) == " of stimuli"
    assert where_from(finding(0.5, 0, 1)) == ""
