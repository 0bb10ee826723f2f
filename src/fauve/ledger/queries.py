"""What the ledger can be asked: whole items, the grid of scores as tables, and the state of the work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fauve.ledger.store import Ledger
from fauve.records import COMPUTED, RATED, ImageRef, Selection

__all__ = [
    "NEUTRAL",
    "SELECTION_SCHEMA",
    "StoredItem",
    "adapters",
    "grid",
    "image_ref",
    "image_refs",
    "item_table",
    "items",
    "judge_labels",
    "judged",
    "outcomes",
    "prompt_tokens",
    "prompts",
    "provenance",
    "scopes",
    "selections",
    "stored_items",
]

NEUTRAL = "neutral"
"""Group ``wording`` of pairs whose second prompt is the caption made longer: it asks for nothing, so nobody chooses."""

_RANK = "CASE source WHEN ? THEN 1 WHEN ? THEN 2 ELSE 0 END"
"""Which selections count first: what came with an item, what was computed here, what people rated."""

SELECTION_SCHEMA = {"item": pl.Int64, "selector": pl.String, "choice": pl.String, "source": pl.String}

_GRID_SCHEMA = {
    "item": pl.Int64,
    "scorer": pl.String,
    "source": pl.String,
    "image_slot": pl.String,
    "prompt_slot": pl.String,
    "outcome": pl.String,
    "value": pl.Float64,
}
_JUDGED_SCHEMA = {
    "item": pl.Int64,
    "image_slot": pl.String,
    "judge": pl.String,
    "dimension": pl.String,
    "outcome": pl.String,
    "value": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as the ledger has it, with pictures and prompts resolved."""

    item: int
    kind: str
    study: str
    generator: str
    id: str
    dimensions: tuple[str, ...]
    groups: Mapping[str, str]
    notes: Mapping[str, Any]
    prompts: Mapping[str, str | None]
    images: Mapping[str, ImageRef | None]
    selections: tuple[Selection, ...] = field(default=())


