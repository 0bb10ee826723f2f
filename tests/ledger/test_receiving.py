"""Where something from outside is refused, a directory is as it was before."""

from __future__ import annotations

from pathlib import Path

import pytest

from fauve.errors import DataError, LedgerLocked
from fauve.ledger import Ledger
from fauve.ledger.receiving import receiving


def refused(directory: Path) -> None:
    with pytest.raises(DataError), receiving(directory):
        raise DataError("no")


def test_a_directory_that_was_not_there_is_not_there_again(tmp_path: Path) -> None:
    refused(tmp_path / "new" / "run")
    assert list(tmp_path.iterdir()) == []


def test_files_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine", encoding="utf-8")
    refused(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_a_ledger_that_was_there_stays(tmp_path: Path) -> None:
    Ledger(tmp_path, write=True).close()
    before = (tmp_path / "ledger.sqlite").read_bytes()
    refused(tmp_path)
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


def test_who_finds_another_at_work_removes_nothing(tmp_path: Path) -> None:
    with Ledger(tmp_path, write=True):
        with pytest.raises(LedgerLocked), receiving(tmp_path):
            pass
        assert (tmp_path / "ledger.sqlite").is_file()


def test_what_is_taken_in_is_kept(tmp_path: Path) -> None:
    with receiving(tmp_path / "run") as ledger:
        ledger.add_prompt("a dog")
    with Ledger(tmp_path / "run") as again:
        assert again.db.execute("SELECT text FROM prompts").fetchall() == [("a dog",)]
