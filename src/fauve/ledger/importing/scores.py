"""Scores in CSV or Parquet for pairs, contrasts and single pictures that the ledger already has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from fauve.ledger.importing.rows import Name, Row, Where, validated
from fauve.ledger.importing.tables import Columns, read_csv, read_parquet
from fauve.ledger.store import Added, Ledger
from fauve.records import SLOTS, ImportedScore

__all__ = ["import_scores"]

_COLUMNS = Columns(
    required=("kind", "id", "image", "scorer", "value", "source"), optional=("study", "generator", "prompt")
)
_OWNER = {"pair": "generator", "contrast": "study", "picture": "study"}
"""The column that, with the id, names an item of each kind; the other one is empty."""

_NEVER = {"generator": "study", "study": "generator"}
_FROM = {"pair": "`fauve import pairs`", "contrast": "`fauve import contrasts`", "picture": "`fauve import dataset`"}


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
    return ledger.add_scores(_scores(ledger, path))


def _scores(ledger: Ledger, path: Path) -> Iterator[tuple[int, ImportedScore, str]]:
    seen: dict[tuple[int, str, str, str, str], int | None] = {}
    for where, cells in _cells(path):
        row = validated(_ScoreLine, _complete(cells, where), where)
        where.source(row.source, None, "source")
        prompt = _prompt_slot(row, where)
        item = _item(ledger, row, where)
        address = (item, row.scorer, row.source, row.image, prompt)
        first = seen.setdefault(address, where.line)
        if first != where.line:
            where.reject(
                "value",
                f"{row.scorer!r} from {row.source!r} has this cell in line {first} already",
                "Keep one of them.",
            )
        yield item, ImportedScore(row.scorer, row.image, prompt, row.value, row.source), str(where)


def _cells(path: Path) -> Iterator[tuple[Where, dict[str, Any]]]:
    match path.suffix.lower():
        case ".csv":
            yield from read_csv(path, _COLUMNS)
        case ".parquet":
            yield from read_parquet(path, _COLUMNS, numbers=("value",))
        case _:
            Where(path).reject(None, "its name ends neither in .csv nor in .parquet", "Convert it to one of the two.")


def _complete(cells: dict[str, Any], where: Where) -> dict[str, Any]:
    for name in _COLUMNS.required:
        if cells[name] is None:
            remedy = "A failure is no score: leave the row out." if name == "value" else "Fill it in."
            where.reject(name, "the cell is empty", remedy)
    return {**cells, "value": _number(cells["value"], where)}


def _number(cell: object, where: Where) -> object:
    if not isinstance(cell, str):
        return cell
    try:
        # float() also reads 1_000, which in a table is more likely a slip.
        return float(cell.replace("_", "?"))
    except ValueError:
        where.reject("value", f"{cell!r} is no number", "Write it with a point, as -4.702, or leave the row out.")


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


def _item(ledger: Ledger, row: _ScoreLine, where: Where) -> int:
    column, other = _OWNER[row.kind], _NEVER[_OWNER[row.kind]]
    said = {"generator": row.generator, "study": row.study}
    told = "Pairs have a generator and no study; contrasts and pictures have a study and no generator."
    if said[column] is None:
        where.reject(column, "the cell is empty", told)
    if said[other] is not None:
        where.reject(other, f"{said[other]!r} stands at a {row.kind}", told)
    found = ledger.db.execute(
        "SELECT item FROM items WHERE kind = ? AND study = ? AND generator = ? AND id = ?",
        (row.kind, row.study or "", row.generator or "", row.id),
    ).fetchone()
    if found is None:
        _reject_absent(ledger, row, where)
    return int(found[0])


def _reject_absent(ledger: Ledger, row: _ScoreLine, where: Where) -> None:
    column = _OWNER[row.kind]
    owner = getattr(row, column)
    known = tuple(
        name for (name,) in ledger.db.execute(f"SELECT DISTINCT {column} FROM items WHERE kind = ?", (row.kind,))
    )
    if owner not in known:
        where.reject_unknown(column, f"{column} with {row.kind}s in this ledger", owner, known)
    where.reject(
        "id",
        f"the ledger has no {row.kind} {row.id!r} of {owner!r}",
        f"Import it first with {_FROM[row.kind]}, or mend the id.",
    )
