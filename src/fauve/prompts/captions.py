"""Captions from a file, for rewriters to write anti prompts of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fauve.errors import ImportRejected, suggestion
from fauve.prompts.columns import LAYOUTS, pair_of
from fauve.prompts.sets import _reject, _table, _text_of, read_coco_captions
from fauve.prompts.texts import Caption

__all__ = ["read_captions"]

_TEXT = ("caption", "prompt_original", "original_prompt")
"""Columns that may hold the caption: the first that is there does."""
_COLUMNS = ("id", "theme", "dimensions", *_TEXT)
_READ = (".txt", ".jsonl", ".csv", ".parquet", ".json")


def read_captions(path: Path, count: int | None = None, seed: int = 0) -> list[Caption]:
    """The captions of a file, the first ``count`` of them; of COCO's, so many drawn with ``seed``.

    Text (one caption a line), JSON Lines, CSV or Parquet with the columns ``caption``, and where wished ``id``,
    ``theme`` and ``dimensions``; or COCO's ``captions_*.json``.

    Raises:
        ImportRejected: for the first fault of the file, with row and column.
    """
    suffix = path.suffix.lower()
    if suffix not in _READ:
        _reject(path, None, "captions are not read from such a file", f"Give one ending in {', '.join(_READ)}.")
    if suffix == ".json":
        return read_coco_captions(path, count, seed)
    if suffix == ".txt":
        lines = [line for line in _text_of(path).split("\n") if line.strip()]
        found = [Caption(f"{place:04}", " ".join(line.split())) for place, line in enumerate(lines)]
    else:
        found = _rows(path)
    if not found:
        _reject(path, None, "the file holds no caption", "Give one caption a line or row.")
    return found[:count]


def _rows(path: Path) -> list[Caption]:
    columns, rows = _table(path)
    text = next((name for name in _TEXT if name in columns), None)
    if text is None:
        _reject(path, "caption", "the column is missing", f"This file has {', '.join(columns) or 'none'}.")
    for column in columns:
        if column not in _COLUMNS:
            raise ImportRejected(
                str(path), None, column, "there is no such column", suggestion(column, _COLUMNS).strip()
            )
    found: dict[str, Caption] = {}
    for place, (number, row) in enumerate(rows):
        caption = _caption(path, number, row, text, place)
        if caption.id in found:
            raise ImportRejected(
                str(path), number, "id", f"{caption.id!r} stands in the file already", "Name each caption."
            )
        found[caption.id] = caption
    return list(found.values())


def _caption(path: Path, number: int, row: Mapping[str, Any], text: str, place: int) -> Caption:
    """A row, read by the rules for pairs: an anti prompt that is none stands in for the one to be written."""
    asked = row.get("dimensions") or []
    filled = {**row, "prompt_original": row.get(text), "prompt_anti": "none yet", "dimensions": asked}
    pair = pair_of(str(path), number, filled, LAYOUTS["own"], place)
    return Caption(pair.id, " ".join(pair.original.split()), pair.groups.get("theme"), pair.dimensions)
