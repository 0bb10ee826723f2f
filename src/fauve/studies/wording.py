"""Numbers as readers get them: no more digits than the interval supports, and always with interval and n."""

from __future__ import annotations

from collections.abc import Sequence

from fauve.naming import generator_name, is_untrained, scorer_kind
from fauve.numbers import decimals_for, fixed
from fauve.records import Finding
from fauve.studies.evidence import STIMULI

__all__ = [
    "count",
    "interval",
    "leading",
    "number",
    "percent",
    "range_percent",
    "where_from",
]


def number(value: float, low: float | None = None, high: float | None = None, *, signed: bool = False) -> str:
    """``value`` with two significant digits of the half-width of its interval; three digits without one."""
    return fixed(value, decimals_for(value, low, high), signed=signed)


def percent(share: float) -> str:
    """``0.324`` → ``32 %``."""
    return f"{share * 100:.0f} %"


def range_percent(finding: Finding) -> str:
    """``95 % interval 0–32 %``, or that there is none."""
    if finding.low is None or finding.high is None:
        return "no interval"
    return f"95 % interval {finding.low * 100:.0f}–{finding.high * 100:.0f} %"


def interval(finding: Finding) -> str:
    """``95 % interval −5.13 to −4.28``, with the digits of :func:`number`."""
    if finding.low is None or finding.high is None:
        return "no interval"
    low, high = (number(bound, finding.low, finding.high) for bound in (finding.low, finding.high))
    return f"95 % interval {low} to {high}"


def count(finding: Finding) -> str:
    """A share as a count: ``0 of 8``; where values are missing, also of how many it should have been."""
    if finding.estimate is None:
        return f"none of {finding.n}"
    won = f"{round(finding.estimate * finding.n):,} of {finding.n:,}"
    if not finding.missing:
        return won
    return f"{won} (of {round(finding.n / (1 - finding.missing)):,}; the others have no score)"


def where_from(finding: Finding) -> str:
    """`` by Nano Banana``, `` of stimuli``, or nothing where several generators are pooled."""
    if finding.generator is None:
        return ""
    return " of stimuli" if finding.generator == STIMULI else f" by {generator_name(finding.generator)}"


def leading(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that sentences are about: those of models under study, or of everything where there are none.

    Lowest estimate first, random weights last; where a scorer has several sources, only what was computed here.
    """
    stated = [f for f in findings if f.estimate is not None and f.scorer is not None and "source" not in f.group]
    models = [f for f in stated if scorer_kind(f.scorer or "") == "model"]
    return sorted(
        models or stated, key=lambda f: (is_untrained(f.scorer or ""), f.estimate, f.scorer, f.generator or "")
    )
