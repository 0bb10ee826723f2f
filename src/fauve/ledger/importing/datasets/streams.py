"""Rows of a published dataset, a few at a time: from Parquet files, or streamed from the hub.

Memory holds a handful of rows and one column of pictures of one row group, which Parquet gives out whole: pictures are
screened column by column before the rest of their rows is read.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fauve.errors import DataError
from fauve.ledger.importing.rows import Where

__all__ = ["BATCH", "Screen", "Stream", "Wanted", "hub_stream", "parquet_stream"]

BATCH = 8
"""Rows at a time: sixteen pictures of some megabytes."""

_BUFFER = 1 << 20

RawRow = tuple[Where, dict[str, Any]]

Screen = Callable[[Sequence[tuple[Where, str, Any]]], list[Any]]
"""What is made of cells (place, column, cell) that hold pictures: one small thing each."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a part is read, by the names of its columns: ``plain`` ones and those with ``pictures``."""

    plain: tuple[str, ...]
    pictures: tuple[str, ...]


Read = Callable[[Mapping[str, Wanted], Screen, int | None], Iterator[list[RawRow]]]


@dataclass(frozen=True, slots=True)
class Stream:
    """Where rows come from.

    Attributes:
        label: the folder or hub id, for messages.
        columns: the columns of each part (a file, or the whole of a hub dataset), by its label.
        batches: given what to read of each part, how to screen pictures, and how many rows at most, yields lists of
            (place, row by their column names), with what ``screen`` made of the pictures in their cells.
    """

    label: str
    columns: Mapping[str, tuple[str, ...]]
    batches: Read


def parquet_stream(source: Path, split: str | None) -> Stream:
    """The Parquet files of a folder in order of name, or one file.

    With ``split`` only files that are named after it (``train-00000-of-00003.parquet``) or lie in a folder so named.

    Raises:
        ImportRejected: when there is no such file, or it is no Parquet.
    """
    files = _files(source, split)
    columns: dict[str, tuple[str, ...]] = {}
    for file in files:
        with _opened(file) as table:
            columns[str(file)] = tuple(table.schema_arrow.names)

    def batches(wanted: Mapping[str, Wanted], screen: Screen, limit: int | None) -> Iterator[list[RawRow]]:
        left = _Left(limit)
        for file in files:
            if left.more():
                yield from _of_file(file, wanted[str(file)], screen, left)

    return Stream(str(source), columns, batches)


def hub_stream(hub_id: str, split: str | None) -> Stream:
    """A dataset of the hub through the library ``datasets``, pictures as the bytes that were uploaded.

    Raises:
        DataError: when the library is not installed, or the dataset cannot be opened.
    """
    try:
        library = importlib.import_module("datasets")
    except ImportError:
        raise DataError(
            f"streaming {hub_id} needs the library datasets, which is not installed: `pip install datasets`. Or "
            f"download the dataset's Parquet files and give their folder: `fauve import dataset FOLDER`."
        ) from None
    try:
        rows = library.load_dataset(hub_id, split=split or "train", streaming=True)
        features = rows.features
        if features is None:
            raise ValueError("it does not say what columns it has")
        for name, feature in features.items():
            if isinstance(feature, library.Image):
                rows = rows.cast_column(name, library.Image(decode=False))
    except Exception as error:  # whatever that library raises: no network, no such dataset, a gate
        raise DataError(
            f"{hub_id} cannot be opened ({type(error).__name__}: {error}). Check name, network and access, or give a "
            "folder of its Parquet files."
        ) from error

    def batches(wanted: Mapping[str, Wanted], screen: Screen, limit: int | None) -> Iterator[list[RawRow]]:
        want, place = wanted[hub_id], Path(hub_id)
        numbered = enumerate(islice(rows.select_columns([*want.plain, *want.pictures]), limit), start=1)
        while batch := list(islice(numbered, BATCH)):
            placed = [(Where(place, number), dict(row)) for number, row in batch]
            cells = [(where, column, row[column]) for where, row in placed for column in want.pictures]
            screened = iter(screen(cells))
            for _, row in placed:
                row |= {column: next(screened) for column in want.pictures}
            yield placed

    return Stream(hub_id, {hub_id: tuple(features)}, batches)


def _files(source: Path, split: str | None) -> list[Path]:
    whole = Where(source)
    if not source.exists():
        whole.reject(None, "there is no such file or folder", "Check the path.")
    found = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
    if not found:
        whole.reject(None, "the folder holds no .parquet file", "Name the folder of the dataset's Parquet files.")
    if split is None:
        return found
    named = re.compile(rf"{re.escape(split)}(?:[-.].*)?")
    chosen = [f for f in found if named.fullmatch(f.name) or f.parent.name == split]
    if not chosen:
        names = ", ".join(f.name for f in found[:8])
        whole.reject(None, f"no file is of the split {split!r}; found: {names}", "Leave --split out, or mend it.")
    return chosen


def _opened(file: Path) -> pq.ParquetFile:
    try:
        # Buffered and not read ahead: a row group of pictures can hold a gigabyte.
        return pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER)
    except (pa.ArrowException, OSError) as error:
        Where(file).reject(None, f"it cannot be read as Parquet ({error})", "Fetch it again.")


class _Left:
    """How many rows may still be read."""

    def __init__(self, limit: int | None) -> None:
        self.rows = limit

    def more(self) -> bool:
        return self.rows is None or self.rows > 0

    def take(self, rows: int) -> int:
        """So many of ``rows`` as are left, which then are not."""
        if self.rows is None:
            return rows
        taken = min(rows, self.rows)
        self.rows -= taken
        return taken


def _of_file(file: Path, want: Wanted, screen: Screen, left: _Left) -> Iterator[list[RawRow]]:
    start = 0
    with _opened(file) as table:
        try:
            for group in range(table.num_row_groups):
                if not left.more():
                    return
                whole = table.metadata.row_group(group).num_rows
                places = [Where(file, start + k + 1) for k in range(left.take(whole))]
                yield from _of_group(table, group, want, screen, places)
                start += whole
        except (pa.ArrowException, OSError) as error:
            Where(file, start + 1).reject(None, f"it breaks off ({error})", "Fetch it again.")


def _of_group(
    table: pq.ParquetFile, group: int, want: Wanted, screen: Screen, places: Sequence[Where]
) -> Iterator[list[RawRow]]:
    pictures = {column: _screened(table, group, column, screen, places) for column in want.pictures}
    at = 0
    for batch in table.iter_batches(BATCH, row_groups=[group], columns=list(want.plain), use_threads=False):
        rows = batch.to_pylist()[: len(places) - at]
        for k, row in enumerate(rows, start=at):
            row |= {column: made[k] for column, made in pictures.items()}
        if rows:
            yield list(zip(places[at : at + len(rows)], rows, strict=True))
        at += len(rows)


def _screened(table: pq.ParquetFile, group: int, column: str, screen: Screen, places: Sequence[Where]) -> list[Any]:
    made: list[Any] = []
    for batch in table.iter_batches(BATCH, row_groups=[group], columns=[column], use_threads=False):
        if len(made) == len(places):
            break
        cells = batch.column(0).to_pylist()
        made += screen([(where, column, cell) for where, cell in zip(places[len(made) :], cells, strict=False)])
    pa.default_memory_pool().release_unused()
    return made
