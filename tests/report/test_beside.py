"""Published figures beside ours: sentences, and the page that lists them with verdict and reason."""

from __future__ import annotations

from pathlib import Path

from tests.report.conftest import FakeStudy

from fauve.ledger import Ledger
from fauve.records import Finding, Published
from fauve.report.beside import beside_context, spoken_verdict, tally
from fauve.report.exports import findings_csv, sections_markdown
from fauve.report.site import build_report
from fauve.report.tables import sections


def finding(verdict: str | None, source: str = "Table 1", scorer: str = "hpsv3") -> Finding:
    because = None if verdict is None else f"why {verdict}"
    stated = Published(0.31, source, verdict, because)  # type: ignore[arg-type]
    return Finding("fake", "accuracy", 0.5, 0.4, 0.6, 8, 0.0, scorer, "sdxl", {"dimension": "clarity"}, None, stated)


def test_the_tally_counts_what_was_compared() -> None:
    assert tally([finding(None)]) == ""
    one = "One number here has a published figure beside it: it "
    assert tally([finding("agrees"), finding(None)]) == f"{one}agrees."
    assert tally([finding("not comparable")]) == f"{one}cannot be compared."
    many = [finding("agrees"), finding("agrees"), finding("differs"), finding("not comparable")]
    start = "numbers here have a published figure beside them:"
    assert tally(many) == f"4 {start} 2 agree, 1 differs and 1 cannot be compared."
    assert tally(many[:2]) == f"2 {start} all agree."


def test_the_page_lists_every_figure_under_its_source_the_differing_first() -> None:
    found = [finding("not comparable"), finding("agrees"), finding("differs"), finding("agrees", "Table 2")]
    context = beside_context([*found, finding(None)], {"fake": ("study-fake.html", "A fake study")})
    assert [one["source"] for one in context["sources"]] == ["Table 1", "Table 2"]
    rows = context["sources"][0]["rows"]
    assert [row.verdict for row in rows] == ["differs", "agrees", "not comparable"]
    assert (rows[0].about, rows[0].published, rows[0].value) == ("Accuracy, HPSv3, SDXL, clarity", "0.31", "0.50")
    assert rows[0].because == "why differs"
    assert context["sources"][0]["href"] == "study-fake.html"


def test_tables_say_the_verdict_beside_the_value_and_the_reason_below() -> None:
    found = [finding("differs"), finding("agrees", scorer="mps"), finding(None, scorer="blip-l")]
    (section,) = sections(found)
    (table,) = section.tables
    cells = [next(c for c in row.cells if c.kind == "published") for row in table.rows]
    assert [(c.text, c.extra, c.notes) for c in cells] == [
        ("0.31", "differs", (1,)),
        ("0.31", "agrees", (2,)),
        ("0.31", "", ()),
    ]
    assert table.notes[0] == spoken_verdict(found[0].published) == "differs from the published value: why differs"  # type: ignore[arg-type]
    assert "0.31 differs (1)" in sections_markdown("A fake study", [section]).replace("\\", "")
    head, first, *_ = findings_csv(found).splitlines()
    row = dict(zip(head.split(","), first.split(","), strict=True))
    assert (row["published_verdict"], row["published_because"]) == ("differs", "why differs")


def test_the_site_has_the_page_only_where_something_was_compared(tmp_path: Path) -> None:
    for name, verdict in (("with", "agrees"), ("without", None)):
        with Ledger(tmp_path / name, write=True) as ledger:
            build_report(ledger, [finding(verdict)], [FakeStudy()], tmp_path / name / "report", {})
        page = tmp_path / name / "report" / "published.html"
        linked = [
            'href="published.html"' in (page.parent / p).read_text("utf-8") for p in ("index.html", "study-fake.html")
        ]
        assert [page.exists(), *linked] == [verdict is not None] * 3
