"""Items on their way in: their pictures are found, checked and stored with them, or nothing is.

One pass: rows are validated, their pictures decoded and the records written inside one transaction; the picture files
themselves are put in place last, just before it commits. Memory holds a batch of rows, and no picture longer than its
check takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from fauve.errors import ImageRejected, ImportRejected
from fauve.imaging import read_file
from fauve.ledger.images import examine
from fauve.ledger.importing.rows import Where
from fauve.ledger.seals import seal_imports
from fauve.ledger.store import Added, Ledger
from fauve.records import ImageRef, Item

__all__ = ["Draft", "Named", "take"]

_BATCH = 64
_THREADS = 2  # decoding is mostly outside Python's lock; more would hold more pictures in memory


@dataclass(frozen=True, slots=True)
class Named:
    """A picture as a row names it: the field, and the path as it stands there."""

    field: str
    path: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An item whose image slots are still empty, and the pictures that belong into them."""

    where: Where
    item: Item
    pictures: Mapping[str, Named | None] = field(default_factory=dict)


def take(ledger: Ledger, folder: Path, drafts: Iterable[Draft]) -> Added:
    """Store all drafts with their pictures, which lie in ``folder`` or below, or nothing.

    Raises:
        ImportRejected: at the first row or picture that cannot be taken.
        LedgerConflict: when the ledger has an item of the same name with other content.
        LedgerError: when there is no room to write.
    """
    intake = _Intake(folder.resolve())
    total = Added(0, 0)
    with ledger.transaction():
        for batch in _batches(drafts):
            for ref in intake.check(batch):
                ledger.record_image(ref)
            added = ledger.add_items((intake.filled(draft), str(draft.where)) for draft in batch)
            total = Added(total.new + added.new, total.unchanged + added.unchanged)
        made: list[Path] = []
        try:
            for path, ref in intake.refs.items():
                file = ledger.images.keep(ref, read_file(path, str(path)))
                if file is not None:
                    made.append(file)
        except BaseException:
            for file in made:
                file.unlink(missing_ok=True)
            raise
        seal_imports(ledger)
    return total


def _batches(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    batch: list[Draft] = []
    try:
        for draft in drafts:
            batch.append(draft)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    except ImportRejected:
        # A picture of an earlier row may be at fault too, and the first fault is the one to report.
        yield batch
        raise
    yield batch


class _Intake:
    """The pictures of one import by their resolved paths, each checked once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refs: dict[Path, ImageRef] = {}

    def check(self, batch: list[Draft]) -> list[ImageRef]:
        """Decode what this batch names and was not seen before; returns those in the order of the file."""
        wanted: dict[Path, tuple[Where, Named]] = {}
        for draft in batch:
            for named in draft.pictures.values():
                if named is not None:
                    path = self._inside(draft.where, named)
                    if path not in self.refs:
                        wanted.setdefault(path, (draft.where, named))
        with ThreadPoolExecutor(_THREADS) as pool:
            for path, ref in zip(wanted, pool.map(_examined, wanted, wanted.values()), strict=True):
                self.refs[path] = ref
        return [self.refs[path] for path in wanted]

    def filled(self, draft: Draft) -> Item:
        """The item with the hashes of its pictures."""
        images = {
            slot: None if named is None else self.refs[self._inside(draft.where, named)].sha256
            for slot, named in draft.pictures.items()
        }
        return replace(draft.item, images=images)

    def _inside(self, where: Where, named: Named) -> Path:
        text = named.path
        if "://" in text:
            where.reject(named.field, f"{text!r} is an address", "Fetch the picture and name the file.")
        parts = (*PurePosixPath(text).parts, *PureWindowsPath(text).parts)
        if ".." in parts or text.startswith(("/", "\\", "~")) or PureWindowsPath(text).drive or "\0" in text:
            where.reject(
                named.field, f"{text!r} leaves the folder of the file", "Name a picture that lies in it or below it."
            )
        path = (self.folder / text).resolve()
        if not path.is_relative_to(self.folder):
            where.reject(
                named.field, f"{text!r} is a link that leaves the folder of the file", "Copy the picture into it."
            )
        return path


def _examined(path: Path, place: tuple[Where, Named]) -> ImageRef:
    where, named = place
    try:
        return examine(read_file(path, named.path), named.path)
    except ImageRejected as error:
        raise ImportRejected(
            where.file, where.line, named.field, f"{named.path!r} is no usable picture: {error.reason}", error.remedy
        ) from error
