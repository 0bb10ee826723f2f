"""The layout of the published datasets: what ``fauve import dataset`` reads, written from a ledger.

A table holds what its dataset has columns for, and says how many items it could not hold. The names of the columns come
from the importer's catalogue, so that there is one place where ours and theirs stand together.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from fauve.keys import canonical_json
from fauve.ledger.exporting.fauve_layout import IMAGE, image_cell
from fauve.ledger.importing.datasets.catalogue import (
    CELLS,
    DATASETS,
    EMOTION_SCORERS,
    JUDGE,
    JUDGED_DIMENSIONS,
    MATCHER_SELECTOR,
    PUBLISHED,
    SELECTORS,
)
from fauve.ledger.queries import StoredItem, items
from fauve.ledger.store import Ledger
from fauve.records import RATED
from fauve.vocabulary import EMOTIONS

__all__ = ["PAPER_TABLES", "PaperTable"]

Rows = Iterator[tuple[dict[str, Any], int]]
Scores = dict[tuple[str, str, str], float]

_CODES = {"tie": -1, "original": 0, "anti": 1}
_GRIDS = {"hpsv2.1": "hpsv2", "hpsv3": "hpsv3", "imagereward": "image_reward"}
"""Our scorer → what their keys of its cells begin with."""

_DERIVED = "blip-l-probability"
"""Follows from the logits that have a column."""

_SIDES = {"original": "original", "anti": "distorted"}
_TEXT, _NUMBER, _WHOLE = pa.string(), pa.float64(), pa.int64()
_NUMBERS = pa.list_(_NUMBER)
_ADJECTIVES = {e.name: e.adjective for e in EMOTIONS.values() if e.negative}


@dataclass(slots=True)
class PaperTable:
    """One dataset as it is written; ``left_out`` counts items that it has no place for, by reason."""

    name: str
    source: str = PUBLISHED
    left_out: Counter[str] = field(default_factory=Counter)

    def schema(self) -> pa.Schema:
        """Its columns."""
        return pa.schema(_SCHEMAS[self.name])

    def rows(self, ledger: Ledger) -> Rows:
        """Its rows, one at a time, each with its size in bytes."""
        if self.name == "emotion-bias":
            yield from _emotion_rows(self, ledger)
            return
        kind, study = _WHERE[self.name]
        for item in items(ledger, kind, study):
            row = _ROWS[self.name](self, ledger, item)
            if row is not None:
                yield row, _size(row)


def _names(dataset: str) -> dict[str, str]:
    return {column.ours: column.theirs for column in DATASETS[dataset].columns}


def _schema(dataset: str, **types: pa.DataType) -> list[tuple[str, pa.DataType]]:
    """Every column of a dataset: pictures as such, the given types, and text."""
    return [(c.theirs, IMAGE if c.picture else types.get(c.ours, _TEXT)) for c in DATASETS[dataset].columns]


def _rater() -> pa.DataType:
    side = pa.struct([("scores", _NUMBERS), ("preds", pa.list_(_WHOLE))])
    return pa.struct([(theirs, side) for theirs in _SIDES.values()])


def _grid_type(scorer: str) -> pa.DataType:
    value = _NUMBERS if scorer == "hpsv3" else _NUMBER
    return pa.struct([(f"{_GRIDS[scorer]}_{cell}", value) for cell in CELLS])


_SCHEMAS: Mapping[str, list[tuple[str, pa.DataType]]] = {
    "benchmark": _schema(
        "benchmark",
        **{scorer: _grid_type(scorer) for scorer in _GRIDS},
        **dict.fromkeys((*SELECTORS, "blip_selection"), _WHOLE),
        **{"judged": _rater(), "blip-l": pa.list_(_NUMBERS)},
    ),
    "emotion-bias": _schema(
        "emotion-bias",
        **{
            f"{a}_{s}{side}": _NUMBERS if s == "hpsv3" else _NUMBER
            for a in _ADJECTIVES.values()
            for s in EMOTION_SCORERS
            for side in ("", "_happy_image")
        },
    ),
    "critique": _schema(
        "critique",
        **{f"{s}_{side}": _NUMBER for s in ("hpsv3", "hpsv2.1", "imagereward") for side in ("faithful", "default")},
    ),
    "photographs": _schema(
        "photographs", categories=pa.list_(_TEXT), human_score=_NUMBER, hpsv3_faithful=_NUMBER, hpsv3_default=_NUMBER
    ),
    "artworks": _schema("artworks", **dict.fromkeys(("hpsv3", "hpsv2.1", "imagereward"), _NUMBER)),
    "visionreward": _schema("visionreward"),
}


def _benchmark(table: PaperTable, ledger: Ledger, item: StoredItem) -> dict[str, Any] | None:
    theirs, notes = _names("benchmark"), item.notes
    if None in item.prompts.values():
        table.left_out["pairs without both prompts"] += 1
        return None
    if any(ref is None and slot not in notes.get("outcomes", {}) for slot, ref in item.images.items()):
        table.left_out["pairs whose second picture was never asked for"] += 1
        return None
    found = _scores(ledger, item, table.source)
    # The columns are a language model's and a matcher's: what people chose has no place in them.
    own = [s for s in item.selections if s.source != RATED]
    chosen = {s.selector: _CODES.get(s.choice) for s in own}
    if table.source != PUBLISHED and own:
        chosen = {SELECTORS["selection"]: _CODES.get(own[0].choice)}
    kept = len(chosen.keys() & {*SELECTORS.values(), MATCHER_SELECTOR})
    _count_homeless(table, ledger, item, found, kept)
    row = {
        "image_original": image_cell(ledger, item.images["original"]),
        "image_anti": image_cell(ledger, item.images["anti"]),
        "prompt_original": item.prompts["original"],
        "prompt_anti": item.prompts["anti"],
        "dimensions": json.dumps(list(item.dimensions)),
        "generator": item.generator,
        "id": item.id,
        **{scorer: _grid(scorer, found, notes) for scorer in _GRIDS},
        "judged": _judged(ledger, item),
        **{column: chosen.get(selector) for column, selector in SELECTORS.items()},
        "blip-l": _logits(found, notes),
        "blip_selection": chosen.get(MATCHER_SELECTOR),
    }
    return {theirs[ours]: value for ours, value in row.items()}


def _count_homeless(table: PaperTable, ledger: Ledger, item: StoredItem, found: Scores, selections: int) -> None:
    """Count what the ledger has of a pair and these columns have no place for."""
    scores = "SELECT count(*) FROM grid WHERE item = ? AND outcome = 'ok'"
    rated = "SELECT count(*) FROM ratings WHERE item = ?"
    on_file, ratings = (ledger.db.execute(query, (item.item,)).fetchone()[0] for query in (scores, rated))
    placed = sum(cell[0] in {*_GRIDS, "blip-l", _DERIVED} for cell in found)
    homeless = {
        "scores of other scorers or sources than its columns have": on_file - placed,
        "selections of others than its columns have": len(item.selections) - selections,
        "ratings of people": ratings,
    }
    table.left_out.update({reason: count for reason, count in homeless.items() if count})


def _grid(scorer: str, found: Scores, notes: Mapping[str, Any]) -> dict[str, Any] | None:
    values = {cell: found.get((scorer, *corner)) for cell, corner in CELLS.items()}
    if not any(value is not None for value in values.values()):
        return None
    sigmas = notes.get("sigma", {}).get(scorer, {})
    if scorer == "hpsv3":
        with_sigma = {cell: sigmas.get(" under ".join(corner)) for cell, corner in CELLS.items()}
        return {f"{_GRIDS[scorer]}_{cell}": _with_sigma(values[cell], with_sigma[cell]) for cell in CELLS}
    return {f"{_GRIDS[scorer]}_{cell}": value for cell, value in values.items()}


def _with_sigma(value: float | None, sigma: float | None) -> list[float] | None:
    if value is None:
        return None
    return [value] if sigma is None else [value, sigma]


def _judged(ledger: Ledger, item: StoredItem) -> dict[str, Any] | None:
    rows = ledger.db.execute(
        "SELECT image_slot, dimension, value FROM judged WHERE item = ? AND judge = ? AND outcome = 'ok'",
        (item.item, JUDGE),
    ).fetchall()
    if not rows:
        return None
    said = {(slot, dimension): value for slot, dimension, value in rows}
    return {
        theirs: {
            "scores": [said.get((slot, d)) for d in JUDGED_DIMENSIONS],
            "preds": item.notes.get("preds", {}).get(slot),
        }
        if item.images[slot] is not None
        else None
        for slot, theirs in _SIDES.items()
    }


def _logits(found: Scores, notes: Mapping[str, Any]) -> list[list[float] | None] | None:
    against = notes.get("no_match_logit", {})
    pairs = [(against.get(slot), found.get(("blip-l", slot, "anti"))) for slot in _SIDES]
    rows = [None if no is None or yes is None else [no, yes] for no, yes in pairs]
    return rows if any(rows) else None


def _emotion_rows(table: PaperTable, ledger: Ledger) -> Rows:
    waiting: dict[str, dict[str, StoredItem]] = {}
    for item in items(ledger, "contrast", "emotion_reward"):
        name, _, emotion = item.id.rpartition("/")
        if "template" not in item.notes or emotion not in _ADJECTIVES:
            table.left_out["contrasts without their template"] += 1
            continue
        three = waiting.setdefault(name, {})
        three[emotion] = item
        if len(three) == len(_ADJECTIVES):
            row = _emotions(table, ledger, name, waiting.pop(name))
            yield row, _size(row)
    table.left_out["contrasts of a template that lacks an emotion"] += sum(map(len, waiting.values()))


def _emotions(table: PaperTable, ledger: Ledger, name: str, three: Mapping[str, StoredItem]) -> dict[str, Any]:
    one = next(iter(three.values()))
    row: dict[str, Any] = {"prompt": one.notes["template"], "index": name}
    row["happy_image"] = image_cell(ledger, one.images["default"])
    for emotion, item in three.items():
        adjective, found = _ADJECTIVES[emotion], _scores(ledger, item, table.source)
        row[f"{adjective}_image"] = image_cell(ledger, item.images["faithful"])
        for theirs, ours in EMOTION_SCORERS.items():
            for slot, ending in (("faithful", ""), ("default", "_happy_image")):
                value = found.get((ours, slot, "prompt"))
                sigma = item.notes.get("sigma", {}).get(ours, {}).get(slot)
                row[f"{adjective}_{theirs}{ending}"] = _with_sigma(value, sigma) if ours == "hpsv3" else value
    return row


def _sided(table: PaperTable, ledger: Ledger, item: StoredItem, dataset: str) -> dict[str, Any]:
    """What a row of critique and one of photographs have in common, by our names of columns."""
    row: dict[str, Any] = {"prompt": item.prompts["prompt"], "id": item.id}
    row |= {slot: image_cell(ledger, ref) for slot, ref in item.images.items()}
    names = _names(dataset)
    for (scorer, slot, _), value in _scores(ledger, item, table.source).items():
        if f"{scorer}_{slot}" in names:
            row[f"{scorer}_{slot}"] = value
    return row


def _critique(table: PaperTable, ledger: Ledger, item: StoredItem) -> dict[str, Any] | None:
    if item.prompts["prompt"] is None:
        table.left_out["contrasts without a prompt"] += 1
        return None
    row = _sided(table, ledger, item, "critique") | {"topic": item.groups.get("topic") or item.notes.get("topic")}
    return {_names("critique")[ours]: value for ours, value in row.items()}


def _photograph(table: PaperTable, ledger: Ledger, item: StoredItem) -> dict[str, Any] | None:
    if item.prompts["prompt"] is None:
        table.left_out["contrasts without a prompt"] += 1
        return None
    category = item.groups.get("category")
    row = _sided(table, ledger, item, "photographs") | {
        "categories": item.notes.get("elements") or ([category] if category else []),
        "clean_prompt": item.notes.get("clean_prompt"),
        "human_score": item.notes.get("human_score"),
    }
    return {_names("photographs")[ours]: value for ours, value in row.items()}


def _artwork(table: PaperTable, ledger: Ledger, item: StoredItem) -> dict[str, Any] | None:
    if item.prompts["prompt"] is None:
        table.left_out["artworks without a caption"] += 1
        return None
    found = _scores(ledger, item, table.source)
    row: dict[str, Any] = {"prompt": item.prompts["prompt"], "id": item.id}
    row |= {name: item.groups.get(name) for name in ("style", "work")}
    row["picture"] = image_cell(ledger, item.images["picture"])
    row |= {s: found.get((s, "picture", "prompt")) for s in ("hpsv3", "hpsv2.1", "imagereward")}
    return {_names("artworks")[ours]: value for ours, value in row.items()}


def _labelled(table: PaperTable, ledger: Ledger, item: StoredItem) -> dict[str, Any] | None:
    del table  # every labelled picture has its place
    names = _names("visionreward")
    picture = image_cell(ledger, item.images["picture"])
    labels = canonical_json(item.notes.get("labels", {}))
    return {names["picture"]: picture, names["labels"]: labels, names["id"]: item.id}


def _scores(ledger: Ledger, item: StoredItem, source: str) -> Scores:
    rows = ledger.db.execute(
        "SELECT scorer, image_slot, prompt_slot, value FROM grid WHERE item = ? AND source = ? AND outcome = 'ok'",
        (item.item, source),
    )
    return {(scorer, image, prompt): value for scorer, image, prompt, value in rows}


def _size(row: Mapping[str, Any]) -> int:
    return 1000 + sum(len(cell["bytes"]) for cell in row.values() if isinstance(cell, dict) and "bytes" in cell)


_ROWS: Mapping[str, Callable[[PaperTable, Ledger, StoredItem], dict[str, Any] | None]] = {
    "benchmark": _benchmark,
    "critique": _critique,
    "photographs": _photograph,
    "artworks": _artwork,
    "visionreward": _labelled,
}

_WHERE: Mapping[str, tuple[str, str | None]] = {
    "benchmark": ("pair", None),
    "critique": ("contrast", "critique"),
    "photographs": ("contrast", "photographs"),
    "artworks": ("picture", "real_art"),
    "visionreward": ("picture", "judge_validation"),
}

PAPER_TABLES: Mapping[str, tuple[str, str | None]] = {**_WHERE, "emotion-bias": ("contrast", "emotion_reward")}
"""Dataset → the kind and study of the items that it holds."""
