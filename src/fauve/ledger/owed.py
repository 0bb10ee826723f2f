"""What is asked for minus what the ledger has: the rows that an adapter still owes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fauve.ledger.store import Ledger

__all__ = ["Owed", "owed_cells", "owed_dimensions"]


@dataclass(frozen=True, slots=True)
class Owed:
    """Rows (image, subject) in the order of the items, and how many rows are on file already.

    ``subject`` is a prompt's id for a scorer and a dimension's name for a judge.
    """

    rows: tuple[tuple[str, str], ...]
    done: int


def owed_cells(ledger: Ledger, adapter: str, limit: int | None = None, scope: Sequence[str] = ()) -> Owed:
    """Every image of every item under every prompt of that item.

    ``limit`` looks at the first so many items, ``scope`` (shell patterns) at items of generators that match one.
    """
    asked = (
        "SELECT i.image AS image, p.prompt AS subject, min(i.item) AS first FROM item_images i "
        "JOIN item_prompts p USING (item) WHERE i.image IS NOT NULL AND p.prompt IS NOT NULL AND i.item IN "
        f"({_items(scope)}) GROUP BY 1, 2"
    )
    had = "SELECT 1 FROM cells c WHERE c.adapter = ? AND c.image = asked.image AND c.prompt = asked.subject"
    return _owed(ledger, asked, had, (adapter, *scope, _rows(limit)))


def owed_dimensions(
    ledger: Ledger, adapter: str, dimensions: Sequence[str], limit: int | None = None, scope: Sequence[str] = ()
) -> Owed:
    """Every image of every item on every dimension that the judge sees; ``limit`` and ``scope`` as for cells."""
    if not dimensions:
        return Owed((), 0)
    asked = (
        f"SELECT i.image AS image, d.column1 AS subject, min(i.item) AS first FROM item_images i, "
        f"(VALUES {', '.join('(?)' for _ in dimensions)}) d "
        f"WHERE i.image IS NOT NULL AND i.item IN ({_items(scope)}) GROUP BY 1, 2"
    )
    had = (
        "SELECT 1 FROM dimension_scores s WHERE s.adapter = ? AND s.image = asked.image AND s.dimension = asked.subject"
    )
    return _owed(ledger, asked, had, (adapter, *dimensions, *scope, _rows(limit)))


def _items(scope: Sequence[str]) -> str:
    """The items to look at: a query with a place for each pattern and one for the limit."""
    chosen = " OR ".join("generator GLOB ?" for _ in scope)
    return f"SELECT item FROM items {f'WHERE {chosen}' if scope else ''} ORDER BY item LIMIT ?"


def _owed(ledger: Ledger, asked: str, had: str, bound: tuple[object, ...]) -> Owed:
    rows = ledger.db.execute(
        f"SELECT image, subject, EXISTS ({had}) FROM ({asked}) asked ORDER BY first, image, subject", bound
    ).fetchall()
    owed = tuple((image, subject) for image, subject, there in rows if not there)
    return Owed(owed, len(rows) - len(owed))


def _rows(limit: int | None) -> int:
    return -1 if limit is None else limit  # SQLite reads a negative LIMIT as none
