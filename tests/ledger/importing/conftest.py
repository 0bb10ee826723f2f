from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fauve.errors import ImportRejected
from fauve.ledger import Ledger, queries


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows (objects, or text or bytes as they are) to a JSON Lines file in the folder of this test."""

    def write(*rows: Any, name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        raw = [
            row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode()
            for row in rows
        ]
        path.write_bytes(b"".join(row + b"\n" for row in raw))
        return path

    return write


@pytest.fixture
def pair(photo_bytes: Callable[..., bytes], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A row of pairs.jsonl with images, changed as asked."""
    for seed, name in enumerate(("o.png", "a.png")):
        (tmp_path / name).write_bytes(photo_bytes(seed))

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "id": "1",
            "generator": "sdxl",
            "prompt_original": "a dog",
            "prompt_anti": "a blurred dog",
            "dimensions": ["clarity"],
            "image_original": "o.png",
            "image_anti": "a.png",
            "selection": "anti",
            "scores": [{"scorer": "hpsv3", "image": "anti", "prompt": "anti", "value": -1.5, "source": "published"}],
        } | changes

    return make


@pytest.fixture
def contrast(pair: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A row of contrasts.jsonl with the images of ``pair``, changed as asked."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "id": "1",
            "study": "photographs",
            "prompt": "a blurred dog",
            "faithful": "a.png",
            "default": "o.png",
            "groups": {"category": "clarity_and_focus.intentional_blur"},
            "scores": [{"scorer": "hpsv3", "image": "faithful", "value": -9.5, "source": "published"}],
        } | changes

    return make


def snapshot(ledger: Ledger) -> list[str]:
    """Everything that the ledger holds, as SQL, and the picture files beside it."""
    files = [str(path.relative_to(ledger.directory)) for path in sorted((ledger.directory / "images").glob("*/*"))]
    return [*ledger.db.iterdump(), *files]


@pytest.fixture
def rejection(ledger: Ledger) -> Callable[..., ImportRejected]:
    """Runs an import that must be rejected, checks that the ledger is as before, and returns the error."""

    def run(importer: Callable[..., Any], *arguments: Any, **options: Any) -> ImportRejected:
        before = snapshot(ledger)
        with pytest.raises(ImportRejected) as caught:
            importer(ledger, *arguments, **options)
        assert snapshot(ledger) == before, "a rejected import left something behind"
        assert not ledger.db.in_transaction
        error = caught.value
        assert len(error.remedy) >= 10, error.remedy
        assert error.remedy[-1] in ".?:'", error.remedy
        assert "Nothing of this file was imported." in str(error)
        return error

    return run


@pytest.fixture
def only(ledger: Ledger) -> Callable[[], queries.StoredItem]:
    """The one item that the ledger has."""

    def find() -> queries.StoredItem:
        (item,) = queries.items(ledger)
        return item

    return find
