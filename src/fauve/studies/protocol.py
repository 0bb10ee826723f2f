"""What a study is: a question, the evidence that it reads, the findings and sentences that it states.

A study does no input or output of its own and imports no other study. It says how its findings read as sentences and
as charts in neutral records; how they look is the report's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from fauve.records import Finding
from fauve.studies.evidence import Evidence

__all__ = ["Chart", "Mark", "Study"]


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


class Study(Protocol):
    """One question; see design section "two analyses carry every study"."""

    name: str
    title: str
    question: str
    method: str
    source: str

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Every number that the evidence allows; empty where it allows none."""
        ...

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """What the findings say, in plain sentences with n and interval; the first one is the headline."""
        ...

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """The figures that the findings deserve."""
        ...
