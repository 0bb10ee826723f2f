from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fauve.errors import DataError
from fauve.lab.experiments.claims import CLAIMS, verdict
from fauve.lab.experiments.docs import rewritten
from fauve.lab.experiments.store import Results, read_results, stored_results
from fauve.lab.experiments.tables import BLOCKS
from fauve.records import Finding

PAGE = Path(__file__).parents[3] / "docs" / "lab.md"


def test_the_page_has_the_numbers_that_are_stored() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rewritten(text, stored_results()) == text, "run `fauve lab tables --write docs/lab.md`"


def test_every_block_stands_on_the_page_once() -> None:
    named = re.findall(r"<!-- numbers: ([\w-]+) -->", PAGE.read_text(encoding="utf-8"))
    assert sorted(named) == sorted(BLOCKS)


def test_a_page_that_drifted_is_put_right_and_a_wrong_mark_is_said() -> None:
    page = "before\n<!-- numbers: grid -->\n0.99\n<!-- end -->\nafter\n"
    put = rewritten(page, {})
    assert "0.99" not in put
    assert put.startswith("before\n")
    assert put.endswith("after\n")
    assert rewritten(put, {}) == put
    with pytest.raises(DataError, match="gird"):
        rewritten(page.replace("grid", "gird"), {})


def finding(low: float, high: float, note: str | None = None) -> Finding:
    return Finding("lab", "honoured_difference", (low + high) / 2, low, high, 300, 0.0, note=note)


def test_a_claim_stands_only_where_its_whole_interval_does() -> None:
    below, above = CLAIMS[0], next(c for c in CLAIMS if c.above and c.null == 0)
    half = next(c for c in CLAIMS if not c.above and c.null == 0.5)
    assert [verdict(below, finding(*x)) for x in ((-0.3, -0.1), (-0.1, 0.1), (0.1, 0.3))] == [
        "stands",
        "unresolved",
        "refuted",
    ]
    assert [verdict(above, finding(*x)) for x in ((0.1, 0.3), (-0.1, 0.1), (-0.3, -0.1))] == [
        "stands",
        "unresolved",
        "refuted",
    ]
    assert [verdict(half, finding(*x)) for x in ((0.2, 0.3), (0.4, 0.6), (0.6, 0.7))] == [
        "stands",
        "unresolved",
        "refuted",
    ]
    assert verdict(below, None) == "not done"
    assert verdict(below, finding(-0.3, -0.1, "VOID: a random reward loses 0.1")) == "void"
    assert verdict(below, replace(finding(-0.3, -0.1), low=None, high=None)) == "unresolved"


def test_claims_ask_for_findings_that_exist() -> None:
    stored = stored_results()
    for claim in CLAIMS:
        if (
            claim.experiment in stored
            and stored[claim.experiment].head["jobs_done"] == stored[claim.experiment].head["jobs_planned"]
        ):
            assert stored[claim.experiment].one(claim.metric, knob=None, **claim.where), claim.sentence


def test_results_that_are_none_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no results"):
        read_results(tmp_path / "none.json")
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="no file of results"):
        read_results(tmp_path / "x.json")
    assert stored_results(tmp_path / "nowhere") == {}
    assert isinstance(Results({"experiment": "x"}, ()).name, str)
