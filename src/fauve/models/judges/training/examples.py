"""Labelled pictures to train and to test a judge on.

A row is one (picture, dimension, label); the sign of the label is the class 0, 1 or 2. A picture is on one side alone:
what falls to validation is drawn by picture, or said by the rows themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from fauve.errors import ConfigError, DataError
from fauve.keys import digest, seed_from
from fauve.ledger.importing.rows import Name, Row, read_rows

__all__ = ["Example", "Split", "class_counts", "class_weights", "fingerprint", "read_examples", "split_examples"]

Split = Literal["train", "validation"]

_BOUND = 2**63


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled picture. ``image`` names it in tables and splits; ``level`` is the class in {0, 1, 2}."""

    image: str
    path: Path
    dimension: str
    level: int
    split: Split | None = None


class _Row(Row):
    image: Name
    dimension: Name
    label: Annotated[int, Field(ge=-_BOUND, lt=_BOUND)]
    split: Split | None = None


def read_examples(path: Path) -> list[Example]:
    """The rows of a JSON Lines file: ``{"image", "dimension", "label", "split"?}``, image paths relative to the file.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy; a file that is missing, a picture that
            stands on both sides, or a (picture, dimension) that stands twice are faults.
    """
    found: list[Example] = []
    seen: set[tuple[str, str]] = set()
    sides: dict[str, Split | None] = {}
    for where, row in read_rows(path, _Row):
        file = path.parent / row.image
        if row.image not in sides and not file.is_file():
            where.reject("image", f"there is no file {row.image}", "Paths are relative to this file.")
        if (row.image, row.dimension) in seen:
            where.reject("dimension", f"{row.image} has a label for {row.dimension} already", "Keep one of them.")
        if sides.setdefault(row.image, row.split) != row.split:
            where.reject(
                "split", f"{row.image} stands on the other side in an earlier row", "Put a picture on one side."
            )
        seen.add((row.image, row.dimension))
        level = (row.label > 0) - (row.label < 0) + 1
        found.append(Example(row.image, file, row.dimension, level, row.split))
    return found


def split_examples(examples: Sequence[Example], share: float, seed: int) -> tuple[list[Example], list[Example]]:
    """Rows to train on and rows to test on: as the rows say; a picture that does not say is drawn with ``share``.

    Raises:
        ConfigError: the share is outside [0, 1).
        DataError: nothing is left to train on.
    """
    if not 0 <= share < 1:
        raise ConfigError(f"the share for validation is at least 0 and below 1, not {share}.")

    def side(one: Example) -> Split:
        drawn: Split = "validation" if seed_from("validation", seed, one.image) < share * 2**63 else "train"
        return one.split or drawn

    sides = [side(one) for one in examples]
    train = [one for one, at in zip(examples, sides, strict=True) if at == "train"]
    test = [one for one, at in zip(examples, sides, strict=True) if at == "validation"]
    if not train:
        raise DataError("No row is left to train on. Give more pictures, or a smaller share for validation.")
    return train, test


def class_counts(examples: Iterable[Example]) -> dict[str, list[int]]:
    """How many rows of each class there are, by dimension in alphabetical order."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in examples:
        counts[one.dimension][one.level] += 1
    return dict(sorted(counts.items()))


def class_weights(examples: Sequence[Example]) -> np.ndarray:
    """What each row counts so that the classes of its dimension that occur count alike; the mean is 1."""
    counts = Counter((one.dimension, one.level) for one in examples)
    rows = Counter(one.dimension for one in examples)
    classes = Counter(dimension for dimension, _ in counts)
    return np.array(
        [rows[e.dimension] / (classes[e.dimension] * counts[e.dimension, e.level]) for e in examples], dtype=np.float64
    )


def fingerprint(examples: Iterable[Example]) -> str:
    """Hash of the rows in their order, paths left out."""
    return digest([[one.image, one.dimension, one.level] for one in examples])
