"""Tables in the terminal: of findings, and of models."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fauve.cli.console import printable
from fauve.records import Finding
from fauve.report.beside import spoken_verdict
from fauve.report.numbers import format_estimate

__all__ = ["findings_table", "models_table"]

_LEFT = ("metric", "scorer", "generator", "group")
_RIGHT = ("estimate", "interval", "n", "missing", "p adj.", "published")
_WIDE = 160
"""Columns of a line that goes to a file or a pipe."""


def findings_table(findings: Sequence[Finding]) -> None:
    """Print one row a finding, columns that are empty throughout left out, and under the table every note once."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    rows = [_cells(finding) for finding in findings]
    shown = [k for k in range(len(_LEFT) + len(_RIGHT)) if any(row[k] for row in rows)]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for k, column in enumerate((*_LEFT, *_RIGHT)):
        if k in shown:
            table.add_column(column, justify="left" if column in _LEFT else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(row[k])) for k in shown))
    console.print(table)
    stated = [spoken_verdict(f.published) for f in findings if f.published and f.published.because]
    for note in dict.fromkeys([*(f.note for f in findings if f.note), *stated]):
        console.print(Text(f"· {printable(note)}"))


def models_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print one row a model, the first column whole and the others folded."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        whole = column == columns[0]
        table.add_column(column, no_wrap=whole, overflow="ellipsis" if whole else "fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(table)


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
        "" if finding.published is None else f"{finding.published.value:g} {finding.published.verdict or ''}".strip(),
    ]


def _numbers(finding: Finding) -> tuple[str, str]:
    if finding.estimate is None:
        return "undefined", ""
    text = format_estimate(finding.estimate, finding.low, finding.high)
    return text.estimate, text.interval
