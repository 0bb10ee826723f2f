"""Findings from estimates: what is missing, notes, and Holm's correction within families."""

from __future__ import annotations

import pytest

from fauve.records import Finding, Test
from fauve.stats.intervals import Estimate, Interval
from fauve.stats.multiplicity import holm
from fauve.stats.paired_tests import HypothesisTest
from fauve.studies.stating import Address, corrected, state


def finding(p, metric="accuracy", scorer="s", generator=None, **group):
    test = Test("sign", p) if p is not None else None
    return Finding("study", metric, 0.5, 0.4, 0.6, 10, 0.0, scorer, generator, group, test)


def adjusted(findings):
    return [f.test.p_adjusted if f.test else None for f in corrected(findings)]


def test_one_metric_over_scorers_is_a_family():
    ps = [0.01, 0.04, 0.03]
    assert adjusted([finding(p, scorer=f"s{k}") for k, p in enumerate(ps)]) == pytest.approx(holm(ps))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"metric": "margin"}),
        ({}, {"dimension": "clarity"}),
        ({}, {"generator": "sdxl"}),
        ({"prompt": "anti"}, {"prompt": "original"}),
        ({"unit": "raw"}, {"unit": "sd"}),
        ({"judge": "one"}, {"judge": "other"}),
    ],
)
def test_what_separates_families(one, other):
    assert adjusted([finding(0.01, **one), finding(0.03, **other)]) == [0.01, 0.03]


def test_groups_of_one_kind_share_a_family():
    found = adjusted([finding(0.01, dimension="clarity"), finding(0.03, dimension="richness"), finding(None)])
    assert found == [0.02, 0.03, None]


def test_missing_is_the_share_of_what_was_asked():
    made = state(Address("study"), "accuracy", Estimate.of(0.5, Interval(0.2, 0.8), 6), asked=8)
    assert (made.n, made.missing) == (6, 0.25)
    assert state(Address("study"), "accuracy", Estimate.undefined("no rows", 0), asked=0).missing == 0.0


def test_reasons_and_notes_are_joined_and_undefined_tests_left_out():
    nothing = HypothesisTest("sign", None, None, 0, "no pairs")
    made = state(Address("study"), "margin", Estimate.undefined("no rows", 0), asked=3, test=nothing, notes=["", "why"])
    assert made.note == "no rows; why"
    assert made.test is None
    assert made.missing == 1.0


def test_adding_groups_leaves_the_address_alone():
    where = Address("study", "s", group={"judge": "eye"})
    assert dict(where.at(dimension="clarity").group) == {"judge": "eye", "dimension": "clarity"}
    assert dict(where.group) == {"judge": "eye"}
