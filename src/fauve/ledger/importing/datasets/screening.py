"""Pictures in the cells of a dataset: stored where they are usable, named and set aside where they are not.

A picture that is one colour in every pixel is what a filter or a failed request left behind: outcome ``filtered``.
One that cannot be decoded is ``failed``, an empty cell ``no image``. None of them is a picture of anything, so what
was scored or selected with one of them is set aside as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fauve.errors import ImageRejected
from fauve.ledger.images import ImageFolder, examine
from fauve.ledger.importing.rows import Where
from fauve.records import ImageRef, Outcome

__all__ = ["Screened", "Screening"]

_THREADS = 2  # decoding is mostly outside Python's lock; more would hold more pictures in memory


@dataclass(frozen=True, slots=True)
class Screened:
    """A picture that is stored (``ref``), or why there is none."""

    ref: ImageRef | None
    outcome: Outcome = Outcome.OK
    reason: str | None = None

    @property
    def sha256(self) -> str | None:
        """The picture's hash, or None where there is no picture."""
        return None if self.ref is None else self.ref.sha256


@dataclass(slots=True)
class Screening:
    """The pictures of one import.

    Attributes:
        folder: where they are stored.
        made: the files that this import made, for :meth:`undo`.
    """

    folder: ImageFolder
    made: list[Path] = field(default_factory=list)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS))

    def screen(self, cells: Sequence[tuple[Where, str, Any]]) -> list[Screened]:
        """What is made of each cell (place, column, cell)."""
        return list(self._pool.map(lambda one: self._screened(*one), cells))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def undo(self) -> None:
        """Remove what was stored: nothing of the dataset is taken."""
        for file in self.made:
            file.unlink(missing_ok=True)

    def _screened(self, where: Where, column: str, cell: Any) -> Screened:
        data = _bytes(where, column, cell)
        if data is None:
            return Screened(None, Outcome.NO_IMAGE, "the cell is empty")
        try:
            ref = examine(data, column)
        except ImageRejected as error:
            outcome = Outcome.FILTERED if error.reason == "constant" else Outcome.FAILED
            return Screened(None, outcome, f"{error.reason}: {error.remedy}")
        file = self.folder.keep(ref, data)
        if file is not None:
            self.made.append(file)
        return Screened(ref)


def _bytes(where: Where, column: str, cell: Any) -> bytes | None:
    data = cell.get("bytes") if isinstance(cell, Mapping) else cell
    if data is None and isinstance(cell, Mapping) and cell.get("path"):
        where.reject(
            column,
            "the cell names a file and does not hold it",
            "Use the dataset's Parquet files with pictures in them.",
        )
    if data is not None and not isinstance(data, bytes):
        where.reject(column, f"a picture is expected, and {type(data).__name__} is there", "Check --columns.")
    return data or None
