"""The charts of a report as SVG pictures, drawn beside whatever else the report needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from fauve.charting import Chart
from fauve.report.aside import Aside
from fauve.report.colours import Ink

__all__ = ["Stills"]

_WORTH = 20
"""Fewer charts are drawn here: a process takes about as long to start as twenty charts take to draw."""


class Stills:
    """SVG pictures of charts, begun when this is entered and fetched when they are needed.

    Args:
        charts: what to draw.
        colours: of every series, for all charts.
    """

    def __init__(self, charts: Sequence[Chart], colours: Mapping[str, Ink]) -> None:
        self._charts, self._colours = tuple(charts), dict(colours)
        self._stack = ExitStack()
        self._aside: Aside[list[bytes]] | None = None

    def __enter__(self) -> Self:
        if len(self._charts) >= _WORTH:
            failure = "the report's charts could not be drawn"
            self._aside = self._stack.enter_context(Aside(failure, _draw, self._charts, self._colours))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def take(self) -> list[bytes]:
        """The pictures, in the order of the charts; waits for them.

        Raises:
            FauveError: the other process failed; with what it said.
        """
        return _draw(self._charts, self._colours) if self._aside is None else self._aside.take()


def _draw(charts: Sequence[Chart], colours: Mapping[str, Ink]) -> list[bytes]:
    # matplotlib takes half a second to load, and whoever only reads findings never draws.
    from fauve.report.figures import svg  # noqa: PLC0415

    return [svg(chart, colours) for chart in charts]
