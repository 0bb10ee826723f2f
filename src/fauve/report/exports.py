"""Tables as files: CSV with every digit for machines, Markdown and LaTeX as they read on the page.

Names and notes come from outside, so each format's own escaping is applied to every text: CSV cells that a spreadsheet
would run as a formula are quoted with an apostrophe, Markdown cannot open a link or a tag, LaTeX sees no command.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from fauve.records import Finding
from fauve.report.csv_cells import csv_text
from fauve.report.tables import Cell, Section, Table

__all__ = ["findings_csv", "latex_text", "sections_latex", "sections_markdown"]

_COLUMNS = (
    "study",
    "metric",
    "scorer",
    "generator",
    "estimate",
    "low",
    "high",
    "n",
    "missing",
    "published",
    "published_source",
    "published_verdict",
    "published_because",
    "test",
    "p",
    "p_adjusted",
    "note",
)
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "−": r"$-$",
    "–": "--",
    "κ": r"$\kappa$",
    "×": r"$\times$",
    "\u00a0": "~",
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~^$])")


def findings_csv(findings: Sequence[Finding]) -> str:
    """One row a finding, numbers with all their digits, one column ``group.KEY`` for each group key."""
    keys = sorted({key for f in findings for key in f.group})
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_COLUMNS[:4], *(csv_text(f"group.{key}") for key in keys), *_COLUMNS[4:]])
    for f in findings:
        test, published = f.test, f.published
        texts = [csv_text(t or "") for t in (f.study, f.metric, f.scorer, f.generator)]
        groups = [csv_text(f.group.get(key, "")) for key in keys]
        numbers = [_number(x) for x in (f.estimate, f.low, f.high, f.n, f.missing)]
        said = (published.source, published.verdict, published.because) if published else ("", "", "")
        beside = [_number(published.value if published else None), *(csv_text(text or "") for text in said)]
        tested = [csv_text(test.name), _number(test.p), _number(test.p_adjusted)] if test else ["", "", ""]
        writer.writerow([*texts, *groups, *numbers, *beside, *tested, csv_text(f.note or "")])
    return buffer.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def markdown_text(text: str) -> str:
    """A text as Markdown shows it letter by letter, on one line."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", plain)


def latex_text(text: str) -> str:
    """A text as LaTeX prints it letter by letter, on one line."""
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(text.split()))


def sections_markdown(title: str, sections: Sequence[Section]) -> str:
    """All tables of a study as one Markdown document."""
    parts = [f"# {markdown_text(title)}"]
    for section in sections:
        parts.append(f"## {markdown_text(section.title)}")
        for table in section.tables:
            if table.caption:
                parts.append(f"### {markdown_text(table.caption)}")
            parts.append(_markdown(table))
    return "\n\n".join(parts) + "\n"


def _markdown(table: Table) -> str:
    names = [markdown_text(h) for h in table.heads] + [
        markdown_text(f"{group.label} {column}".strip() if column != "value" else group.label)
        for group in table.groups
        for column in group.columns
    ]
    marks = [":--"] * len(table.heads) + ["--:"] * (len(names) - len(table.heads))
    lines = [_piped(names), _piped(marks)]
    for row in table.rows:
        lines.append(_piped([*map(markdown_text, row.heads), *(markdown_text(_joined(c)) for c in row.cells)]))
    notes = [f"{number}. {markdown_text(note)}" for number, note in enumerate(table.notes, 1)]
    return "\n".join(lines) + ("\n\n" + "\n".join(notes) if notes else "")


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def sections_latex(title: str, sections: Sequence[Section]) -> str:
    """All tables of a study for ``\\input``; they need the package booktabs."""
    parts = [f"% {' '.join(title.split())}", "% needs \\usepackage{booktabs} and UTF-8 input"]
    for section in sections:
        for table in section.tables:
            shown = f"{title}, {section.title[0].lower()}{section.title[1:]}."
            parts.append(_latex(f"{shown} {table.caption}".strip(), table))
    return "\n\n".join(parts) + "\n"


def _latex(caption: str, table: Table) -> str:
    wide = sum(len(group.columns) for group in table.groups)
    spans, rules, at = [], [], len(table.heads) + 1
    for group in table.groups:
        end = at + len(group.columns) - 1
        spans.append(rf"\multicolumn{{{len(group.columns)}}}{{c}}{{{latex_text(group.label)}}}")
        rules += [rf"\cmidrule(lr){{{at}-{end}}}"] if group.label else []
        at = end + 1
    names = [latex_text(h) for h in table.heads] + [latex_text(c) for g in table.groups for c in g.columns]
    body = [
        " & ".join([*map(latex_text, row.heads), *(latex_text(_joined(c)) for c in row.cells)]) + r" \\"
        for row in table.rows
    ]
    notes = [rf"\par\footnotesize {number}. {latex_text(note)}" for number, note in enumerate(table.notes, 1)]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(caption)}}}",
            rf"\begin{{tabular}}{{{'l' * len(table.heads)}{'r' * wide}}}",
            r"\toprule",
            " & ".join([*[""] * len(table.heads), *spans]) + r" \\",
            *rules,
            " & ".join(names) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
        ]
    )


def _joined(cell: Cell) -> str:
    text = f"{cell.text} {cell.extra}".strip()
    return f"{text} ({', '.join(map(str, cell.notes))})" if cell.notes else text
