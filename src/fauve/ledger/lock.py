"""One writer at a time: an advisory lock that the operating system drops when its holder dies.

The lock file also says who holds it and since when, so that the second writer can tell its user.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from fauve.errors import LedgerLocked

if os.name == "nt":
    import msvcrt

    def _take(file: IO[str]) -> None:
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
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ledger.lock"
        self._file = self.path.open("a+", encoding="utf-8")
        try:
            _take(self._file)
        except OSError:
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
