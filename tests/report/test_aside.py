"""A call that another process answers: what it gives, what it says when it fails, and what it leaves behind."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest

from fauve.errors import FauveError
from fauve.report.aside import Aside


def test_what_another_process_gives_is_what_the_call_gives() -> None:
    with Aside("it could not be told", math.gcd, 84, 36) as aside:
        assert aside.take() == math.gcd(84, 36)


def test_what_went_wrong_there_is_said_here() -> None:
    with (
        Aside("the report's charts could not be drawn", json.loads, "{") as aside,
        pytest.raises(FauveError, match=r"charts could not be drawn .*JSONDecodeError.*build the report again"),
    ):
        aside.take()


def test_files_of_the_folder_one_stands_in_are_not_taken_for_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('a file of the user')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Aside("it could not be told", json.loads, "[1]") as aside:
        assert aside.take() == [1]


def test_what_nobody_takes_leaves_no_process_behind() -> None:
    with Aside("it could not be told", time.sleep, 600) as aside:
        process = aside.process
        assert process is not None
        assert process.poll() is None
    assert process.poll() is not None
