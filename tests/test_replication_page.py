"""The page of replication leaves nothing out that is published, and names only what exists."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from fauve.cli import COMMANDS
from fauve.ledger.importing.datasets.catalogue import DATASETS
from fauve.studies import STUDIES

PAGE = (Path(__file__).parents[1] / "docs" / "replication.md").read_text("utf-8")
PUBLISHED = json.loads(files("fauve.studies").joinpath("published.json").read_text("utf-8"))
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.split("## Tables and figures")[1].split("## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| published ")
]
PAPER = {"table1", "table2", "table4", "table5", "table6", "table7", "table8", "table9", "reference"}


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_every_published_source_has_a_row_with_its_study() -> None:
    listed = {(key, study) for _, keys, study, *_ in ROWS for key in quoted(keys) for study in quoted(study)}
    stated = {(fact["source"], fact["study"]) for fact in PUBLISHED["facts"]}
    assert listed == stated
    assert {key for key, _ in listed} >= PAPER
    assert f"`{PUBLISHED['preference_accuracy']['source']}`" in PAGE


@pytest.mark.parametrize("number", range(1, 10))
def test_every_table_of_the_paper_is_there(number: int) -> None:
    assert any(re.match(rf"Table {number}\b", row[0]) for row in ROWS)


@pytest.mark.parametrize("number", [5, 8, 9, 11])
def test_every_figure_with_numbers_is_there(number: int) -> None:
    assert any(f"Figure {number}" in row[0] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_row_is_complete_and_names_what_exists(row: list[str]) -> None:
    assert len(row) == 6
    assert all(row)
    # Ratings by people are no study of their own until there are any.
    assert set(quoted(row[2])) <= STUDIES.keys()
    for command in (text for text in quoted(row[3]) if text.startswith("fauve ")):
        words = command.split()
        assert words[1] in COMMANDS
        if words[1:3] == ["import", "dataset"]:
            named = words[words.index("--as") + 1] if "--as" in words else words[3]
            assert named in DATASETS
        if words[1] == "study":
            assert words[2] in STUDIES


def test_studies_and_words_of_the_text_exist() -> None:
    named = {name for name in quoted(PAGE) if re.fullmatch(r"[a-z]+_[a-z]+|sensitivity|truncation|circularity", name)}
    named -= {"table6_judge", "text_hpdv3", "site_table", "rank_regression", "photographs_category", "human_agreement"}
    assert named <= STUDIES.keys()
    assert "agrees" in PAGE.lower()
    assert "not comparable" in PAGE.lower()
