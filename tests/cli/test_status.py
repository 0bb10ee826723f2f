"""What ``fauve status`` and ``fauve retry`` say of requests for pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.engine.toy_painter import CALLS, REFUSED

from fauve.cli.status import retry, status
from fauve.engine.progress import Silent
from fauve.engine.run import execute
from fauve.settings import RunSettings

PAINTER = "tests.engine.toy_painter:Painter"


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    row = {"id": "a", "prompt_original": "a cat", "prompt_anti": "a cat, dark", "dimensions": []}
    (tmp_path / "prompts.jsonl").write_text(json.dumps(row), encoding="utf-8")
    line = {"id": "baker", "template": "a baker who looks [emotion]"}
    (tmp_path / "emotion.jsonl").write_text(json.dumps(line), encoding="utf-8")
    plan = {
        "prompts": {"file": tmp_path / "prompts.jsonl"},
        "emotion": {"file": tmp_path / "emotion.jsonl", "edits": True},
        "generators": [PAINTER],
        "edits": [{"generator": PAINTER, "of": PAINTER}],
        "scorers": ["polish"],
        "judges": [],
        "engine": {"workers": 1},
    }
    REFUSED.update({"fearful", "very sad"})
    execute(RunSettings.model_validate(plan), tmp_path / "run", Silent())
    yield tmp_path / "run"
    REFUSED.clear()
    CALLS.clear()


def test_status_tells_items_requests_and_reasons(out: Path) -> None:
    told = CliRunner().invoke(status, [str(out)]).output.splitlines()
    for line in (
        "1 pairs by painter",
        "2 edits by painter",
        "4 portraits by painter",
        "3 contrasts of emotion_reward",
        "generator painter: 6 requests: 5 ok, 1 refused",
        "editor painter: 5 requests: 3 ok, 2 refused",
        "    2 × not allowed",
    ):
        assert line in told


def test_retry_counts_failed_pictures_and_failed_edits(out: Path) -> None:
    assert "Forgot 3 failed values" in CliRunner().invoke(retry, [str(out)]).output
    assert CliRunner().invoke(retry, [str(out)]).output == "Nothing failed.\n"
