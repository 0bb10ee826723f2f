"""The page to play with, computed in a process of its own from the moment that it is known to be wanted."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from fauve.ledger import Ledger
from fauve.models.lab_cards import LAB_GENERATORS
from fauve.report.aside import Aside
from fauve.report.play import PlayParts, make_play
from fauve.report.play_grid import Play

__all__ = ["Playing"]


class Playing:
    """The page of a report over ``ledger``, begun when this is entered; a context manager.

    There is one where the ledger holds pictures by the lab's own generators.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._wanted = _has_lab_pictures(ledger)
        self._stack = ExitStack()
        self._aside: Aside[PlayParts | None] | None = None

    def __enter__(self) -> Self:
        if self._wanted:
            failure = "the page to play with could not be made"
            self._aside = self._stack.enter_context(Aside(failure, make_play, Play()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def take(self) -> PlayParts | None:
        """The page; waits for it. None where there is none, or the family lacks a member.

        Raises:
            FauveError: the other process failed; with what it said.
        """
        return None if self._aside is None else self._aside.take()


def _has_lab_pictures(ledger: Ledger) -> bool:
    rows = ledger.db.execute("SELECT DISTINCT generator FROM items JOIN item_images USING (item)").fetchall()
    return any(name is not None and name.startswith(tuple(LAB_GENERATORS)) for (name,) in rows)
