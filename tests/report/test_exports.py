from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.records import Finding
from fauve.report.csv_cells import csv_text
from fauve.report.exports import (
    findings_csv,
    latex_text,
    markdown_text,
    sections_latex,
    sections_markdown,
)
from fauve.report.tables import sections

LATEX_SPECIALS = re.compile(r"(?<!\\)[&%#_{}$]|[~^<>|\"]")


def test_csv_holds_every_digit_and_reads_back(findings: list[Finding]) -> None:
    rows = list(csv.DictReader(io.StringIO(findings_csv(findings))))
    assert len(rows) == len(findings)
    assert [float(r["estimate"]) if r["estimate"] else None for r in rows] == [f.estimate for f in findings]
    assert rows[0]["published"] == "0.31"
    assert {r["group.dimension"] for r in rows} == {"", "clarity", "emotion"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", " =1", "\t=1", "\r1", "\n=1"])
def test_a_text_that_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    assert csv_text(text) == f"'{text}"


def test_negative_numbers_stay_numbers() -> None:
    made = findings_csv([Finding("s", "margin", -1.5, -2.0, -1.0, 3, 0.0, "=evil()")])
    assert ",-1.5,-2.0,-1.0," in made
    assert "'=evil()" in made


@given(st.text(max_size=60))
def test_markdown_stays_on_its_line_and_in_its_cell(text: str) -> None:
    shown = markdown_text(text)
    assert "\n" not in shown
    assert re.search(r"(?<!\\)(?:\\\\)*\|", shown) is None
    assert "<" not in shown


@given(st.text(alphabet='ab\\{}$&#%_~^<>|"−κ\n ', max_size=40))
def test_latex_sees_no_command_of_ours(text: str) -> None:
    shown = latex_text(text)
    bare = re.sub(
        r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textquotedbl)\{\}", "", shown
    )
    bare = bare.replace("$-$", "").replace(r"$\kappa$", "")
    assert LATEX_SPECIALS.search(bare) is None
    assert re.search(r"\\(?![{}$&#%_])", bare) is None


def test_tables_in_both_formats_have_the_same_rows(findings: list[Finding]) -> None:
    made = sections(findings)
    markdown, latex = sections_markdown("T | x", made), sections_latex("T & x", made)
    assert r"\# " not in markdown.splitlines()[0]
    assert markdown.startswith("# T \\| x")
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows[:4]}
    assert len(widths) == 1
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == len(made)
    assert r"T \& x" in latex
    assert "HPSv3" in markdown
    assert "HPSv3" in latex
    assert "$-$4.70" in latex


def test_every_latex_row_has_as_many_cells_as_columns(findings: list[Finding]) -> None:
    body = sections_latex("T", sections(findings))
    spec = re.search(r"\\begin\{tabular\}\{([lr]+)\}", body)
    assert spec is not None
    data = [line for line in body.split(r"\midrule")[1].split(r"\bottomrule")[0].splitlines() if line.endswith(r"\\")]
    assert data
    assert all(len(re.findall(r"(?<!\\)&", line)) + 1 == len(spec[1]) for line in data)
