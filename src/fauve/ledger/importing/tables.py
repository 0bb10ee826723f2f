"""CSV and Parquet from outside, row by row as mappings of column to cell; an empty cell is None."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fauve.errors import suggestion
from fauve.ledger.importing.rows import Where

__all__ = ["Columns", "read_csv", "read_parquet", "read_table"]

_BATCH = 20_000  # rows of Parquet in memory at a time


class Columns:
    """The columns that a table must have, and those that it may have."""

    def __init__(self, required: Collection[str], optional: Collection[str] = ()) -> None:
        self.required, self.optional = tuple(required), tuple(optional)

    def check(self, header: list[str], where: Where) -> None:
        """Reject columns that stand twice, that there are not, and that are missing."""
        every = (*self.required, *self.optional)
        absent = [name for name in self.required if name not in header]
        for name in header:
            if header.count(name) > 1:
                where.reject(name, "the column stands twice", "Keep one of them.")
            if name not in every:
                # What is there already is not what was meant.
                said = suggestion(name, [column for column in every if column not in header]).strip()
                lacks = f" The column {' and '.join(absent)} is missing." if absent else ""
                where.reject(name, "there is no such column", f"{said}{lacks}")
        for name in absent:
            more = f"; it may have {', '.join(self.optional)}" if self.optional else ""
            where.reject(name, "the column is missing", f"Its columns are {', '.join(self.required)}{more}.")


def read_table(
    path: Path, columns: Columns, *, numbers: Collection[str], empty: str
) -> Iterator[tuple[Where, dict[str, Any]]]:
    """The rows of a ``.csv`` or ``.parquet`` file, every required cell filled, those of ``numbers`` as numbers.

    ``empty`` is what to do about a row that has no answer.

    Raises:
        ImportRejected: where the file or a row is not of that form.
    """
    match path.suffix.lower():
        case ".csv":
            rows: Iterator[tuple[Where, dict[str, Any]]] = read_csv(path, columns)
        case ".parquet":
            rows = read_parquet(path, columns, numbers)
        case _:
            Where(path).reject(None, "its name ends neither in .csv nor in .parquet", "Convert it to one of the two.")
    for where, cells in rows:
        for name in columns.required:
            if cells[name] is None:
                where.reject(name, "the cell is empty", empty if name in numbers else "Fill it in.")
        yield where, {**cells, **{name: _number(name, cells[name], where, empty) for name in numbers if name in cells}}


def _number(name: str, cell: object, where: Where, empty: str) -> object:
    if not isinstance(cell, str):
        return cell
    try:
        # float() also reads 1_000, which in a table is more likely a slip.
        return float(cell.replace("_", "?"))
    except ValueError:
        where.reject(name, f"{cell!r} is no number", f"Write it with a point, as -4.702. {empty}")


def read_csv(path: Path, columns: Columns) -> Iterator[tuple[Where, dict[str, str | None]]]:
    """The rows of a CSV file (commas, a header, UTF-8 with or without a byte order mark), with their first lines.

    Raises:
        ImportRejected: where the file or a row is not of that form.
    """
    whole = Where(path)
    _must_be_file(path, whole)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        line = 1
        try:
            header = next(reader, [])
            if not header:
                whole.reject(None, "the file holds no rows", "Write a header and a row for each item.")
            if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
                whole.reject(None, "its columns are not separated by commas", "Save it with commas.")
            columns.check(header, Where(path, 1))
            found = False
            line = reader.line_num + 1
            for cells in reader:
                where, line = Where(path, line), reader.line_num + 1
                if not cells:
                    continue
                if len(cells) != len(header):
                    where.reject(
                        None, f"it has {len(cells)} cells and not {len(header)}", "Put cells with commas in quotes."
                    )
                found = True
                yield where, {name: cell if cell.strip() else None for name, cell in zip(header, cells, strict=True)}
        except csv.Error as error:
            Where(path, line).reject(None, f"this is not CSV ({error})", "Check quotes and line ends.")
        except UnicodeDecodeError:
            whole.reject(None, "it is not UTF-8 text", "Save the file as CSV in UTF-8.")
    if not found:
        whole.reject(None, "the file holds no rows", "Write a row for each item.")


def read_parquet(path: Path, columns: Columns, numbers: Collection[str]) -> Iterator[tuple[Where, dict[str, Any]]]:
    """The rows of a Parquet file; ``line`` counts them from 1.

    Columns in ``numbers`` come as they are, all others as text (whole numbers are written out).

    Raises:
        ImportRejected: where the file is no Parquet or a column cannot be read as text.
    """
    whole = Where(path)
    _must_be_file(path, whole)
    try:
        table = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        whole.reject(None, f"it cannot be read as Parquet ({error})", "Write it again.")
    with table:
        header = list(table.schema_arrow.names)
        columns.check(header, whole)
        if table.metadata.num_rows == 0:
            whole.reject(None, "the file holds no rows", "Write a row for each item.")
        line = 0
        for batch in table.iter_batches(_BATCH):
            frame = pl.DataFrame(pl.from_arrow(batch))
            for row in frame.with_columns(_as_text(frame, numbers, whole)).iter_rows(named=True):
                line += 1
                yield Where(path, line), row


def _as_text(frame: pl.DataFrame, numbers: Collection[str], whole: Where) -> list[pl.Expr]:
    casts = []
    for name, kind in frame.schema.items():
        if name in numbers:
            continue
        if not (kind.is_integer() or isinstance(kind, pl.String | pl.Categorical | pl.Enum | pl.Null)):
            whole.reject(name, f"the column is {kind}, and text belongs there", "Write it as text.")
        casts.append(pl.col(name).cast(pl.String))
    return casts


def _must_be_file(path: Path, whole: Where) -> None:
    if not path.exists():
        whole.reject(None, "there is no such file", "Check the path.")
    if not path.is_file():
        whole.reject(None, "it is no file", "Name the file itself.")
