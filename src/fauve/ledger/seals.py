"""Seals: what a run recorded and what was imported, as digests, so that a value that was altered by hand is found.

The seal of a run covers every answer with outcome ok that it recorded; such an answer is never replaced by Fauve, while
one that failed may be asked for again. One seal covers everything that came from outside. Whoever alters a value and
the seal beside it is not found: a seal guards against accidents and quick edits, not against forgers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from fauve.ledger.store import Ledger

__all__ = ["BrokenSeal", "broken_seals", "imports_are_altered", "seal_imports", "seal_run", "seal_runs"]

_ANSWERS = {
    "cells": "adapter, image, prompt, value",
    "dimension_scores": "adapter, image, dimension, value",
    "generations": "adapter, prompt, draw, image, facts",
    "edits": "adapter, input, prompt, arm, draw, image, facts",
    "choices": "adapter, item, turned, choice, facts",
    "rewritings": "rewriter, request, anti, negative, facts",
}

_LATER = frozenset({"rewritings"})
"""Tables that older seals do not know: they count where they have rows."""


_IMPORTED = {
    "imported_scores": ("item, scorer, source, image_slot, prompt_slot, value", ""),
    "selections": (
        "item, selector, source, choice",
        "WHERE source NOT IN ('computed', 'ratings') AND selector <> 'construction'",
    ),
    "ratings": ("item, rater, choice, shown_first, seconds", ""),
    "judge_labels": ("judge, image, dimension, expected, argmax, label", ""),
}
"""What came from outside: columns, and which rows (what follows from other rows is not among them)."""

_ITEMS = (
    ("item, kind, study, generator, id, dimensions, groups, notes", ""),
    ("item, slot, image", "JOIN item_images USING (item)"),
    ("item, slot, prompt", "JOIN item_prompts USING (item)"),
)
"""What an item is: columns, and what is joined to the items for them."""


@dataclass(frozen=True, slots=True)
class BrokenSeal:
    """A run whose answers are not those that it recorded; ``command`` and ``started`` say which run it was."""

    run: int
    command: str
    started: str


def seal_run(ledger: Ledger, run: int) -> None:
    """Put the seal on a run that has ended."""
    with ledger.transaction() as db:
        db.execute("UPDATE runs SET seal = ? WHERE run = ?", (_digest(ledger, run), run))


def seal_runs(ledger: Ledger) -> None:
    """Put the seal on runs that never ended: what they left behind is what the next one goes on from."""
    for (run,) in ledger.db.execute("SELECT run FROM runs WHERE seal IS NULL").fetchall():
        seal_run(ledger, run)


def broken_seals(ledger: Ledger) -> tuple[list[BrokenSeal], int]:
    """The runs whose seal does not fit what is on file, and how many runs have no seal yet."""
    rows = ledger.db.execute("SELECT run, command, started, seal FROM runs ORDER BY run").fetchall()
    broken = [
        BrokenSeal(run, command, started)
        for run, command, started, seal in rows
        if seal is not None and seal != _digest(ledger, run)
    ]
    return broken, sum(seal is None for *_, seal in rows)


def seal_imports(ledger: Ledger) -> None:
    """Put the seal on everything that was imported so far; every import ends with it."""
    with ledger.transaction() as db:
        db.execute("DELETE FROM import_seals")
        items = db.execute("SELECT coalesce(max(item), 0) FROM items").fetchone()[0]
        names = db.execute(
            "SELECT DISTINCT generator FROM items WHERE generator NOT IN "
            "(SELECT name FROM adapters WHERE kind IN ('generator', 'editor')) ORDER BY 1"
        )
        covered = json.dumps([name for (name,) in names])
        db.execute(
            "INSERT INTO import_seals VALUES (?, ?, ?)", (_imports_digest(ledger, items, covered), items, covered)
        )


def imports_are_altered(ledger: Ledger) -> bool:
    """Whether there is a seal on imports and it does not fit what is on file."""
    row = ledger.db.execute("SELECT seal, items, generators FROM import_seals").fetchone()
    return row is not None and row[0] != _imports_digest(ledger, row[1], row[2])


def _imports_digest(ledger: Ledger, items: int, generators: str) -> str:
    """Digest of what came in; of items those up to ``items`` by ``generators`` (JSON), which no run replaces."""
    found = hashlib.sha256()
    lasting = (
        "item <= ? AND generator IN (SELECT value FROM json_each(?)) AND kind NOT IN ('edit', 'portrait') "
        "AND notes ->> 'editor' IS NULL"
    )
    for columns, joined in _ITEMS:
        found.update(columns.encode())
        query = f"SELECT {columns} FROM items {joined} WHERE {lasting} ORDER BY {columns}"
        for row in ledger.db.execute(query, (items, generators)):
            found.update(repr(tuple(row)).encode())
    for table, (columns, only) in _IMPORTED.items():
        found.update(table.encode())
        for row in ledger.db.execute(f"SELECT {columns} FROM {table} {only} ORDER BY {columns}"):
            found.update(repr(tuple(row)).encode())
    return found.hexdigest()


def _digest(ledger: Ledger, run: int) -> str:
    found = hashlib.sha256()
    for table, columns in _ANSWERS.items():
        # repr of a float keeps every digit, and the rows come in the order of their key
        query = f"SELECT {columns} FROM {table} WHERE run = ? AND outcome = 'ok' ORDER BY {columns}"
        rows = ledger.db.execute(query, (run,)).fetchall()
        if rows or table not in _LATER:
            found.update(table.encode())
        for row in rows:
            found.update(repr(tuple(row)).encode())
    return found.hexdigest()
