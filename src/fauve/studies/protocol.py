"""What a study is: a question, the evidence that it reads, the findings and sentences that it states.

A study does no input or output of its own and imports no other study. It says how its findings read as sentences and
as charts in neutral records; how they look is the report's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fauve.charting import Chart, Mark
from fauve.records import Finding
from fauve.studies.evidence import Evidence

__all__ = ["Chart", "Mark", "Study"]


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
