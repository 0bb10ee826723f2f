"""Findings as tables: metrics side by side where they speak of the same scorer, generator and group.

A study states from one to many hundreds of findings. They fall into sections by what they are broken down by; the
section without any group comes first, and a long section is cut into parts by the group that has most values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fauve.naming import generator_name, scorer_name
from fauve.records import Finding
from fauve.report.beside import spoken_verdict
from fauve.report.numbers import format_count, format_estimate, format_like, format_p, format_share, format_value
from fauve.report.wording import group_label, metric

__all__ = ["Cell", "ColumnGroup", "Row", "Section", "Table", "sections"]

_PART_ROWS = 24
"""A section longer than this is cut into parts."""

_SOURCE = "source"
"""Not a breakdown but part of who scored: studies name it as a group where a scorer has values from several sources."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as text, with the numbers of its footnotes below the table.

    ``extra`` is the interval of a value, and the verdict of a published one.
    """

    text: str
    kind: str
    extra: str = ""
    notes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """The columns of one metric under its label; ``label`` is empty for those that all metrics share."""

    label: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What the row speaks of (one text a head), and its values (one a column)."""

    heads: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: ``heads`` names the columns that say what a row is about."""

    caption: str
    heads: tuple[str, ...]
    groups: tuple[ColumnGroup, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Findings that are broken down by the same things, as one table or several."""

    title: str
    tables: tuple[Table, ...]

    @property
    def count(self) -> int:
        """Rows in all parts."""
        return sum(len(table.rows) for table in self.tables)


_Subject = tuple[str | None, str | None, tuple[tuple[str, str], ...]]


def sections(findings: Sequence[Finding]) -> list[Section]:
    """The findings of one study as sections, those without a group first, else in the order of first appearance."""
    by_shape: dict[tuple[bool, bool, tuple[str, ...]], list[Finding]] = {}
    for finding in findings:
        keys = tuple(sorted(key for key in finding.group if key != _SOURCE))
        shape = (finding.scorer is not None, finding.generator is not None, keys)
        by_shape.setdefault(shape, []).append(finding)
    ordered = sorted(by_shape.items(), key=lambda entry: len(entry[0][2]))
    return [_section(found) for _, found in ordered]


def _section(findings: list[Finding]) -> Section:
    keys = _heads(findings[0])
    title = f"By {_listed([group_label(key) for key in keys])}" if keys else "Overall"
    parts = _parts(findings, keys)
    return Section(title, tuple(_table(caption, found, heads) for caption, found, heads in parts))


def _heads(finding: Finding) -> tuple[str, ...]:
    named = (("scorer", finding.scorer), ("generator", finding.generator))
    return (*(name for name, value in named if value is not None), *(key for key in finding.group if key != _SOURCE))


def _parts(findings: list[Finding], heads: tuple[str, ...]) -> list[tuple[str, list[Finding], tuple[str, ...]]]:
    rows = {_subject(f) for f in findings}
    if len(rows) <= _PART_ROWS or len(heads) < 2:
        return [("", findings, heads)]
    values = {head: list(dict.fromkeys(_value(f, head) for f in findings)) for head in heads if head != "scorer"}
    cut = max(values, key=lambda head: len(values[head]))
    rest = tuple(head for head in heads if head != cut)
    return [(_caption(cut, value), [f for f in findings if _value(f, cut) == value], rest) for value in values[cut]]


def _caption(head: str, value: str) -> str:
    return f"{group_label(head).capitalize()}: {generator_name(value) if head == 'generator' else group_label(value)}"


def _subject(finding: Finding) -> _Subject:
    return finding.scorer, finding.generator, tuple(sorted(finding.group.items()))


def _value(finding: Finding, head: str) -> str:
    if head == "scorer":
        return finding.scorer or ""
    if head == "generator":
        return finding.generator or ""
    return finding.group[head]


def _table(caption: str, findings: list[Finding], heads: tuple[str, ...]) -> Table:
    metrics = list(dict.fromkeys(f.metric for f in findings))
    by_row: dict[_Subject, dict[str, Finding]] = {}
    for finding in findings:
        by_row.setdefault(_subject(finding), {})[finding.metric] = finding
    shared = _counts_are_shared(by_row.values())
    columns = {name: _columns([f for f in findings if f.metric == name], shared) for name in metrics}
    notes: dict[str, int] = {}
    rows = []
    for found in by_row.values():
        first = next(iter(found.values()))
        cells = [c for name in metrics for c in _cells(found.get(name), columns[name], notes)]
        if shared:
            cells += [_cell(first, "n"), _cell(first, "missing")]
        rows.append(Row(tuple(_head_text(first, head) for head in heads), tuple(cells)))
    groups = [ColumnGroup(metric(name).label, columns[name]) for name in metrics]
    if shared:
        groups.append(ColumnGroup("", ("n", "missing")))
    return Table(caption, tuple(group_label(h) for h in heads), tuple(groups), tuple(rows), tuple(notes))


def _head_text(finding: Finding, head: str) -> str:
    value = _value(finding, head)
    if head == "scorer":
        source = finding.group.get(_SOURCE)
        return f"{scorer_name(value)} ({source})" if source else scorer_name(value)
    return generator_name(value) if head == "generator" else group_label(value)


def _counts_are_shared(rows: Iterable[Mapping[str, Finding]]) -> bool:
    return all(len({(f.n, f.missing) for f in found.values()}) == 1 for found in rows)


def _columns(findings: list[Finding], shared: bool) -> tuple[str, ...]:
    names = ["value"]
    if any(f.published for f in findings):
        names += ["published", "difference"]
    if any(f.test and f.test.p is not None for f in findings):
        names.append("p")
    if any(f.test and f.test.p_adjusted is not None for f in findings):
        names.append("p adjusted")
    return tuple(names if shared else [*names, "n", "missing"])


def _cells(finding: Finding | None, columns: tuple[str, ...], notes: dict[str, int]) -> list[Cell]:
    if finding is None:
        return [Cell("", column) for column in columns]
    made = [_cell(finding, column) for column in columns]

    def footnotes(parts: Iterable[str]) -> tuple[int, ...]:
        return tuple(notes.setdefault(part, len(notes) + 1) for part in parts)

    if finding.note:
        # A study joins what it has to say of a number with semicolons; each part stands below the table once.
        made[0] = replace(made[0], notes=footnotes(finding.note.split("; ")))
    if finding.published and finding.published.because:
        place = columns.index("published")
        made[place] = replace(made[place], notes=footnotes([spoken_verdict(finding.published)]))
    return made


def _cell(finding: Finding, column: str) -> Cell:
    if column == "value":
        return Cell(*_value_text(finding))
    if column == "published":
        stated = finding.published
        return Cell(format_value(stated.value, 6), column, stated.verdict or "") if stated else Cell("", column)
    text = {
        "difference": lambda: _difference(finding),
        "p": lambda: format_p(finding.test.p) if finding.test else "",
        "p adjusted": lambda: format_p(finding.test.p_adjusted) if finding.test else "",
        "n": lambda: format_count(finding.n),
        "missing": lambda: format_share(finding.missing),
    }
    return Cell(text[column](), column)


def _value_text(finding: Finding) -> tuple[str, str, str]:
    estimate, interval = format_estimate(finding.estimate, finding.low, finding.high)
    return estimate, "value", interval


def _difference(finding: Finding) -> str:
    if finding.published is None or finding.estimate is None:
        return ""
    text = format_like(finding.estimate - finding.published.value, finding.low, finding.high)
    return text if text.startswith("−") or float(text.replace(",", "").split(" ")[0]) == 0 else f"+{text}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
