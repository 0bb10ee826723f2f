"""VisionReward's image set (``zai-org/VisionRewardDB-Image``) as examples: pictures out of Parquet, their labels.

Columns: ``image`` (bytes, or a struct with ``bytes``) and ``annotation`` (dimension → integer score, as a struct, a map
or JSON text). Of its 40,743 rows the published judge was trained on the first 40,000 and tested on the last 743.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fauve.errors import DataError, ImageRejected
from fauve.imaging import decode
from fauve.keys import digest_bytes
from fauve.models.judges.training.examples import Example, Split

__all__ = ["TRAIN_ROWS", "Unpacked", "parquet_files", "unpack"]

TRAIN_ROWS = 40_000
"""The published split: what comes after these rows is for validation."""

_COLUMNS = ("image", "annotation")
_BATCH = 64


@dataclass(slots=True)
class Unpacked:
    """What came out of the files.

    Attributes:
        examples: rows of the dimensions that were asked for.
        rejected: pictures that could not be used, with the reason.
        passed_over: labels of dimensions that nobody asked for, by dimension.
    """

    examples: list[Example] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)


def parquet_files(source: Path) -> list[Path]:
    """The Parquet files of a folder in order of name, or the one file. Raises DataError where there is none."""
    found = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
    if not found or not all(file.is_file() for file in found):
        raise DataError(f"{source} holds no Parquet file. Give the data set's folder or one of its files.")
    return found


def unpack(source: Path, folder: Path, dimensions: Collection[str], *, train_rows: int = TRAIN_ROWS) -> Unpacked:
    """Write every picture to ``folder`` under its hash, and list its labels on ``dimensions``.

    Rows are numbered through all files in order of name; those from ``train_rows`` on are for validation. With fewer
    rows than that nothing is said of sides. A picture that cannot be used is left out and listed; one that is there
    already is not written again.

    Raises:
        DataError: a file is no Parquet, or a column is missing, or an annotation cannot be read.
    """
    out = Unpacked()
    files = parquet_files(source)
    total = sum(_rows_of(file) for file in files)
    sides: dict[str, Split | None] = {}
    for number, (name, row) in enumerate(_rows(files)):
        data = row["image"]["bytes"] if isinstance(row["image"], dict) else row["image"]
        try:
            path = _written(data, folder, name)
        except ImageRejected as error:
            out.rejected[name] = f"{error.reason}: {error.remedy}"
            continue
        side: Split | None = None
        if total > train_rows:
            side = "validation" if number >= train_rows else "train"
        # a picture that occurs again stays where it was, with the labels that it had
        if path.name in sides:
            out.rejected[name] = f"repeated: the same bytes as an earlier row ({path.name})"
            continue
        sides[path.name] = side
        for dimension, score in _labels(row["annotation"], name).items():
            if dimension not in dimensions:
                out.passed_over[dimension] += 1
                continue
            out.examples.append(Example(path.name, path, dimension, (score > 0) - (score < 0) + 1, side))
    if not out.examples:
        known = ", ".join(sorted(out.passed_over)) or "none"
        raise DataError(f"{source} has no label on any dimension asked for. Its dimensions: {known}.")
    return out


def _rows_of(file: Path) -> int:
    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file.name} is no Parquet file ({str(error).splitlines()[0][:120]}).") from None


def _rows(files: list[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in files:
        opened = pq.ParquetFile(file)
        missing = [column for column in _COLUMNS if column not in opened.schema_arrow.names]
        if missing:
            raise DataError(
                f"{file.name} has no column {missing[0]!r}; it has {', '.join(opened.schema_arrow.names)}. "
                "VisionReward's image set has image and annotation."
            )
        at = 0
        for batch in opened.iter_batches(_BATCH, columns=list(_COLUMNS)):
            for row in batch.to_pylist():
                yield f"{file.name}, row {at}", row
                at += 1


def _written(data: bytes | None, folder: Path, name: str) -> Path:
    _, suffix = decode(data or b"", name)
    digest = digest_bytes(data or b"")
    path = folder / digest[:2] / f"{digest}{suffix}"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data or b"")
        part.replace(path)
    return path


def _labels(given: Any, name: str) -> dict[str, int]:
    """Dimension → score, with dimensions in our spelling; a null is no label."""
    try:
        found = json.loads(given) if isinstance(given, str) else dict(given)
        if not isinstance(found, Mapping):
            raise TypeError("it is no object")
        labels = {str(key).replace("_", " "): score for key, score in found.items() if score is not None}
        if any(type(score) is not int for score in labels.values()):
            raise TypeError("a score is no whole number")
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{name}: the annotation cannot be read ({error}). It maps dimensions to whole numbers."
        ) from None
    return labels
