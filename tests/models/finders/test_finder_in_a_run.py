"""``[emotion] finder`` with a real detector, from portraits to the scores of faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.engine.toy_painter import CALLS
from tests.models.finders.tiny_detectors import write_detector

from fauve import api
from fauve.ledger import Ledger, queries
from fauve.models.weights import RANDOM_MARK
from fauve.settings import RunSettings


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path / "detector"
    write_detector(folder)
    (folder / RANDOM_MARK).touch()
    # the name leads to the folder, as it would to the hub
    monkeypatch.setattr("fauve.models.weights._cached", lambda source, files, revision: _in(folder, files))
    monkeypatch.setattr("fauve.models.pretrained.AutoTokenizer", _From(folder))
    return folder


class _From:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def from_pretrained(self, *_: Any, **__: Any) -> Any:
        from transformers import BertTokenizer  # noqa: PLC0415

        return BertTokenizer.from_pretrained(self._folder)


def _in(folder: Path, files: Any) -> Path | None:
    return next((folder / file for file in files if (folder / file).is_file()), None)


def run(tmp_path: Path, finder: Any) -> list[queries.StoredItem]:
    templates = tmp_path / "emotion.jsonl"
    templates.write_text(json.dumps({"id": "baker", "template": "a close view of a baker who looks [emotion]"}))
    plan = RunSettings.model_validate(
        {
            "emotion": {"file": templates, "finder": finder},
            "generators": ["tests.engine.toy_painter:Painter"],
            "scorers": ["polish"],
            "judges": [],
            "engine": {"workers": 1},
        }
    )
    CALLS.clear()
    out = tmp_path / "run"
    api.run(plan, out)
    assert str(tmp_path) not in (out / "run.toml").read_text()
    CALLS.clear()
    again = api.run(plan, out)
    assert (CALLS, again.summary.did_nothing) == ([], True)
    with Ledger(out) as ledger:
        return list(queries.items(ledger, "portrait"))


def test_llmdet_finds_the_faces_of_a_run_by_its_name(detector: Path, tmp_path: Path) -> None:
    options = {"threshold": 0.0, "margin": 10.0}  # the toy pictures have 16 pixels a side
    items = run(tmp_path, {"name": "llmdet", "options": options, "dtype": "bfloat16"})
    assert len(items) == 4
    for item in items:
        assert item.groups["finder"] == "llmdet (random weights)"
        assert (item.notes["face"], item.images["face"] is not None) == ("found", True), item.notes.get("reason")
        assert 0 < item.notes["face_score"] < 1
    with Ledger(tmp_path / "run") as ledger:
        scored = ledger.db.execute(
            "SELECT count(*) FROM grid WHERE image_slot = 'face' AND prompt_slot = 'emotion'"
        ).fetchone()[0]
    assert scored == 4


def test_that_no_box_is_sure_enough_is_an_answer(detector: Path, tmp_path: Path) -> None:
    items = run(tmp_path, {"name": f"grounding:{detector}", "options": {"threshold": 1.0}})
    for item in items:
        assert item.groups["finder"] == "grounding:detector (random weights)"
        assert (item.notes["face"], item.notes["outcome"], item.images["face"]) == ("no face", "ok", None)
