"""What a row of a dataset brings, and what all readers of rows share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fauve.ledger.importing.datasets.catalogue import MATCHERS, PUBLISHED, Dataset
from fauve.ledger.importing.datasets.readings import score, text
from fauve.ledger.importing.datasets.screening import Screened
from fauve.ledger.importing.rows import Where
from fauve.records import ImportedScore, Item, Outcome, Selection

__all__ = ["Brought", "Call", "Reader", "Row", "away", "plain", "row_id", "scored"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row in our words: ``cells`` by our names, pictures screened, ``number`` from 0 through all files."""

    where: Where
    number: int
    cells: Mapping[str, Any]

    def picture(self, column: str) -> Screened:
        """The picture of a column; one that the dataset lacks counts as no image."""
        found = self.cells.get(column)
        return found if isinstance(found, Screened) else Screened(None, Outcome.NO_IMAGE, "there is no such column")

    def text(self, column: str) -> str:
        """The text of a column that must have one."""
        return text(self.where, column, self.cells.get(column))


@dataclass(frozen=True, slots=True)
class Brought:
    """An item, with what belongs to it and has no place in its record.

    ``judged`` is (image slot, dimension, value in [0, 2]) of :data:`~.catalogue.JUDGE`.
    """

    where: Where
    item: Item
    selections: tuple[Selection, ...] = ()
    judged: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """What an import was asked for: the dataset, our names of generators by theirs, the prefix of running numbers."""

    dataset: Dataset
    generators: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""


class Reader(Protocol):
    """Turns the rows of one dataset into items."""

    @property
    def notices(self) -> Sequence[str]:
        """What a reader of the import must know, once all rows are there."""
        ...

    def row(self, row: Row) -> Iterable[Brought]:
        """The items of one row."""
        ...

    def end(self) -> Iterable[Brought]:
        """The items that could only be made once all rows were there."""
        ...


def row_id(row: Row, call: Call) -> str:
    """The id of a row: that of its column, or its number with the call's prefix."""
    given = row.cells.get("id")
    return f"{call.prefix}{row.number}" if given is None else text(row.where, "id", given)


def scored(
    row: Row, column: str, scorer: str, image: str, prompt: str = "prompt", kept: bool = True
) -> tuple[tuple[ImportedScore, ...], float | None]:
    """The score of a cell as a record (none where it is empty or its picture is set aside), and its sigma."""
    cell = row.cells.get(column)
    if scorer in MATCHERS and isinstance(cell, list) and len(cell) == 2:
        cell = cell[1]  # both logits: no match, match
    read = score(row.where, column, cell)
    if read is None or not kept:
        return (), None
    return (ImportedScore(scorer, image, prompt, read[0], PUBLISHED),), read[1]


def away(pictures: Mapping[str, Screened]) -> dict[str, Any]:
    """Notes on pictures that were set aside: their outcomes and the reasons; nothing where all are there."""
    gone = {slot: one for slot, one in pictures.items() if one.ref is None}
    if not gone:
        return {}
    return {
        "outcomes": {slot: one.outcome.value for slot, one in pictures.items()},
        "set_aside": {slot: one.reason for slot, one in gone.items()},
    }


def plain(value: Any) -> Any:
    """A cell as notes can hold it: numbers that are not finite become None, bytes are said to be bytes."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | str) else str(type(value).__name__)
