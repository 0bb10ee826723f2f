"""Requests that were cut are counted once each, and accuracy is stated apart for those read whole."""

from __future__ import annotations

import pytest

from fauve.studies import truncation


def found(evidence):
    return {
        (f.metric, f.scorer, f.generator, tuple(sorted(f.group.items()))): f for f in truncation.STUDY.analyse(evidence)
    }


@pytest.fixture
def evidence(made):
    """Ten pairs: `short` cuts requests 0–5 and is wrong on all of them, right on the others; `long` cuts none."""
    build = made()
    for k in range(10):
        item = build.pair(choice="anti")
        cut = k < 6
        build.score(item, "short", oa=1.0, aa=0.0 if cut else 2.0)
        build.score(item, "long", oa=1.0, aa=2.0)
        for scorer, truncated in (("short", cut), ("long", False)):
            build.count(item, scorer, "anti", f"request {k}", 60 if truncated else 20, truncated)
            build.count(item, scorer, "original", f"plain {k % 2}", 9, False)
    return build.evidence()


def test_share_of_distinct_prompts_that_were_cut(evidence):
    findings = found(evidence)
    cut = findings["truncated", "short", None, (("prompt", "request"),)]
    assert (cut.estimate, cut.n, cut.missing) == (0.6, 10, 0.0)
    assert cut.low < 0.6 < cut.high
    assert cut.note == "tokens of a prompt before cutting: median 60, most 60"
    plain = findings["truncated", "short", None, (("prompt", "plain"),)]
    assert (plain.estimate, plain.n) == (0.0, 2)


def test_accuracy_is_stated_for_whole_and_for_cut_requests(evidence):
    findings = found(evidence)
    whole = findings["accuracy", "short", None, (("items", "all others"), ("prompts", "read whole"))]
    cut = findings["accuracy", "short", None, (("items", "all others"), ("prompts", "cut"))]
    assert (whole.estimate, whole.n) == (1.0, 4)
    assert (cut.estimate, cut.n) == (0.0, 6)


def test_a_scorer_that_cut_nothing_is_not_split(evidence):
    assert not [key for key in found(evidence) if key[1] == "long" and key[0] != "truncated"]


def test_who_cut_the_most_is_said_first(evidence):
    said = truncation.STUDY.sentences(truncation.STUDY.analyse(evidence))
    assert said[0].startswith("short cut 6 of 10 requests short (95 % interval ")
    assert "in 4 of 4 (all others" in said[1]


def test_nothing_to_say_without_counts(made):
    build = made()
    build.score(build.pair(), "silent", aa=1.0, oa=0.0)
    assert truncation.STUDY.analyse(build.evidence()) == []
    assert truncation.STUDY.sentences([]) == []
