"""A figure in neutral terms: what a study draws, before anybody decides how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Chart", "Mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One drawn value: where it stands, its interval, and what was published for it.

    ``label`` names the row of an interval chart; ``series`` the scorer or generator (one colour each, everywhere);
    ``x`` the dose of a dose-response chart and None otherwise. A ``quoted`` mark was measured by somebody else: its
    estimate is a published figure, drawn as such and without a colour of its own (its series means nothing).
    """

    label: str
    series: str
    estimate: float
    low: float | None
    high: float | None
    x: float | None = None
    published: float | None = None
    control: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure in neutral terms.

    ``intervals``: one row a mark, sorted as given, estimate with its interval on a horizontal axis.
    ``dose``: one line a series over ``x``, with its interval as a band.
    ``lines`` are reference values on the axis of estimates (chance, no change), each with its label.
    """

    name: str
    kind: Literal["intervals", "dose"]
    title: str
    axis: str
    marks: tuple[Mark, ...]
    lines: tuple[tuple[float, str], ...] = ()
    x_axis: str = ""
    note: str = ""
