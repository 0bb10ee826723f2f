"""Findings as a table in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fauve.cli.console import printable
from fauve.records import Finding
from fauve.report.numbers import format_estimate

__all__ = ["findings_table"]


def findings_table(findings: Sequence[Finding]) -> None:
    """Print one row a finding, and under the table every note once."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("metric", "scorer", "generator", "group"):
        table.add_column(column)
    for column in ("estimate", "interval", "n", "missing", "p adj.", "published"):
        table.add_column(column, justify="right")
    for finding in findings:
        table.add_row(*(Text(printable(cell)) for cell in _cells(finding)))
    console = Console()
    console.print(table)
    for note in dict.fromkeys(f.note for f in findings if f.note):
        console.print(Text(f"· {printable(note)}"))


def _cells(finding: Finding) -> list[str]:
    group = " ".join(f"{key}={value}" for key, value in sorted(finding.group.items()))
    p = None if finding.test is None else finding.test.p_adjusted
    return [
        finding.metric,
        finding.scorer or "",
        finding.generator or "",
        group,
        *_numbers(finding),
        str(finding.n),
        f"{finding.missing:.0%}" if finding.missing else "",
        "" if p is None else f"{p:.2g}",
        "" if finding.published is None else f"{finding.published.value:g}",
    ]


def _numbers(finding: Finding) -> tuple[str, str]:
    if finding.estimate is None:
        return "undefined", ""
    text = format_estimate(finding.estimate, finding.low, finding.high)
    return text.value, text.interval
