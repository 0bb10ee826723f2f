from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fauve.errors import ConfigError, UnknownName
from fauve.models.judges.guidelines import (
    guideline_of,
    own_guidelines,
    read_guidelines,
)
from fauve.vocabulary import DIMENSIONS, dimension

PIXELATED = """
extends = "fauve"
[dimensions.pixelated]
question = "Is the picture made of coarse squares?"
options = [
  { level = 2, says = "no squares" },
  { level = 1, says = "squares can be found" },
  { level = 0, says = "nothing but squares" },
]
"""


def test_every_dimension_has_a_question_with_all_three_levels() -> None:
    own = own_guidelines()
    assert set(own.by_dimension) == set(DIMENSIONS)
    for name in DIMENSIONS:
        text = own.text(name)
        assert f"Quality: {name}." in text
        assert [line[0] for line in text.splitlines()[-3:]] == ["2", "1", "0"]


def test_all_questions_begin_alike_and_none_is_another() -> None:
    texts = [own_guidelines().text(name) for name in DIMENSIONS]
    assert len(set(texts)) == len(texts)
    assert all(text.startswith(own_guidelines().opening) for text in texts)


def test_a_file_may_add_one_dimension_to_the_others(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(PIXELATED)
    read = read_guidelines(file)
    assert "0: nothing but squares" in read.text("pixelated")
    assert read.text("clarity") == own_guidelines().text("clarity")


def test_without_extends_the_others_are_not_there(tmp_path: Path) -> None:
    read = read_guidelines({"dimensions": {"clarity": {"text": "Sharp? 0, 1 or 2"}}})
    assert read.text("clarity") == "Sharp? 0, 1 or 2"
    with pytest.raises(UnknownName, match=r"no guideline in .* called 'emotion'"):
        read.text("emotion")


def test_the_hash_is_of_the_texts_that_are_asked_and_of_nothing_else() -> None:
    own = own_guidelines()
    assert replace(own, name="another").digest(["clarity"]) == own.digest(["clarity"])
    assert own.digest(["clarity"]) != own.digest(["emotion"])
    changed = replace(own, opening=own.opening + "!")
    assert changed.digest(["clarity"]) != own.digest(["clarity"])


def test_what_is_written_is_read_back() -> None:
    own = own_guidelines()
    again = read_guidelines(own.as_plain())
    assert again.hashes(DIMENSIONS) == own.hashes(DIMENSIONS)


def test_a_dimension_of_ones_own_makes_a_guideline() -> None:
    says = {"low": "nothing but squares", "middle": "some squares", "high": "no squares"}
    mine = replace(dimension("clarity"), name="pixelated", **says)
    text = own_guidelines().adding(guideline_of(mine)).text("pixelated")
    assert text.splitlines()[-3:] == ["2: no squares", "1: some squares", "0: nothing but squares"]


def test_a_dimension_that_the_process_knows_is_asked_about_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    before = own_guidelines().hashes(DIMENSIONS)
    mine = replace(dimension("clarity"), name="pixelated", low="squares", middle="some squares", high="no squares")
    monkeypatch.setitem(DIMENSIONS, "pixelated", mine)
    assert read_guidelines(None).text("pixelated").splitlines()[-1] == "0: squares"
    file = {"extends": "fauve", "dimensions": {"clarity": {"text": "how sharp?"}}}
    assert read_guidelines(file).text("pixelated") == own_guidelines().text("pixelated")
    monkeypatch.delitem(DIMENSIONS, "pixelated")
    assert own_guidelines().hashes(DIMENSIONS) == before
    with pytest.raises(UnknownName, match="pixelated"):
        own_guidelines().text("pixelated")


OPTIONS = [{"level": 0, "says": "a"}, {"level": 1, "says": "b"}, {"level": 2, "says": "c"}]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "no dimension"),
        ({"dimension": {}}, "Did you mean 'dimensions'"),
        ({"extends": "others", "dimensions": {"x": {"text": "y"}}}, "extends is 'others'"),
        ({"dimensions": {"x": {"question": "q", "options": OPTIONS[:2]}}}, "no option has level 2"),
        ({"dimensions": {"x": {"question": "q", "options": [{"level": 3, "says": "a"}]}}}, "level of 0, 1 or 2"),
        ({"dimensions": {"x": {"question": "q", "options": [{"level": True, "says": "a"}]}}}, "level of 0, 1 or 2"),
        ({"dimensions": {"x": {"question": "", "options": OPTIONS}}}, "write a question"),
        ({"dimensions": {"x": {"text": "t", "question": "q"}}}, "stands alone"),
        ({"dimensions": {"x": {"text": " "}}}, "something in it"),
        ({"dimensions": {"x": {"questoin": "q"}}}, "Did you mean 'question'"),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_guidelines(table)


def test_a_file_that_is_not_there_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        read_guidelines(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("a = [")
    with pytest.raises(ConfigError, match="no TOML"):
        read_guidelines(tmp_path / "broken.toml")
