"""Pictures by the sha256 of their bytes, as plain files beside the ledger.

A file appears under its final name by an atomic rename after it was written and flushed, so a crash leaves a
``.tmp`` file or nothing, never half a picture. Reading checks the hash.
"""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from fauve.errors import LedgerCorrupt, LedgerError
from fauve.imaging import decode
from fauve.keys import digest_bytes
from fauve.records import ImageRef

__all__ = ["ImageFolder"]


class ImageFolder:
    """The folder ``images/`` of a run directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, name: str) -> ImageRef:
        """Check, decode and store a picture; the same bytes give the same record and are written once.

        Raises:
            ImageRejected: when it is no usable picture (``name`` is how the message calls it).
            LedgerError: when it cannot be written.
        """
        picture, suffix = decode(data, name)
        ref = ImageRef(digest_bytes(data), picture.width, picture.height, suffix)
        target = self.root / ref.path
        if not target.exists():
            _write_atomically(target, data)
        return ref

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
            raise LedgerCorrupt(f"{ref.path} was altered after it was stored; restore it from a copy")
        return data

    def open(self, ref: ImageRef) -> Image.Image:
        """The stored picture, verified and decoded to upright RGB."""
        return decode(self.read(ref), ref.path)[0]


def _write_atomically(target: Path, data: bytes) -> None:
    partial = target.with_suffix(f".{os.getpid()}.tmp")
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
