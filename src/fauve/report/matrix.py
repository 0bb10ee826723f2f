"""Findings under every selector and judge as one matrix: a row a finding, a column a selector or judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fauve.naming import generator_name, scorer_name
from fauve.records import Finding
from fauve.report.numbers import format_estimate
from fauve.report.wording import metric
from fauve.studies.circularity import REFERENCES, side
from fauve.studies.evidence import STIMULI

__all__ = ["Matrix", "MatrixCell", "MatrixRow", "matrix"]

_SIGNS = {1: "+", -1: "−", 0: "·"}
_SIDES = {1: "above", -1: "below", 0: "undecided"}


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One value: its sign against the reference, the side in a word, estimate, interval, and the count behind it."""

    sign: str
    side: str
    text: str
    interval: str
    n: int


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One finding: what it is about, the reference that its sign is taken against, its cells, and what they make."""

    finding: str
    about: str
    reference: str
    cells: tuple[MatrixCell | None, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """``columns`` are the names of selectors and judges; a cell is None where a column says nothing of a finding."""

    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


_Subject = tuple[str, str | None, str | None, str]


def matrix(findings: Sequence[Finding]) -> Matrix | None:
    """The matrix of the findings of the study of circularity; None where they are of another one."""
    cells: dict[_Subject, dict[str, Finding]] = {}
    verdicts: dict[_Subject, Finding] = {}
    for finding in findings:
        if "under" in finding.group:
            cells.setdefault(_subject(finding, finding.metric), {})[finding.group["under"]] = finding
        elif "finding" in finding.group:
            verdicts[_subject(finding, finding.group["finding"])] = finding
    columns = tuple(dict.fromkeys(name for row in cells.values() for name in row))
    rows = [_row(verdicts[about], cells[about], columns) for about in cells if about in verdicts]
    return Matrix(columns, tuple(rows)) if rows else None


def _subject(finding: Finding, of: str) -> _Subject:
    return of, finding.scorer, finding.generator, finding.group.get("source", "")


def _row(verdict: Finding, found: Mapping[str, Finding], columns: Sequence[str]) -> MatrixRow:
    name = verdict.group["finding"]
    word = (verdict.note or "").partition(": ")[0]
    cells = tuple(_cell(found[column]) if column in found else None for column in columns)
    return MatrixRow(metric(name).label, _about(verdict), f"{REFERENCES[name]:g}", cells, word)


def _about(finding: Finding) -> str:
    source = finding.group.get("source")
    scorer = "" if finding.scorer is None else scorer_name(finding.scorer) + (f" ({source})" if source else "")
    pictures = "stimuli" if finding.generator == STIMULI else generator_name(finding.generator or "")
    return ", ".join(part for part in (scorer, pictures) if part)


def _cell(finding: Finding) -> MatrixCell:
    if finding.estimate is None:
        return MatrixCell("", _SIDES[0], "–", "", finding.n)
    where = side(finding)
    text, interval = format_estimate(finding.estimate, finding.low, finding.high)
    return MatrixCell(_SIGNS[where], _SIDES[where], text, interval, finding.n)
