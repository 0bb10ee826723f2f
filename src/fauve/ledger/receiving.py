"""A ledger opened for something from outside: where that is refused, no empty ledger is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fauve.errors import FauveError
from fauve.ledger.store import FILE, Ledger

__all__ = ["receiving"]

_PARTS = ("", "-wal", "-shm")


@contextmanager
def receiving(directory: Path) -> Iterator[Ledger]:
    """A run directory opened to write, made where it does not exist.

    A directory that had no ledger before is as it was before where the block raises a FauveError.
    """
    new = not (directory / FILE).exists()
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    refused = False
    try:
        with Ledger(directory, write=True) as ledger:
            try:
                yield ledger
            except FauveError:
                refused = True
                if new:  # while the lock is held: nobody else can have begun to write here
                    ledger.db.close()
                    for part in _PARTS:
                        (directory / f"{FILE}{part}").unlink(missing_ok=True)
                raise
    finally:
        if new and refused:
            _tidy(directory, missing)


def _tidy(directory: Path, made: list[Path]) -> None:
    """Remove the lock's file and the folders that were made and hold nothing."""
    (directory / "ledger.lock").unlink(missing_ok=True)
    images = directory / "images"
    for folder in [*(path for path in images.glob("*") if path.is_dir()), images, *made]:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
