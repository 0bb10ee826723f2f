"""Ratings in CSV or Parquet: what people chose between the two images of pairs and contrasts that the ledger has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from fauve.ledger.choices import SIDES
from fauve.ledger.importing.addresses import item_of
from fauve.ledger.importing.rows import Name, Row, Where, validated
from fauve.ledger.importing.tables import Columns, read_table
from fauve.ledger.ratings import add_ratings
from fauve.ledger.seals import seal_imports
from fauve.ledger.store import Added, Ledger
from fauve.records import Rating

__all__ = ["import_ratings"]

_COLUMNS = Columns(
    required=("kind", "id", "rater", "choice"), optional=("study", "generator", "shown_first", "seconds")
)


class _RatingLine(Row):
    kind: Literal["pair", "contrast"]
    id: Name
    rater: Name
    choice: Name
    study: Name | None = None
    generator: Name | None = None
    shown_first: Name | None = None
    seconds: float | None = Field(default=None, ge=0)


def import_ratings(ledger: Ledger, path: Path) -> Added:
    """Take in a table of ratings: all of it or nothing.

    Columns: ``kind`` (``pair`` or ``contrast``), ``generator`` (of a pair), ``study`` (of a contrast), ``id``,
    ``rater`` (a code), ``choice`` (``original`` or ``anti`` of a pair, ``faithful`` or ``default`` of a contrast, or
    ``tie``), and where they are known ``shown_first`` (the slot of the image that came first) and ``seconds``. Who did
    not answer has no row.

    Args:
        ledger: opened to write; it has the items.
        path: a ``.csv`` (commas, UTF-8) or ``.parquet`` file. Lines of Parquet are its rows, counted from 1.

    Returns:
        How many ratings are new, and how many the ledger had.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
        LedgerConflict: when the ledger has another choice of a rater on an item.
    """
    with ledger.transaction():
        added = add_ratings(ledger, _ratings(ledger, path))
        seal_imports(ledger)
    return added


def _ratings(ledger: Ledger, path: Path) -> Iterator[tuple[int, Rating, str]]:
    seen: dict[tuple[int, str], int | None] = {}
    for where, cells in read_table(path, _COLUMNS, numbers=("seconds",), empty="Who did not answer has no row."):
        row = validated(_RatingLine, {**cells, "rater": str(cells["rater"]).strip()}, where)
        _check_slots(row, where)
        item = item_of(ledger, where, row.kind, row.id, study=row.study, generator=row.generator)
        first = seen.setdefault((item, row.rater), where.line)
        if first != where.line:
            where.reject("rater", f"{row.rater!r} has rated this item in line {first} already", "Keep one of them.")
        yield item, Rating(row.rater, row.choice, row.shown_first, row.seconds), str(where)


def _check_slots(row: _RatingLine, where: Where) -> None:
    slots = SIDES[row.kind][:2]
    wanted: list[tuple[str, Any, tuple[str, ...]]] = [("choice", row.choice, (*slots, "tie"))]
    if row.shown_first is not None:
        wanted.append(("shown_first", row.shown_first, slots))
    for field, given, known in wanted:
        if given not in known:
            where.reject_unknown(field, f"{field.replace('_', ' ')} of a {row.kind}", given, known)
