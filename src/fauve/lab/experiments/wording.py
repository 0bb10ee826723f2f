"""How the lab's findings are written in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from fauve.numbers import decimals_for, fixed
from fauve.records import Finding

__all__ = ["REWARDS", "VOID", "cell", "number", "table", "void_mark"]

REWARDS = {
    "universal": "universal taste",
    "plural": "plural taste",
    "matcher": "matcher (instruction)",
    "placebo": "placebo (random)",
}
"""How rewards are called in tables, in their order."""

VOID = "VOID"


def number(value: float, *, low: float | None = None, high: float | None = None, signed: bool = False) -> str:
    """A number with the decimals that its interval supports, at most three."""
    return fixed(value, min(3, max(2, decimals_for(value, low, high))), signed=signed)


def cell(finding: Finding | None, *, signed: bool = False) -> str:
    """Estimate with its interval; a dash where there is none."""
    if finding is None or finding.estimate is None:
        return "–"
    value = number(finding.estimate, low=finding.low, high=finding.high, signed=signed)
    if finding.low is None or finding.high is None:
        return value
    low, high = (
        number(bound, low=finding.low, high=finding.high, signed=signed) for bound in (finding.low, finding.high)
    )
    return f"{value} [{low}, {high}]"


def void_mark(finding: Finding) -> str:
    """Marks a row that a gate voids."""
    return f" **{VOID}**" if finding.note and VOID in finding.note else ""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows)])
