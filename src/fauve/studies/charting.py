"""Findings as the marks of a chart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fauve.naming import scorer_kind
from fauve.records import Finding
from fauve.studies.protocol import Chart, Mark

__all__ = ["CHANCE", "NO_CHANGE", "interval_chart", "mark"]

CHANCE = ((0.5, "chance"),)
NO_CHANGE = ((0.0, "no change"),)


def mark(finding: Finding, label: str, series: str, x: float | None = None) -> Mark:
    """A finding that has an estimate, as a mark."""
    if finding.estimate is None:
        raise ValueError(f"{finding.study}.{finding.metric} has no estimate to draw")
    return Mark(
        label=label,
        series=series,
        estimate=finding.estimate,
        low=finding.low,
        high=finding.high,
        x=x,
        published=finding.published.value if finding.published else None,
        control=finding.scorer is not None and scorer_kind(finding.scorer) == "control",
    )


def interval_chart(
    name: str,
    title: str,
    axis: str,
    findings: Iterable[Finding],
    label: Callable[[Finding], str],
    series: Callable[[Finding], str],
    *,
    lines: Sequence[tuple[float, str]] = (),
    note: str = "",
) -> list[Chart]:
    """One chart, largest estimate first, or none where no finding has an estimate."""
    drawn = [f for f in findings if f.estimate is not None]
    drawn.sort(key=lambda f: (-(f.estimate or 0.0), label(f)))
    marks = tuple(mark(f, label(f), series(f)) for f in drawn)
    return [Chart(name, "intervals", title, axis, marks, tuple(lines), note=note)] if marks else []
