"""A judge's answers on labelled images: what `fauve judge validate` reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import polars as pl
from pydantic import BeforeValidator, Field

from fauve.errors import LedgerConflict
from fauve.ledger.importing.rows import Name, Row, Where, read_rows
from fauve.ledger.seals import seal_imports
from fauve.ledger.store import Added, Ledger

__all__ = ["import_labels", "read_labels"]

_BOUND = 2**63  # what SQLite and every table can hold


class _Label(Row):
    image: Annotated[Name, BeforeValidator(lambda given: str(given) if type(given) is int else given)]
    dimension: Name
    expected_score: Annotated[float, Field(ge=0, le=2)]
    argmax: Annotated[int, Field(ge=0, le=2)]
    label: Annotated[int, Field(ge=-_BOUND, lt=_BOUND)]


class _Labelled(NamedTuple):
    image: str
    dimension: str
    expected: float
    argmax: int
    label: int


def read_labels(path: Path) -> pl.DataFrame:
    """The rows of a judge validation file: image (text), dimension, expected in [0, 2], argmax in {0, 1, 2}, label.

    A row is ``{"image", "dimension", "expected_score", "argmax", "label"}``; the sign of the label counts. Dimensions
    may be others than Fauve's twelve.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
    """
    schema = {
        "image": pl.String,
        "dimension": pl.String,
        "expected": pl.Float64,
        "argmax": pl.Int64,
        "label": pl.Int64,
    }
    return pl.DataFrame([row for _, row in _labelled(path)], schema=schema, orient="row")


def import_labels(ledger: Ledger, path: Path, judge: str) -> Added:
    """Take in a judge validation file as the answers of ``judge``: all of it or nothing.

    Returns:
        How many rows are new, and how many the ledger had.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
        LedgerConflict: when the ledger has another answer or label of this judge for an image and dimension.
    """
    new = unchanged = 0
    with ledger.transaction() as db:
        for where, row in _labelled(path):
            had = db.execute(
                "SELECT expected, argmax, label FROM judge_labels WHERE judge = ? AND image = ? AND dimension = ?",
                (judge, row.image, row.dimension),
            ).fetchone()
            if had is None:
                db.execute("INSERT INTO judge_labels VALUES (?, ?, ?, ?, ?, ?)", (judge, *row))
                new += 1
            elif had == (row.expected, row.argmax, row.label):
                unchanged += 1
            else:
                raise LedgerConflict(
                    f"{where}: image {row.image!r}, {row.dimension!r} is in the ledger with other values of judge "
                    f"{judge!r}. Give the judge another name. Nothing of this file was imported."
                )
        seal_imports(ledger)
    return Added(new, unchanged)


def _labelled(path: Path) -> Iterator[tuple[Where, _Labelled]]:
    seen: dict[tuple[str, str], int | None] = {}
    for where, row in read_rows(path, _Label):
        labelled = _Labelled(str(row.image), row.dimension, row.expected_score, row.argmax, row.label)
        name = (labelled.image, labelled.dimension)
        if name in seen:
            where.reject(
                "image",
                f"{labelled.image!r}, {labelled.dimension!r} stands in line {seen[name]} already",
                "Keep one row for each image and dimension.",
            )
        seen[name] = where.line
        yield where, labelled
