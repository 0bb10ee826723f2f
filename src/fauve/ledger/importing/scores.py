"""Scores in CSV or Parquet for pairs, contrasts and single pictures that the ledger already has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from fauve.ledger.importing.addresses import item_of
from fauve.ledger.importing.rows import Name, Row, Where, validated
from fauve.ledger.importing.tables import Columns, read_table
from fauve.ledger.seals import seal_imports
from fauve.ledger.store import Added, Ledger
from fauve.records import SLOTS, ImportedScore

__all__ = ["import_scores"]

_COLUMNS = Columns(
    required=("kind", "id", "image", "scorer", "value", "source"), optional=("study", "generator", "prompt")
)


class _ScoreLine(Row):
    kind: Literal["pair", "contrast", "picture"]
    id: Name
    image: Name
    scorer: Name
    value: float
    source: Name
    study: Name | None = None
    generator: Name | None = None
    prompt: Name | None = None


def import_scores(ledger: Ledger, path: Path) -> Added:
    """Take in a table of scores: all of it or nothing.

    Columns: ``kind`` (``pair``, ``contrast`` or ``picture``), ``generator`` (of a pair), ``study`` (of the others),
    ``id``, ``image`` and ``prompt`` (the slots: ``original`` or ``anti`` of a pair; ``faithful`` or ``default`` of a
    contrast, whose prompt may be left out; ``picture`` under ``prompt`` or ``shuffled``), ``scorer``, ``value``,
    ``source``. A failure is no score: it has no row.

    Args:
        ledger: opened to write; it has the items.
        path: a ``.csv`` (commas, UTF-8) or ``.parquet`` file. Lines of Parquet are its rows, counted from 1.

    Returns:
        How many scores are new, and how many the ledger had.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
        LedgerConflict: when the ledger has another value for a cell from the same scorer and source.
    """
    with ledger.transaction():
        added = ledger.add_scores(_scores(ledger, path))
        seal_imports(ledger)
    return added


def _scores(ledger: Ledger, path: Path) -> Iterator[tuple[int, ImportedScore, str]]:
    seen: dict[tuple[int, str, str, str, str], int | None] = {}
    for where, cells in read_table(
        path, _COLUMNS, numbers=("value",), empty="A failure is no score: leave the row out."
    ):
        row = validated(_ScoreLine, cells, where)
        where.source(row.source, None, "source")
        prompt = _prompt_slot(row, where)
        item = item_of(ledger, where, row.kind, row.id, study=row.study, generator=row.generator)
        address = (item, row.scorer, row.source, row.image, prompt)
        first = seen.setdefault(address, where.line)
        if first != where.line:
            where.reject(
                "value",
                f"{row.scorer!r} from {row.source!r} has this cell in line {first} already",
                "Keep one of them.",
            )
        yield item, ImportedScore(row.scorer, row.image, prompt, row.value, row.source), str(where)


def _prompt_slot(row: _ScoreLine, where: Where) -> str:
    images, prompts = SLOTS[row.kind]
    if row.image not in images:
        where.reject_unknown("image", f"image of a {row.kind}", row.image, images)
    if row.prompt is None:
        if len(prompts) == 1:
            return prompts[0]
        where.reject("prompt", "the cell is empty", f"Write {' or '.join(prompts)}.")
    if row.prompt not in prompts:
        where.reject_unknown("prompt", f"prompt of a {row.kind}", row.prompt, prompts)
    return row.prompt
