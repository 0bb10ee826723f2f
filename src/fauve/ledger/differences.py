"""In what an item differs from the one of the same name that the ledger has: for the message of a conflict."""

from __future__ import annotations

import sqlite3

from fauve.keys import canonical_json
from fauve.records import Item

__all__ = ["differing_parts"]


def differing_parts(db: sqlite3.Connection, number: int, item: Item) -> list[str]:
    """The parts in which ``item`` differs from item ``number``, as words for a sentence; at least one."""
    had = {
        "prompts": _slots(db, "SELECT slot, text FROM item_prompts LEFT JOIN prompts USING (prompt)", number),
        "images": _slots(db, "SELECT slot, image FROM item_images", number),
        "selection": db.execute("SELECT selector, choice, source FROM selections WHERE item = ?", (number,)).fetchone(),
    }
    columns = ("dimensions", "groups", "notes")
    row = db.execute(f"SELECT {', '.join(columns)} FROM items WHERE item = ?", (number,)).fetchone()
    had |= dict(zip(columns, row, strict=True))
    chosen = item.selection
    now = {
        "prompts": dict(item.prompts),
        "images": dict(item.images),
        "selection": None if chosen is None else (chosen.selector, chosen.choice, chosen.source),
        "dimensions": canonical_json(item.dimensions),
        "groups": canonical_json(item.groups),
        "notes": canonical_json(item.notes),
    }
    return [part for part in now if now[part] != had[part]] or ["scores"]


def _slots(db: sqlite3.Connection, query: str, number: int) -> dict[str, str | None]:
    return dict(db.execute(f"{query} WHERE item = ?", (number,)).fetchall())
