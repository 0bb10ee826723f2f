"""Prompt sets by name or file: the one that Fauve ships, the published ones, one's own, and captions of COCO."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from fauve.errors import DataError, ImportRejected, UnknownName
from fauve.keys import digest
from fauve.prompts.columns import layout_of, pair_of
from fauve.prompts.drawing import draw_dimensions
from fauve.prompts.rewriting import Rewriter, write_pairs
from fauve.prompts.shipped import shipped_pairs
from fauve.prompts.texts import Caption, PairText

__all__ = ["SHIPPED", "PromptSet", "load_prompt_set", "prompt_rows", "read_coco_captions"]

SHIPPED = "fauve"
"""Name of the set that Fauve ships."""

_READ = (".jsonl", ".csv", ".parquet", ".json")


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Pairs of prompts and where they come from."""

    name: str
    pairs: tuple[PairText, ...]


def prompt_rows(name: str) -> list[PairText]:
    """The pairs of :func:`load_prompt_set`; each is field for field a ``PromptRow`` of the ledger's import."""
    return list(load_prompt_set(name).pairs)


def load_prompt_set(
    source: str | Path, rewriter: Rewriter | None = None, count: int | None = None, seed: int = 0
) -> PromptSet:
    """A prompt set.

    Args:
        source: ``fauve``, or a file: JSON Lines, CSV or Parquet with our columns or those of the published sets, or
            COCO's captions as JSON.
        rewriter: writes the anti prompts of captions; asked for nothing else.
        count: the first so many pairs, or so many captions drawn with ``seed``; None for all.
        seed: of the draw of captions and of their dimensions.

    Raises:
        ImportRejected: for the first fault of a file, with row and column.
        UnknownName: for a name that is neither a set nor a file.
        DataError: where captions come without a rewriter, or the rewriter left one unwritten.
    """
    if source == SHIPPED:
        return PromptSet(SHIPPED, shipped_pairs()[:count])
    path = Path(source)
    if path.suffix.lower() not in _READ:
        raise UnknownName("prompt set", str(source), [SHIPPED, *(f"a file ending in {suffix}" for suffix in _READ)])
    if path.suffix.lower() == ".json":
        return PromptSet(path.stem, _rewritten(path, rewriter, count, seed))
    return PromptSet(path.stem, _pairs(path)[:count])


def read_coco_captions(path: Path, count: int | None = None, seed: int = 0) -> list[Caption]:
    """One caption an image of COCO's ``captions_*.json``, the first by id; ``count`` of them drawn with ``seed``.

    Raises:
        ImportRejected: where the file is not of that form, or has fewer.
    """
    annotations = _coco_annotations(path)
    first: dict[int, tuple[int, str]] = {}
    for place, entry in enumerate(annotations):
        image, name, text = (
            (entry.get("image_id"), entry.get("id"), entry.get("caption")) if isinstance(entry, dict) else (None,) * 3
        )
        if not isinstance(image, int) or not isinstance(name, int) or not isinstance(text, str):
            _reject(path, f"annotations[{place}]", "it lacks image_id, id or caption", "Give a file of captions.")
        if (line := " ".join(text.split())) and (image not in first or name < first[image][0]):
            first[image] = (name, line)
    captions = [Caption(f"coco-{name}", line) for name, line in sorted(first.values())]
    if count is None:
        return captions
    if count > len(captions):
        _reject(path, "annotations", f"it has {len(captions)} images with a caption", f"Ask for fewer than {count}.")
    return sorted(captions, key=lambda caption: digest({"draw": seed, "caption": caption.id}))[:count]


def _rewritten(path: Path, rewriter: Rewriter | None, count: int | None, seed: int) -> tuple[PairText, ...]:
    captions = read_coco_captions(path, count, seed)
    if rewriter is None:
        raise DataError(
            f"{path} holds captions and no anti prompts. Give a rewriter: `template` needs no model, `chat` asks one."
        )
    pairs, unwritten = write_pairs(captions, draw_dimensions(len(captions), seed), rewriter)
    if unwritten:
        one = unwritten[0]
        raise DataError(
            f"{path}: {len(unwritten)} of {len(captions)} captions got no anti prompt; {one.caption.id} first "
            f"({one.outcome}: {one.reason}). Call `write_pairs` to keep those that were written."
        )
    return tuple(pairs)


def _pairs(path: Path) -> tuple[PairText, ...]:
    columns, rows = _table(path)
    layout = layout_of(str(path), columns)
    found: dict[str, PairText] = {}
    for place, (number, row) in enumerate(rows):
        pair = pair_of(str(path), number, row, layout, place)
        if pair.id in found:
            same = (found[pair.id].original, found[pair.id].anti) == (pair.original, pair.anti)
            if not (same and layout.get("id") == "index"):  # the benchmark repeats its prompts once a generator
                raise ImportRejected(
                    str(path), number, layout.get("id"), f"{pair.id!r} stands in the file already", "Name each pair."
                )
        found.setdefault(pair.id, pair)
    if not found:
        _reject(path, None, "the file holds no rows", "Give one pair a row.")
    return tuple(found.values())


def _table(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, Mapping[str, Any]]]]:
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    text = _text_of(path)
    if path.suffix.lower() == ".jsonl":
        objects = [(number, _object(path, number, line)) for number, line in _lines(text)]
        return list(dict.fromkeys(column for _, row in objects for column in row)), iter(objects)
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        rows = [(number, row) for number, row in enumerate(reader, start=2)]
    except csv.Error as error:
        _reject(path, None, f"it is not CSV ({error})", "Save it again as CSV in UTF-8.")
    for number, row in rows:
        if None in row or None in row.values():
            raise ImportRejected(str(path), number, None, "it has more or fewer cells than the header", "Mend the row.")
    return list(reader.fieldnames or ()), iter(rows)


def _parquet(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, Mapping[str, Any]]]]:
    import pyarrow as pa  # noqa: PLC0415 - only where a file is Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        file = pq.ParquetFile(path)
        columns = file.schema_arrow.names
        layout = layout_of(str(path), columns)
        # pictures, which the published sets hold beside the prompts, are not read
        wanted = [name for name in columns if name in layout.values() or name == "theme"]
        rows = file.read(columns=wanted).to_pylist()
    except (OSError, pa.ArrowException) as error:
        _reject(path, None, f"it cannot be read as Parquet ({type(error).__name__})", "Check the path and the file.")
    return columns, iter(list(enumerate(rows, start=1)))


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        _reject(path, None, f"it cannot be read ({error.strerror})", "Check the path.")
    except UnicodeDecodeError as error:
        _reject(path, None, f"byte {error.start + 1} is not UTF-8", "Save the file as UTF-8.")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # not splitlines(): a prompt may hold a character that it takes for the end of a line
    yield from ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise ImportRejected(str(path), number, None, "this is no JSON object", "Write one object a line.")
    return row


def _coco_annotations(path: Path) -> list[Any]:
    try:
        found = json.loads(_text_of(path))
    except (ValueError, RecursionError):
        found = None
    annotations = found.get("annotations") if isinstance(found, dict) else None
    if not isinstance(annotations, list):
        _reject(path, "annotations", "there is no such list", "Give COCO's captions_*.json, or pairs as JSON Lines.")
    return annotations


def _reject(path: Path, field: str | None, problem: str, remedy: str) -> NoReturn:
    raise ImportRejected(str(path), None, field, problem, remedy)
