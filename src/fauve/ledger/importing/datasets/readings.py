"""What the cells of published datasets mean: scores in their several forms, selections, dimensions.

Every reading takes the place it stands at, and refuses what it does not know with what it found.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fauve.ledger.importing.datasets.catalogue import CELLS
from fauve.ledger.importing.rows import Where
from fauve.vocabulary import DIMENSIONS

__all__ = [
    "choice",
    "dimension_names",
    "grid_cells",
    "json_or_plain",
    "labels",
    "matcher_logits",
    "score",
    "text",
    "whole_number",
]

_CHOICES = {-1: "tie", 0: "original", 1: "anti"}


def text(where: Where, column: str, cell: Any) -> str:
    """Text with something in it; a whole number is written out."""
    if type(cell) is int:
        return str(cell)
    if not isinstance(cell, str) or not cell.strip():
        where.reject(column, f"{_shown(cell)} is no text", "Name the column that holds it with --columns.")
    return cell


def whole_number(where: Where, column: str, cell: Any) -> int:
    """A whole number, also where it is written with a point."""
    if type(cell) is int or (isinstance(cell, float) and cell.is_integer()):
        return int(cell)
    where.reject(column, f"{_shown(cell)} is no whole number", "Name the column that holds it with --columns.")


def score(where: Where, column: str, cell: Any) -> tuple[float, float | None] | None:
    """(value, sigma) of a number or of ``[mu, sigma]``; None where the cell is empty or not finite (no score)."""
    given = [cell] if isinstance(cell, int | float) and not isinstance(cell, bool) else cell
    if given is None:
        return None
    if not isinstance(given, Sequence) or isinstance(given, str) or not 1 <= len(given) <= 2 or not _numbers(given):
        where.reject(
            column,
            f"{_shown(cell)} is neither a number nor [mu, sigma]",
            "Name the column that holds it with --columns.",
        )
    value, *sigma = (float(x) for x in given)
    return (value, sigma[0] if sigma and math.isfinite(sigma[0]) else None) if math.isfinite(value) else None


def grid_cells(where: Where, column: str, cell: Any) -> dict[tuple[str, str], tuple[float, float | None]]:
    """The scores of ``{…_oiop, …_oidp, …_diop, …_didp}`` by our (image, prompt); what is empty is left out.

    Raises:
        ImportRejected: when one of the four is not there.
    """
    given = json_or_plain(cell)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        where.reject(column, f"{_shown(cell)} is no struct", f"Expected are keys that end in {', '.join(CELLS)}.")
    found: dict[tuple[str, str], tuple[float, float | None]] = {}
    for ending, corner in CELLS.items():
        keys = [key for key in given if str(key).endswith(ending)]
        if len(keys) != 1:
            where.reject(
                column,
                f"there is no key that ends in {ending!r}; found: {', '.join(map(str, given)) or 'none'}",
                f"Expected are keys that end in {', '.join(CELLS)}.",
            )
        read = score(where, f"{column}.{keys[0]}", given[keys[0]])
        if read is not None:
            found[corner] = read
    return found


def matcher_logits(where: Where, column: str, cell: Any) -> dict[str, tuple[float, float]]:
    """Two rows of two logits (no match, match): that of Io, then that of Ia, by our image slot; null is no score."""
    given = json_or_plain(cell)
    if given is None:
        return {}
    rows = [_flat(row) for row in given] if isinstance(given, Sequence) and not isinstance(given, str) else []
    if len(rows) != 2 or any(len(row or "") != 2 for row, cell_row in zip(rows, given, strict=True) if cell_row):
        where.reject(
            column, f"{_shown(cell)} is not two rows of two logits", "Name the column that holds them with --columns."
        )
    pairs = ((slot, row) for slot, row in zip(("original", "anti"), rows, strict=True) if row is not None)
    return {slot: (row[0], row[1]) for slot, row in pairs if all(map(math.isfinite, row))}


def choice(where: Where, column: str, cell: Any) -> str | None:
    """``tie``, ``original`` or ``anti`` of −1, 0, 1; None of an empty cell."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    number = whole_number(where, column, cell)
    if number not in _CHOICES:
        where.reject(
            column, f"{number} is none of -1 (tie), 0 (original), 1 (anti)", "Check the column with --columns."
        )
    return _CHOICES[number]


def dimension_names(where: Where, column: str, cell: Any) -> tuple[str, ...]:
    """Names of dimensions of a list or the JSON text of one, underscores and capitals made ours, each once."""
    given = json_or_plain(cell)
    if not isinstance(given, Sequence) or isinstance(given, str):
        where.reject(
            column, f"{_shown(cell)} is no list of dimensions", "Name the column that holds it with --columns."
        )
    names = [str(name).replace("_", " ").strip().lower() for name in given]
    for name in names:
        if name not in DIMENSIONS:
            where.reject_unknown(column, "dimension", name, DIMENSIONS)
    return tuple(dict.fromkeys(names))


def labels(where: Where, column: str, cell: Any) -> dict[str, int]:
    """Dimension → whole number of a struct or JSON text; a null is no label; dimensions keep their own names."""
    given = json_or_plain(cell)
    if isinstance(given, Sequence) and not isinstance(given, str):  # a Parquet map comes as a list of pairs
        given = dict(given)
    if not isinstance(given, Mapping):
        where.reject(column, f"{_shown(cell)} is no {{dimension: number}}", "Name the column with --columns.")
    return {
        str(name).replace("_", " "): whole_number(where, f"{column}.{name}", value)
        for name, value in given.items()
        if value is not None
    }


def json_or_plain(cell: Any) -> Any:
    """What JSON text says, and any other cell as it is."""
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        return cell


def _flat(row: Any) -> list[float] | None:
    # A logit row can come as [[a, b]] where a model's batch axis was kept.
    while isinstance(row, Sequence) and not isinstance(row, str) and len(row) == 1:
        row = row[0]
    if not isinstance(row, Sequence) or isinstance(row, str) or not _numbers(row):
        return None
    return [float(x) for x in row]


def _numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(x, int | float) and not isinstance(x, bool) for x in values)


def _shown(cell: Any) -> str:
    shown = ascii(cell)
    return shown if len(shown) <= 80 else f"{shown[:77]}…"
