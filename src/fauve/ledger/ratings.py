"""What people chose between the two images of an item, and the selection that follows from it."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from fauve.errors import LedgerConflict
from fauve.ledger.store import Added, Ledger
from fauve.records import RATED, Rating

__all__ = ["PEOPLE", "RATING_SCHEMA", "add_ratings", "misdrawn_selections", "rating_table"]

PEOPLE = "people"
"""The selector whose choice is that of the raters together."""

RATING_SCHEMA = {
    "item": pl.Int64,
    "rater": pl.String,
    "choice": pl.String,
    "shown_first": pl.String,
    "seconds": pl.Float64,
}


_MAJORITY = (
    "SELECT item, coalesce(max(CASE WHEN 2 * votes > raters THEN choice END), 'tie') AS choice FROM "
    "(SELECT item, choice, count(*) AS votes, sum(count(*)) OVER (PARTITION BY item) AS raters FROM ratings "
    "GROUP BY item, choice) GROUP BY item"
)


def add_ratings(ledger: Ledger, rows: Iterable[tuple[int, Rating, str]]) -> Added:
    """Store ratings, each with its item and a label that says where it came from, and draw what people selected.

    All of them or none. A rating that the ledger has in the same form is left alone.

    Raises:
        LedgerConflict: when it has another choice of this rater on the item; the message carries the label.
    """
    new = unchanged = 0
    with ledger.transaction() as db:
        for item, rating, label in rows:
            row = (rating.choice, rating.shown_first, rating.seconds)
            had = db.execute(
                "SELECT choice, shown_first, seconds FROM ratings WHERE item = ? AND rater = ?", (item, rating.rater)
            ).fetchone()
            if had is None:
                db.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?)", (item, rating.rater, *row))
                new += 1
            elif had == row:
                unchanged += 1
            else:
                raise LedgerConflict(
                    f"{label}: {rating.rater!r} has rated this item here before, as {had[0]!r} and not {row[0]!r} (or "
                    "shown or timed otherwise). Import it into another directory, or keep one of the two. Nothing of "
                    "this file was imported."
                )
        _draw_selections(ledger)
    return Added(new, unchanged)


def _draw_selections(ledger: Ledger) -> None:
    """The image that more than half of an item's raters chose is what people selected, and else it is a tie.

    What came with an item under the same name stays as it is.
    """
    with ledger.transaction() as db:
        db.execute("DELETE FROM selections WHERE selector = ? AND source = ?", (PEOPLE, RATED))
        db.execute(f"INSERT OR IGNORE INTO selections SELECT item, ?, ?, choice FROM ({_MAJORITY})", (PEOPLE, RATED))


def misdrawn_selections(ledger: Ledger) -> int:
    """In how many items what is on file as selected by people does not follow from their ratings."""
    query = (
        f"SELECT count(*) FROM selections s LEFT JOIN ({_MAJORITY}) m USING (item) "
        "WHERE s.selector = ? AND s.source = ? AND s.choice IS NOT m.choice"
    )
    return int(ledger.db.execute(query, (PEOPLE, RATED)).fetchone()[0])


def rating_table(ledger: Ledger) -> pl.DataFrame:
    """Every rating: item, rater, choice (an image slot, or ``tie``), shown_first and seconds (null where unknown)."""
    columns = ", ".join(RATING_SCHEMA)
    rows = ledger.db.execute(f"SELECT {columns} FROM ratings ORDER BY item, rater").fetchall()
    return pl.DataFrame(rows, schema=RATING_SCHEMA, orient="row")