def items(ledger: Ledger, kind: str | None = None, study: str | None = None) -> Iterator[StoredItem]:
    """Every item in the order of import, one at a time (memory does not grow with their number)."""
    where, values = [], []
    for column, value in (("kind", kind), ("study", study)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    query = "SELECT item FROM items" + (f" WHERE {' AND '.join(where)}" if where else "") + " ORDER BY item"
    numbers = [number for (number,) in ledger.db.execute(query, values)]
    for start in range(0, len(numbers), 500):
        yield from stored_items(ledger, numbers[start : start + 500])


def stored_items(ledger: Ledger, numbers: list[int]) -> list[StoredItem]:
    """The items of these numbers, in their order."""
    chosen = json.dumps(numbers)
    many = "IN (SELECT value FROM json_each(?))"
    prompts_of: dict[int, dict[str, str | None]] = {n: {} for n in numbers}
    for item, slot, text in ledger.db.execute(
        f"SELECT item, slot, text FROM item_prompts LEFT JOIN prompts USING (prompt) WHERE item {many}", (chosen,)
    ):
        prompts_of[item][slot] = text
    images_of: dict[int, dict[str, ImageRef | None]] = {n: {} for n in numbers}
    for item, slot, sha, width, height, suffix in ledger.db.execute(
        "SELECT item, slot, sha256, width, height, suffix FROM item_images "
        f"LEFT JOIN images ON sha256 = image WHERE item {many}",
        (chosen,),
    ):
        images_of[item][slot] = None if sha is None else ImageRef(sha, width, height, suffix)
    chosen_in: dict[int, list[Selection]] = {n: [] for n in numbers}
    for item, selector, source, choice in ledger.db.execute(
        f"SELECT item, selector, source, choice FROM selections WHERE item {many} ORDER BY {_RANK}, selector",
        (chosen, COMPUTED, RATED),
    ):
        chosen_in[item].append(Selection(selector, choice, source))
    found: dict[int, StoredItem] = {}
    for item, kind, study, generator, name, dimensions, groups, notes in ledger.db.execute(
        f"SELECT item, kind, study, generator, id, dimensions, groups, notes FROM items WHERE item {many}", (chosen,)
    ):
        found[item] = StoredItem(
            item,
            kind,
            study,
            generator,
            name,
            dimensions=tuple(json.loads(dimensions)),
            groups=json.loads(groups),
            notes=json.loads(notes),
            prompts=prompts_of[item],
            images=images_of[item],
            selections=tuple(chosen_in[item]),
        )
    return [found[number] for number in numbers]


def item_table(ledger: Ledger) -> pl.DataFrame:
    """One row an item: item, kind, study, generator, id, dimensions and groups (JSON), cluster, choice, selector.

    ``cluster`` is the prompt whose sampling intervals must respect: the original prompt of a pair or edit, the prompt
    of a contrast or portrait, or the item's id where no text is on file. Of several selections one that came with the
    item counts before one that was computed here and that before what people selected by their ratings (which often
    cover a part of the items, and a truth that changes from item to item is none); then the first by name.
    """
    rows = ledger.db.execute(
        "SELECT item, kind, study, generator, id, dimensions, groups, coalesce(prompt, 'id:' || id), choice, selector "
        "FROM items LEFT JOIN item_prompts USING (item) "
        f"LEFT JOIN (SELECT item, choice, selector, row_number() OVER (PARTITION BY item ORDER BY {_RANK}, selector) "
        "AS place FROM selections) USING (item) "
        "WHERE slot IN ('original', 'prompt') AND coalesce(place, 1) = 1 ORDER BY item",
        (COMPUTED, RATED),
    ).fetchall()
    text = ("kind", "study", "generator", "id", "dimensions", "groups", "cluster", "choice", "selector")
    return pl.DataFrame(rows, schema={"item": pl.Int64} | dict.fromkeys(text, pl.String), orient="row")


def selections(ledger: Ledger) -> pl.DataFrame:
    """Every selection on file: item, selector, choice (an image slot, or ``tie``), source."""
    rows = ledger.db.execute("SELECT item, selector, choice, source FROM selections ORDER BY item, selector").fetchall()
    return pl.DataFrame(rows, schema=SELECTION_SCHEMA, orient="row")


def scopes(ledger: Ledger, kind: str) -> dict[str, tuple[str, ...]]:
    """The generators (shell patterns) that current models of a kind were asked about; who saw all is left out."""
    rows = ledger.db.execute("SELECT name, scope FROM adapters WHERE kind = ? AND current = 1", (kind,)).fetchall()
    return {name: tuple(json.loads(scope)) for name, scope in rows if scope != "[]"}


def grid(ledger: Ledger) -> pl.DataFrame:
    """Every score on file: item, scorer, source, image_slot, prompt_slot, outcome, value (null unless ok)."""
    columns = ", ".join(_GRID_SCHEMA)
    rows = ledger.db.execute(f"SELECT {columns} FROM grid ORDER BY {columns}").fetchall()
    return pl.DataFrame(rows, schema=_GRID_SCHEMA, orient="row")


def judged(ledger: Ledger) -> pl.DataFrame:
    """Every J(I, d) on file: item, image_slot, judge, dimension, outcome, value in [0, 2] (null unless ok), absolute.

    ``absolute`` is whether the judge's card says that its values mean something by themselves.
    """
    columns = ", ".join(_JUDGED_SCHEMA)
    rows = ledger.db.execute(f"SELECT {columns} FROM judged ORDER BY {columns}").fetchall()
    plain = {entry["name"] for entry in adapters(ledger, "judge") if entry["card"].get("absolute")}
    table = pl.DataFrame(rows, schema=_JUDGED_SCHEMA, orient="row")
    return table.with_columns(pl.col("judge").is_in(sorted(plain)).alias("absolute"))


def prompt_tokens(ledger: Ledger) -> pl.DataFrame:
    """What scorers that count made of each item's prompts: item, prompt_slot, prompt, scorer, tokens, truncated."""
    schema = {
        "item": pl.Int64,
        "prompt_slot": pl.String,
        "prompt": pl.String,
        "scorer": pl.String,
        "tokens": pl.Int64,
        "truncated": pl.Int64,
    }
    rows = ledger.db.execute(
        "SELECT item, slot, prompt, name, tokens, truncated FROM prompt_tokens JOIN adapters USING (adapter) "
        "JOIN item_prompts USING (prompt) WHERE current = 1 ORDER BY item, slot, name"
    ).fetchall()
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("truncated").cast(pl.Boolean))


