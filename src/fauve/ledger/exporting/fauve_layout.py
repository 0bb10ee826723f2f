"""Our own layout: one table a kind of item, with everything that the ledger says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from fauve.keys import canonical_json
from fauve.ledger.queries import StoredItem, items
from fauve.ledger.store import Ledger
from fauve.records import SLOTS, ImageRef

__all__ = ["IMAGE", "TABLES", "fauve_rows", "fauve_schema", "image_cell"]

TABLES = {"pair": "pairs", "contrast": "contrasts", "edit": "edits", "portrait": "portraits", "picture": "pictures"}
"""Kind of item → its table."""

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""A picture as Hugging Face datasets hold it."""

_SELECTIONS = pa.list_(pa.struct([("selector", pa.string()), ("choice", pa.string()), ("source", pa.string())]))
_RATINGS = pa.list_(
    pa.struct([(name, pa.string()) for name in ("rater", "choice", "shown_first")] + [("seconds", pa.float64())])
)
_SCORES = pa.list_(
    pa.struct(
        [(name, pa.string()) for name in ("scorer", "source", "image", "prompt", "outcome")] + [("value", pa.float64())]
    )
)
_JUDGED = pa.list_(
    pa.struct([(name, pa.string()) for name in ("judge", "image", "dimension", "outcome")] + [("value", pa.float64())])
)
_CREDITS = pa.list_(pa.struct([("image", pa.string()), ("credit", pa.string()), ("licence", pa.string())]))


def fauve_schema(kind: str) -> pa.Schema:
    """Columns of the table of a kind; groups and notes are JSON text, as their keys differ from row to row."""
    images, prompts = SLOTS[kind]
    text = [(name, pa.string()) for name in ("id", "study", "generator")]
    said = [(f"prompt_{slot}", pa.string()) for slot in prompts]
    seen = [(f"image_{slot}", IMAGE) for slot in images]
    more = [
        ("dimensions", pa.list_(pa.string())),
        ("groups", pa.string()),
        ("notes", pa.string()),
        ("selections", _SELECTIONS),
        ("ratings", _RATINGS),
        ("scores", _SCORES),
        ("judged", _JUDGED),
        ("credits", _CREDITS),
    ]
    return pa.schema([*text, *said, *seen, *more])


def fauve_rows(ledger: Ledger, kind: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Rows of a kind in the order of import, one at a time, each with its size in bytes."""
    for item in items(ledger, kind):
        yield _row(ledger, item)


def image_cell(ledger: Ledger, ref: ImageRef | None) -> dict[str, Any] | None:
    """A picture with its bytes, as they were stored; None where there is none."""
    return None if ref is None else {"bytes": ledger.images.read(ref), "path": f"{ref.sha256}{ref.suffix}"}


def _row(ledger: Ledger, item: StoredItem) -> tuple[dict[str, Any], int]:
    row: dict[str, Any] = {"id": item.id, "study": item.study, "generator": item.generator}
    row |= {f"prompt_{slot}": text for slot, text in item.prompts.items()}
    size = 1000
    for slot, ref in item.images.items():
        cell = image_cell(ledger, ref)
        row[f"image_{slot}"] = cell
        size += 0 if cell is None else len(cell["bytes"])
    row["dimensions"] = list(item.dimensions)
    row["groups"], row["notes"] = canonical_json(item.groups), canonical_json(item.notes)
    row["selections"] = [{"selector": s.selector, "choice": s.choice, "source": s.source} for s in item.selections]
    row["ratings"] = _dicts(
        ledger,
        ("rater", "choice", "shown_first", "seconds"),
        "SELECT rater, choice, shown_first, seconds FROM ratings WHERE item = ? ORDER BY 1",
        item.item,
    )
    row["scores"] = _dicts(
        ledger,
        ("scorer", "source", "image", "prompt", "outcome", "value"),
        "SELECT scorer, source, image_slot, prompt_slot, outcome, value FROM grid WHERE item = ? ORDER BY 1, 2, 3, 4",
        item.item,
    )
    row["judged"] = _dicts(
        ledger,
        ("judge", "image", "dimension", "outcome", "value"),
        "SELECT judge, image_slot, dimension, outcome, value FROM judged WHERE item = ? ORDER BY 1, 2, 3",
        item.item,
    )
    row["credits"] = _dicts(
        ledger,
        ("image", "credit", "licence"),
        "SELECT slot, credit, licence FROM item_images JOIN images ON sha256 = image WHERE item = ? ORDER BY 1",
        item.item,
    )
    return row, size


def _dicts(ledger: Ledger, names: tuple[str, ...], query: str, item: int) -> list[dict[str, Any]]:
    return [dict(zip(names, values, strict=True)) for values in ledger.db.execute(query, (item,))]
