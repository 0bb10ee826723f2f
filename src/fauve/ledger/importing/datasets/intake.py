"""A dataset on its way into the ledger: all of it in one transaction, or nothing; memory holds a few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fauve.errors import LedgerConflict
from fauve.ledger.importing.datasets.brought import Brought, Reader, Row
from fauve.ledger.importing.datasets.catalogue import JUDGE, Dataset
from fauve.ledger.importing.datasets.screening import Screened, Screening
from fauve.ledger.importing.datasets.streams import Screen, Stream, Wanted
from fauve.ledger.seals import seal_imports
from fauve.ledger.store import Added, Ledger
from fauve.records import Outcome
from fauve.version import __version__

__all__ = ["MOST_NAMED", "Taken", "rows_of", "take_rows"]

MOST_NAMED = 20
"""Pictures that were set aside are named up to this many, and counted beyond."""

_JUDGE_CARD = {
    "name": JUDGE,
    "kind": "judge",
    "summary": "The judge of arXiv 2512.11883 (Qwen3-VL-4B with LoRA): published values, nothing was computed here.",
    "hub_id": "Qwen/Qwen3-VL-4B-Instruct",
    "licence": None,
    "range": [0.0, 2.0],
}


@dataclass(slots=True)
class Taken:
    """What an import brought.

    Attributes:
        dataset: its name.
        added: items that are new, and items that the ledger had in the same form.
        pictures: pictures that are stored, each counted as often as it stands in a row.
        set_aside: pictures that are not, by outcome.
        named: the first of them, in words.
        notices: what else a reader must know.
    """

    dataset: str
    added: Added = field(default_factory=lambda: Added(0, 0))
    pictures: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    named: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def rows_of(
    stream: Stream, dataset: Dataset, columns: Mapping[str, Mapping[str, str]], screen: Screen, limit: int | None
) -> Iterator[Row]:
    """Rows in our words; ``columns`` has for each part of the stream their name by ours."""
    wanted = {
        part: Wanted(
            plain=tuple(their for our, their in names.items() if our not in dataset.pictures),
            pictures=tuple(their for our, their in names.items() if our in dataset.pictures),
        )
        for part, names in columns.items()
    }
    number = 0
    for batch in stream.batches(wanted, screen, limit):
        for where, row in batch:
            names = columns.get(where.file) or columns[stream.label]
            yield Row(where, number, {our: row[their] for our, their in names.items()})
            number += 1


def take_rows(
    ledger: Ledger,
    rows: Callable[[Screen], Iterator[Row]],
    reader: Reader,
    taken: Taken,
    credit: str,
    licence: str | None,
) -> None:
    """Store what ``reader`` makes of the rows, and count it in ``taken``; ``rows`` are asked for with a screening.

    Raises:
        ImportRejected: at the first row that cannot be read.
        LedgerConflict: when the ledger has an item of the same name with other content.
    """
    screening = Screening(ledger.images)
    judged = _Judged(ledger, taken.dataset)
    try:
        with ledger.transaction():
            for row in rows(screening.screen):
                _file_pictures(ledger, row, taken, credit, licence)
                _add(ledger, reader.row(row), judged, taken)
            _add(ledger, reader.end(), judged, taken)
            judged.close()
            seal_imports(ledger)
    except BaseException:
        screening.undo()
        raise
    finally:
        screening.close()
    taken.notices += [*reader.notices, *judged.notices()]


def _file_pictures(ledger: Ledger, row: Row, taken: Taken, credit: str, licence: str | None) -> None:
    for column, one in row.cells.items():
        if not isinstance(one, Screened):
            continue
        if one.ref is not None:
            taken.pictures += 1
            ledger.record_image(one.ref, credit, licence)
            continue
        taken.set_aside[one.outcome.value] += 1
        if len(taken.named) < MOST_NAMED:
            taken.named.append(f"{row.where}, {column}: {one.reason}")


def _add(ledger: Ledger, brought: Iterable[Brought], judged: _Judged, taken: Taken) -> None:
    every = list(brought)
    added = ledger.add_items((one.item, str(one.where)) for one in every)
    taken.added = Added(taken.added.new + added.new, taken.added.unchanged + added.unchanged)
    for one in every:
        _select(ledger, one)
        judged.add(one)


def _select(ledger: Ledger, one: Brought) -> None:
    item = one.item
    for chosen in one.selections:
        number = ledger.db.execute(
            "SELECT item FROM items WHERE kind = ? AND study = ? AND generator = ? AND id = ?",
            (item.kind, item.study, item.generator, item.id),
        ).fetchone()[0]
        had = ledger.db.execute(
            "SELECT choice FROM selections WHERE item = ? AND selector = ?", (number, chosen.selector)
        ).fetchone()
        if had is None:
            ledger.db.execute(
                "INSERT INTO selections VALUES (?, ?, ?, ?)", (number, chosen.selector, chosen.source, chosen.choice)
            )
        elif had[0] != chosen.choice:
            raise LedgerConflict(
                f"{one.where}: {chosen.selector} chose {had[0]!r} in {item.kind} {item.id!r} on file, and now "
                f"{chosen.choice!r}. Import it into another directory. Nothing of this dataset was imported."
            )


class _Judged:
    """Published values of the judge, filed as answers of an adapter that only stands for them."""

    def __init__(self, ledger: Ledger, dataset: str) -> None:
        self._ledger, self._dataset = ledger, dataset
        self._adapter: str | None = None
        self._run: int | None = None
        self._other = 0

    def add(self, one: Brought) -> None:
        for slot, dimension, value in one.judged:
            image = one.item.images[slot]
            had = self._ledger.db.execute(
                "SELECT value FROM dimension_scores WHERE adapter = ? AND image = ? AND dimension = ?",
                (self._key(), image, dimension),
            ).fetchone()
            if had is None:
                self._ledger.db.execute(
                    "INSERT INTO dimension_scores VALUES (?, ?, ?, ?, ?, NULL, ?)",
                    (self._key(), image, dimension, Outcome.OK.value, value, self._begun()),
                )
            else:
                self._other += had[0] != value

    def close(self) -> None:
        if self._run is not None:
            self._ledger.finish_run(self._run, {})

    def notices(self) -> list[str]:
        if not self._other:
            return []
        return [f"{self._other:,} values of the judge differ from those on file for the same picture, which were kept"]

    def _key(self) -> str:
        if self._adapter is None:
            self._adapter = self._ledger.register("judge", JUDGE, {"source": "published"}, _JUDGE_CARD)
        return self._adapter

    def _begun(self) -> int:
        if self._run is None:
            self._run = self._ledger.begin_run(f"import dataset {self._dataset}", {"fauve": __version__})
        return self._run
