"""One writer at a time: an advisory lock that the operating system drops when its holder dies.

The lock file also says who holds it and since when, so that the second writer can tell its user.
"""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from fauve.errors import LedgerError, LedgerLocked

if os.name == "nt":
    import msvcrt

    def _take(file: IO[str]) -> None:
        file.seek(1 << 20)  # a locked byte cannot be read there, so it lies beyond the text
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


__all__ = ["WriterLock"]


class WriterLock:
    """Holds ``ledger.lock`` of a run directory from construction to :meth:`release`.

    Raises:
        LedgerLocked: when another process holds it.
        LedgerError: when there can be no lock here (rights, or a file system without locks).
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ledger.lock"
        try:
            self._file = self.path.open("a+", encoding="utf-8")
        except OSError as error:
            raise LedgerError(f"{self.path} cannot be opened ({error.strerror}); check the rights") from error
        try:
            _take(self._file)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                self._file.close()
                raise LedgerError(
                    f"{self.path} cannot be locked ({error.strerror}); use a disk of this machine"
                ) from error
            self._file.seek(0)
            holder = _holder(self._file.read())
            self._file.close()
            raise LedgerLocked(
                f"{directory} is being written by {holder}; wait for it, or stop it, and call again (reading is free)"
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}))
        self._file.flush()

    def release(self) -> None:
        """Let the next writer in. The file stays: removing it would race with whoever opens it."""
        self._file.seek(0)
        self._file.truncate()
        self._file.close()


def _holder(text: str) -> str:
    try:
        held = json.loads(text)
        return f"process {held['pid']} since {held['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
