"""What the columns of prompt files are called, ours and those of the published sets, and how a row becomes a pair."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from fauve.errors import ImportRejected, suggestion
from fauve.prompts.texts import PairText
from fauve.vocabulary import DIMENSIONS

__all__ = ["LAYOUTS", "Layout", "layout_of", "pair_of"]

Layout = Mapping[str, str]
"""From our word to the name of the column."""

LAYOUTS: Mapping[str, Layout] = {
    "own": {
        "id": "id",
        "original": "prompt_original",
        "anti": "prompt_anti",
        "dimensions": "dimensions",
        "negative": "negative",
    },
    # weathon/anti_aesthetics_dataset; the anti prompt's column is spelt so
    "published prompts": {
        "original": "original_prompt",
        "anti": "disorted_long_prompt",
        "dimensions": "selected",
        "negative": "negative_prompt",
    },
    # weathon/aas_benchmark-<model> and weathon/aas_benchmark_final
    "published benchmark": {
        "id": "index",
        "original": "prompt_original",
        "anti": "prompt_distorted",
        "dimensions": "selected_dims",
    },
}
_REQUIRED = ("original", "anti", "dimensions")
_OWN = frozenset({*LAYOUTS["own"].values(), "theme", "groups", "notes"})
_GROUP = "groups."


def layout_of(file: str, columns: Sequence[str]) -> Layout:
    """The layout whose columns these are.

    Raises:
        ImportRejected: with the nearest column that is missing, or an own column that does not exist.
    """
    for name, layout in LAYOUTS.items():
        if all(layout[field] in columns for field in _REQUIRED):
            if name == "own":
                _check_own(file, columns)
            return layout
    lacks = {name: [one[f] for f in _REQUIRED if one[f] not in columns] for name, one in LAYOUTS.items()}
    nearest = min(lacks, key=lambda name: (len(lacks[name]), list(LAYOUTS).index(name)))
    raise ImportRejected(
        file,
        None,
        lacks[nearest][0],
        "the column is missing",
        f"As {nearest} a file needs {', '.join(LAYOUTS[nearest][field] for field in _REQUIRED)}; "
        f"this one has {', '.join(columns) or 'none'}.",
    )


def pair_of(file: str, number: int, row: Mapping[str, Any], layout: Layout, place: int) -> PairText:
    """A row as a pair; ``number`` is its line, for errors, and ``place``, from 0, names it where no column does.

    Raises:
        ImportRejected: with file, row and column.
    """
    original, anti = (_text(file, number, layout[field], row.get(layout[field])) for field in ("original", "anti"))
    negative = row.get(layout["negative"]) if "negative" in layout else None
    drawn = _dimensions(file, number, layout["dimensions"], row.get(layout["dimensions"]))
    return PairText(
        _name(file, number, layout.get("id"), row, place),
        original,
        anti,
        drawn,
        _groups(file, number, row) if layout is LAYOUTS["own"] else {},
        None if negative in (None, "") else _text(file, number, layout["negative"], negative),
    )


def _check_own(file: str, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in _OWN and not column.startswith(_GROUP):
            raise ImportRejected(file, None, column, "there is no such column", suggestion(column, _OWN).strip())


def _reject(file: str, number: int, field: str, problem: str, remedy: str) -> NoReturn:
    raise ImportRejected(file, number, field, problem, remedy)


def _name(file: str, number: int, column: str | None, row: Mapping[str, Any], place: int) -> str:
    if column is None or column not in row:
        return f"{place:04}"
    given = row[column]
    if isinstance(given, bool) or not isinstance(given, str | int) or not str(given).strip():
        _reject(file, number, column, "it names no pair", "Write text or a whole number.")
    return str(given).strip()


def _text(file: str, number: int, column: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        _reject(file, number, column, "there is no text in it", "Write the prompt out, or leave the row out.")
    return value.strip()


def _groups(file: str, number: int, row: Mapping[str, Any]) -> dict[str, str]:
    given = row.get("groups") or {}
    if not isinstance(given, Mapping):
        _reject(file, number, "groups", "it is no object", 'Write {"theme": "animals"}; in CSV, columns groups.NAME.')
    groups = {name: value for name, value in given.items() if value is not None}
    groups |= {name.removeprefix(_GROUP): row[name] for name in row if name.startswith(_GROUP) and row[name]}
    if row.get("theme"):
        groups["theme"] = row["theme"]
    if not all(isinstance(value, str) for value in groups.values()):
        _reject(file, number, "groups", "a value is no text", "Write every value as text.")
    return groups


def _dimensions(file: str, number: int, column: str, value: Any) -> tuple[str, ...]:
    names = _listed(value) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        _reject(file, number, column, "it is no list of dimensions", 'Write ["clarity", "emotion"] or clarity;emotion.')
    for name in names:
        if name not in DIMENSIONS:
            _reject(
                file, number, column, f"there is no dimension called {name!r}", suggestion(name, DIMENSIONS).strip()
            )
    return tuple(dict.fromkeys(names))


def _listed(text: str) -> Any:
    """A list out of text: JSON, Python's way of writing one, or names between semicolons."""
    if not text.strip().startswith("["):
        return [part.strip() for part in text.split(";") if part.strip()]
    try:
        return json.loads(text)
    except ValueError:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
