"""Pictures by the sha256 of their bytes, as plain files beside the ledger.

A file appears under its final name by an atomic rename after it was written and flushed, so a crash leaves a
``.tmp`` file or nothing, never half a picture. Reading checks the hash.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from PIL import Image

from fauve.errors import ImageRejected, LedgerCorrupt, LedgerError
from fauve.imaging import decode, described, opened
from fauve.keys import digest_bytes
from fauve.records import ImageRef

__all__ = ["ImageFolder", "examine"]

A = TypeVar("A")
B = TypeVar("B")

_AT_ONCE = 4
"""Pictures that are checked and written at a time: each waits for the disk longer than it works."""


def examine(data: bytes, name: str) -> ImageRef:
    """Check a picture, and describe it without storing it.

    Raises:
        ImageRejected: when it is no usable picture (``name`` is how the message calls it).
    """
    (width, height), suffix = described(data, name)
    return ImageRef(digest_bytes(data), width, height, suffix)


class ImageFolder:
    """The folder ``images/`` of a run directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pool: ThreadPoolExecutor | None = None

    def put(self, data: bytes, name: str) -> ImageRef:
        """Check, decode and store a picture; the same bytes give the same record and are written once.

        Raises:
            ImageRejected: when it is no usable picture (``name`` is how the message calls it).
            LedgerError: when it cannot be written.
        """
        ref = examine(data, name)
        self.keep(ref, data)
        return ref

    def put_all(self, pictures: Sequence[tuple[bytes, str]]) -> list[ImageRef | ImageRejected]:
        """Store several (bytes, name) at once; in order, the record of each or why it is no usable picture.

        Raises:
            LedgerError: when one cannot be written.
        """

        def one(picture: tuple[bytes, str]) -> ImageRef | ImageRejected:
            try:
                return self.put(*picture)
            except ImageRejected as error:
                return error

        return self._each(one, pictures)

    def keep(self, ref: ImageRef, data: bytes) -> Path | None:
        """Store the bytes that :func:`examine` described; returns the file that this call made, or None.

        A file that is there is read again, so that keeping a picture once more also mends a damaged copy.

        Raises:
            LedgerError: when the bytes are others by now, or cannot be written.
        """
        if digest_bytes(data) != ref.sha256:
            raise LedgerError(f"{ref.path} changed between its check and its storing; call again once it is at rest")
        target = self.root / ref.path
        there = target.exists()
        if there and digest_bytes(target.read_bytes()) == ref.sha256:
            return None
        _write_atomically(target, data)
        return None if there else target

    def sweep(self) -> None:
        """Remove what a killed writer left half written; for the holder of the lock only."""
        for partial in (self.root / "images").glob("*/*.tmp"):
            partial.unlink(missing_ok=True)

    def read(self, ref: ImageRef) -> bytes:
        """The stored bytes.

        Raises:
            LedgerCorrupt: when the file is missing or not what was stored.
        """
        path = self.root / ref.path
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise LedgerCorrupt(f"{ref.path} is missing; import it again or restore it from a copy") from None
        if digest_bytes(data) != ref.sha256:
            raise LedgerCorrupt(
                f"{ref.path} was altered after it was stored; import it again or restore it from a copy"
            )
        return data

    def open(self, ref: ImageRef) -> Image.Image:
        """The stored picture, verified and decoded to upright RGB."""
        return decode(self.read(ref), ref.path)[0]

    def open_all(self, refs: Sequence[ImageRef], *, pixels: bool = True) -> list[Image.Image | LedgerCorrupt]:
        """Several stored pictures at once; in order, each verified or why it cannot be had.

        ``pixels`` decodes them; without, they are as :func:`fauve.imaging.opened` gives them.
        """

        def one(ref: ImageRef) -> Image.Image | LedgerCorrupt:
            try:
                return self.open(ref) if pixels else opened(self.read(ref), ref.path)
            except LedgerCorrupt as error:
                return error

        return self._each(one, refs)

    def _each(self, work: Callable[[A], B], things: Sequence[A]) -> list[B]:
        """In threads that stay for the next call; a single thing is not worth one."""
        if len(things) < 2:
            return [work(thing) for thing in things]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fauve-pictures")
        return list(self._pool.map(work, things))


def _write_atomically(target: Path, data: bytes) -> None:
    partial = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise LedgerError(f"{target} cannot be written ({error.strerror}); free space or check its rights") from error
