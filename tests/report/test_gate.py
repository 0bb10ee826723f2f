"""Conditions on findings."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.errors import ConfigError
from fauve.records import Finding
from fauve.report.gate import as_junit, as_markdown, judge_conditions, parse_condition

ACCURACY = Finding(
    "reward_classification", "accuracy", 0.6, 0.52, 0.68, 200, 0.01, scorer="mine", group={"dimension": "clarity"}
)
POOLED = Finding("reward_classification", "accuracy", 0.6, 0.45, 0.75, 40, 0.0, scorer="mine")
UNDEFINED = Finding("generation", "shift", None, None, None, 0, 1.0, scorer="mine", generator="g", note="no values")
PLAIN = Finding("probe", "area", 0.3, None, None, 5, 0.0, scorer="mine")
ALL = [ACCURACY, POOLED, UNDEFINED, PLAIN]


def outcome(text: str, side: str = "at least") -> str:
    return judge_conditions([parse_condition(text, side)], ALL)[0].outcome  # type: ignore[arg-type]


def test_the_end_of_the_interval_decides() -> None:
    assert outcome("reward_classification.accuracy[scorer=mine,dimension=clarity]=0.5") == "passed"
    assert outcome("reward_classification.accuracy[dimension=clarity,scorer=mine]=0.55") == "failed"
    assert outcome("reward_classification.accuracy[scorer=mine]=0.5") == "failed"
    assert outcome("reward_classification.accuracy[scorer=mine]=0.8", "at most") == "passed"
    assert outcome("reward_classification.accuracy[scorer=mine]=0.7", "at most") == "failed"


def test_keys_that_only_one_number_has_need_not_all_be_named() -> None:
    assert outcome("reward_classification.accuracy[dimension=clarity]=0.5") == "passed"
    assert outcome("probe.area=0.2") == "passed"
    (told,) = judge_conditions(
        [parse_condition("reward_classification.accuracy[dimension=clarity]=0.5", "at least")], ALL
    )
    assert told.said.endswith("it stands at [dimension=clarity,scorer=mine]")
    assert outcome("generation.shift[scorer=mine]=0") == "no number"  # it is meant, and it has none
    assert outcome("reward_classification.accuracy[scorer=mine]=0.5") == "failed"  # the exact one goes before


def test_a_number_without_interval_is_decided_by_its_estimate_and_says_so() -> None:
    verdict = judge_conditions([parse_condition("probe.area[scorer=mine]=0.2", "at least")], ALL)[0]
    assert verdict.outcome == "passed"
    assert "without an interval" in verdict.said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("generation.shift[scorer=mine,generator=g]=0", "not defined: no values"),
        ("reward_clasification.accuracy[scorer=mine]=0.5", "Did you mean 'reward_classification'"),
        ("reward_classification.acuracy[scorer=mine]=0.5", "Did you mean 'accuracy'"),
        ("reward_classification.accuracy=0.5", "could mean 2 numbers: [dimension=clarity,scorer=mine]"),
        (
            "reward_classification.accuracy[scorer=min]=0.5",
            "no accuracy stands at [scorer=min]; 2 stand elsewhere. Nearest: [scorer=mine]",
        ),
    ],
)
def test_what_has_no_number_is_neither_passed_nor_failed(text: str, said: str) -> None:
    verdict = judge_conditions([parse_condition(text, "at least")], ALL)[0]
    assert verdict.outcome == "no number"
    assert said in verdict.said


@pytest.mark.parametrize(
    "text", ["", "accuracy=0.5", "a.b", "a.b[c]=1", "a.b[c=]=1", "a.b=one", "a.b=1.2.3", "a.b[=x]=1"]
)
def test_what_cannot_be_read_is_an_error_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"reward_classification\.accuracy"):
        parse_condition(text, "at least")


@given(low=st.floats(-5, 5), width=st.floats(0, 3), bound=st.floats(-6, 6))
def test_a_condition_and_its_opposite_never_both_pass_strictly_inside(low: float, width: float, bound: float) -> None:
    finding = Finding("s", "m", low + width / 2, low, low + width, 3, 0.0)
    least = judge_conditions([parse_condition(f"s.m={bound:.6f}", "at least")], [finding])[0]
    most = judge_conditions([parse_condition(f"s.m={bound:.6f}", "at most")], [finding])[0]
    read = float(f"{bound:.6f}")
    assert (least.outcome == "passed") == (low >= read)
    assert (most.outcome == "passed") == (low + width <= read)


def test_the_files_for_build_servers_count_and_escape() -> None:
    texts = [
        "reward_classification.accuracy[scorer=mine]=0.9",
        "probe.area[scorer=mine]=0.1",
        "probe.area[scorer=<x>]=1",
    ]
    verdicts = judge_conditions([parse_condition(text, "at least") for text in texts], ALL)
    suite = ET.fromstring(as_junit(verdicts))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert [child.tag for case in suite for child in case] == ["failure", "system-out", "error"]
    table = as_markdown(verdicts).splitlines()
    assert len(table) == 5
    assert [line.split("|")[1].strip() for line in table[2:]] == ["✗ failed", "✓ passed", "? no number"]
