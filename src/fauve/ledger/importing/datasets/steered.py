"""Rows of the steered sets as pairs of which only the anti image is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fauve.ledger.importing.datasets.brought import Brought, Call, Row, away, plain
from fauve.ledger.store import Ledger, prompt_id
from fauve.records import PromptPair

__all__ = ["Steered"]


class Steered:
    """Pairs whose plain prompt, dimensions and id are those of a pair on file that asks for the same.

    The sets say what was asked for and what was to be kept away, and not from which plain prompt it came. A pair in the
    ledger with the same anti prompt knows; without one the plain prompt is not known and stays empty.
    """

    def __init__(self, call: Call, ledger: Ledger) -> None:
        self._call, self._ledger = call, ledger
        self._alone = 0
        self._used: set[str] = set()
        self._generator = next(iter(call.generators.values()), call.dataset.generator) or ""

    def row(self, row: Row) -> Iterable[Brought]:
        """One pair."""
        asked, anti = row.text("prompt"), row.picture("image_anti")
        found = self._same_request(asked)
        self._alone += found is None
        pictures = {"anti": anti}
        notes: dict[str, Any] = away(pictures) | {
            name: plain(row.cells[column])
            for column, name in (("negative", "negative"), ("method", "method"))
            if row.cells.get(column) is not None
        }
        # Two generators may number their pairs otherwise, so that two of these rows meet pairs of one id.
        name = found["id"] if found and found["id"] not in self._used else f"row {row.number}"
        self._used.add(name)
        item = PromptPair(
            id=name,
            generator=self._generator,
            prompts={"original": found["original"] if found else None, "anti": asked},
            images={"original": None, "anti": anti.sha256},
            dimensions=tuple(found["dimensions"]) if found else (),
            notes=notes,
        )
        return [Brought(row.where, item)]

    def end(self) -> Iterable[Brought]:
        """Nothing more."""
        return ()

    @property
    def notices(self) -> list[str]:
        """How many rows could not be joined with a pair."""
        if not self._alone:
            return []
        return [
            f"{self._alone:,} rows ask for what no pair on file asks for: their plain prompts and dimensions are "
            "not known. Import the benchmark into the same directory first"
        ]

    def _same_request(self, asked: str) -> Mapping[str, Any] | None:
        row = self._ledger.db.execute(
            "SELECT i.id, i.dimensions, t.text FROM item_prompts a JOIN items i ON i.item = a.item AND i.kind = 'pair' "
            "JOIN item_prompts o ON o.item = i.item AND o.slot = 'original' JOIN prompts t ON t.prompt = o.prompt "
            "WHERE a.slot = 'anti' AND a.prompt = ? AND i.generator <> ? ORDER BY i.item LIMIT 1",
            (prompt_id(asked), self._generator),
        ).fetchone()
        return None if row is None else {"id": row[0], "dimensions": json.loads(row[1]), "original": row[2]}
