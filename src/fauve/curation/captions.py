"""Captions of photographs, with the style and without it, as their curator wrote them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fauve.errors import ImportRejected

__all__ = ["Caption", "read_captions"]

_PARTS = ("prompt", "plain")
_REMEDY = (
    'Write {"picture": "folder/name.jpg", "prompt": "with the style", "plain": "without it"} a line, or these columns.'
)


@dataclass(frozen=True, slots=True)
class Caption:
    """``prompt`` asks for the picture with its style, ``plain`` for the same scene without; None where not written."""

    prompt: str | None = None
    plain: str | None = None


def read_captions(path: Path) -> list[tuple[str, Caption]]:
    """Picture (path in the folder, or start of its hash) and caption, of a JSON Lines or CSV file.

    Raises:
        ImportRejected: with file, line, field and remedy.
    """
    found: dict[str, Caption] = {}
    for line, row in _rows(path):
        name = row.get("picture")
        if not isinstance(name, str) or not name:
            raise ImportRejected(path.name, line, "picture", "no picture is named", _REMEDY)
        if name in found:
            raise ImportRejected(path.name, line, "picture", f"{name!r} stands twice", "Keep one row a picture.")
        unknown = sorted(row.keys() - {"picture", *_PARTS})
        if unknown:
            raise ImportRejected(path.name, line, unknown[0], "there is no such field", _REMEDY)
        for part in _PARTS:
            if not isinstance(row.get(part), str | None):
                raise ImportRejected(path.name, line, part, f"{row[part]!r} is no text", _REMEDY)
        parts = {part: (row.get(part) or "").strip() or None for part in _PARTS}
        if not any(parts.values()):
            raise ImportRejected(path.name, line, "prompt", "neither prompt nor plain says anything", _REMEDY)
        found[name] = Caption(**parts)
    return list(found.items())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImportRejected(path.name, None, None, f"it cannot be read as UTF-8 text ({error})", _REMEDY) from None
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
        try:
            for row in reader:
                if None in row or None in row.values():
                    raise ImportRejected(path.name, reader.line_num, None, "too many or too few columns", _REMEDY)
                yield reader.line_num, dict(row)
        except csv.Error as error:
            raise ImportRejected(path.name, reader.line_num, None, f"no CSV ({error})", _REMEDY) from None
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ImportRejected(path.name, number, None, f"no JSON ({error})", _REMEDY) from None
        if not isinstance(row, dict):
            raise ImportRejected(path.name, number, None, "no JSON object", _REMEDY)
        yield number, row
