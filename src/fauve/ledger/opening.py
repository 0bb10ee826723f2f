"""What is seen to when a ledger is opened: that it has today's form, and that its dimensions are known."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from fauve.errors import ConfigError, LedgerError
from fauve.ledger.lock import WriterLock
from fauve.ledger.migrations import lacking, migrate
from fauve.vocabulary import Dimension, add_dimensions

__all__ = ["catch_up", "know_dimensions", "refuse_another_form"]


def refuse_another_form(db: sqlite3.Connection, directory: Path) -> None:
    """Raises LedgerError for a ledger of the time before the first release that lacks tables which it should have."""
    if gone := lacking(db):
        raise LedgerError(
            f"{directory} was made by an early Fauve whose ledger had another form: this one looks in vain for "
            f"{', '.join(gone)}. It was left as it is. Make the run again in another directory "
            "(`fauve run CONFIG --out ANOTHER`; run.toml tells the settings), or read it with the Fauve that made it"
        )


def catch_up(db: sqlite3.Connection, directory: Path, steps: Sequence[str]) -> None:
    """Apply these steps to an older ledger for a reader. Raises LedgerError where that cannot be done now."""
    if not steps:
        return
    try:
        lock = WriterLock(directory)
        try:
            migrate(db)
        finally:
            lock.release()
    except (LedgerError, sqlite3.OperationalError) as error:
        raise LedgerError(
            f"{directory} was written by an earlier Fauve and needs {', '.join(steps)} before it can be read, which "
            f"cannot be done now: {error}"
        ) from error


def know_dimensions(db: sqlite3.Connection, directory: Path) -> None:
    """Make the dimensions of the user's own that are on file known to this process.

    Raises:
        ConfigError: where the process knows one of them with other wording.
    """
    rows = db.execute("SELECT name, wording FROM dimensions ORDER BY name").fetchall()
    try:
        add_dimensions(Dimension(name, **json.loads(wording)) for name, wording in rows)
    except ConfigError as error:
        raise ConfigError(f"{directory}: {error}") from None