def provenance(ledger: Ledger, adapter: str) -> list[dict[str, Any]]:
    """What an adapter's values were made with, one entry a run, oldest first."""
    rows = ledger.db.execute("SELECT facts FROM provenance WHERE adapter = ? ORDER BY run", (adapter,))
    return [json.loads(facts) for (facts,) in rows]


def judge_labels(ledger: Ledger) -> pl.DataFrame:
    """Judges' answers on labelled images: judge, image, dimension, expected in [0, 2], argmax, label.

    Those that were imported, and those that a current judge gave here to labelled pictures (argmax: null).
    """
    schema = dict.fromkeys(("judge", "image", "dimension"), pl.String) | {
        "expected": pl.Float64,
        "argmax": pl.Int64,
        "label": pl.Int64,
    }
    columns = ", ".join(schema)
    answered = (
        "SELECT a.name AS judge, d.image AS image, l.key AS dimension, d.value AS expected, NULL AS argmax, "
        "l.value AS label FROM items i, json_each(i.notes, '$.labels') l JOIN item_images m ON m.item = i.item "
        "JOIN dimension_scores d ON d.image = m.image AND d.dimension = l.key AND d.outcome = 'ok' "
        "JOIN adapters a ON a.adapter = d.adapter AND a.current = 1 "
        "WHERE i.kind = 'picture' AND i.study = 'judge_validation'"
    )
    rows = ledger.db.execute(
        f"SELECT {columns} FROM judge_labels UNION {answered} ORDER BY judge, dimension, image"
    ).fetchall()
    return pl.DataFrame(rows, schema=schema, orient="row")


def image_ref(ledger: Ledger, sha256: str) -> ImageRef:
    """The record of a stored picture; raises KeyError where there is none."""
    row = ledger.db.execute("SELECT sha256, width, height, suffix FROM images WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise KeyError(sha256)
    return ImageRef(*row)


def image_refs(ledger: Ledger) -> list[ImageRef]:
    """Every stored picture, by hash."""
    return [
        ImageRef(*row) for row in ledger.db.execute("SELECT sha256, width, height, suffix FROM images ORDER BY sha256")
    ]


def prompts(ledger: Ledger, ids: list[str]) -> dict[str, str]:
    """Texts of these prompts by id."""
    query = "SELECT prompt, text FROM prompts WHERE prompt IN (SELECT value FROM json_each(?))"
    return dict(ledger.db.execute(query, (json.dumps(ids),)).fetchall())


def adapters(ledger: Ledger, kind: str) -> list[dict[str, Any]]:
    """The current models of a kind by name: key, name, settings, card."""
    rows = ledger.db.execute(
        "SELECT adapter, name, settings, card FROM adapters WHERE kind = ? AND current = 1 ORDER BY name", (kind,)
    )
    return [{"adapter": a, "name": n, "settings": json.loads(s), "card": json.loads(c)} for a, n, s, c in rows]


def outcomes(ledger: Ledger) -> pl.DataFrame:
    """How requests ended: kind, name, outcome, reason, count."""
    rows = ledger.db.execute(
        "SELECT kind, name, outcome, reason, count(*) FROM ("
        " SELECT adapter, outcome, reason FROM cells UNION ALL SELECT adapter, outcome, reason FROM dimension_scores"
        ") JOIN adapters USING (adapter) WHERE current = 1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    ).fetchall()
    schema = dict.fromkeys(("kind", "name", "outcome", "reason"), pl.String) | {"count": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
