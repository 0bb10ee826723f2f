from __future__ import annotations

import dataclasses

from fauve.records import Finding, Published, Test
from fauve.report.tables import sections


def finding(metric: str, estimate: float | None, scorer: str = "hpsv3", n: int = 8, **more: object) -> Finding:
    low, high = (None, None) if estimate is None else (estimate - 0.1, estimate + 0.1)
    return Finding("fake", metric, estimate, low, high, n, 0.0, scorer, **more)  # type: ignore[arg-type]


def columns(table: object) -> list[tuple[str, str]]:
    return [(group.label, column) for group in table.groups for column in group.columns]  # type: ignore[attr-defined]


def test_metrics_of_one_scorer_stand_in_one_row_and_share_n() -> None:
    (section,) = sections([finding("accuracy", 0.5), finding("margin", -1.0), finding("accuracy", 0.2, "mps")])
    (table,) = section.tables
    assert [row.heads for row in table.rows] == [("HPSv3",), ("MPS",)]
    assert columns(table) == [("Accuracy", "value"), ("Margin", "value"), ("", "n"), ("", "missing")]
    assert [cell.text for cell in table.rows[1].cells] == ["0.20", "", "8", "0 %"]


def test_n_stands_with_each_metric_where_they_differ() -> None:
    (section,) = sections([finding("accuracy", 0.5, n=8), finding("margin", -1.0, n=7)])
    assert ("Margin", "n") in columns(section.tables[0])
    assert ("", "n") not in columns(section.tables[0])


def test_published_stands_beside_with_the_signed_difference() -> None:
    found = [
        finding("accuracy", 0.5, published=Published(0.31, "Table 1")),
        finding("accuracy", 0.25, "mps", published=Published(0.31, "Table 1")),
        finding("accuracy", 0.31, "blip-l", published=Published(0.31, "Table 1")),
        finding("accuracy", 0.31, "clip-l"),
    ]
    (section,) = sections(found)
    assert [[c.text for c in row.cells if c.kind == "difference"] for row in section.tables[0].rows] == [
        ["+0.19"],
        ["−0.06"],
        ["0.00"],
        [""],
    ]


def test_an_undefined_number_says_why_in_a_footnote_and_notes_are_told_once() -> None:
    found = [
        finding("accuracy", None, note="one class; imported"),
        finding("accuracy", 0.4, "mps", note="imported"),
    ]
    (section,) = sections(found)
    table = section.tables[0]
    assert table.notes == ("one class", "imported")
    assert [(row.cells[0].text, row.cells[0].notes) for row in table.rows] == [("–", (1, 2)), ("0.40", (2,))]


def test_p_and_its_correction_stand_only_where_there_are_tests() -> None:
    (section,) = sections([finding("accuracy", 0.5), finding("margin", 1.0, test=Test("sign", 0.0001, 0.02))])
    assert [c for _, c in columns(section.tables[0])] == ["value", "value", "p", "p adjusted", "n", "missing"]


def test_ungrouped_numbers_come_first_and_several_sources_are_part_of_the_name() -> None:
    grouped = [finding("accuracy", 0.5, group={"dimension": "clarity"})]
    found = [*grouped, finding("accuracy", 0.4), finding("accuracy", 0.3, group={"source": "published"})]
    first, second = sections(found)
    assert (first.title, second.title) == ("By scorer", "By scorer and dimension")
    assert [row.heads for row in first.tables[0].rows] == [("HPSv3",), ("HPSv3 (published)",)]


def test_a_long_section_is_cut_by_the_group_with_most_values_and_loses_no_row() -> None:
    found = [
        finding("slope", float(n), scorer, group={"effect": f"effect_{n}", "prompt": prompt})
        for n in range(12)
        for scorer in ("hpsv3", "mps")
        for prompt in ("anti", "original")
    ]
    (section,) = sections(found)
    assert section.count == len(found)
    assert [table.caption for table in section.tables][:2] == ["Effect: effect 0", "Effect: effect 1"]
    assert all(table.heads == ("scorer", "prompt") for table in section.tables)


def test_the_order_of_findings_is_kept() -> None:
    found = [finding("accuracy", 0.1, name) for name in ("zeta", "alpha", "mps")]
    assert [row.heads[0] for row in sections(found)[0].tables[0].rows] == ["zeta", "alpha", "MPS"]
    turned = [dataclasses.replace(f) for f in reversed(found)]
    assert [row.heads[0] for row in sections(turned)[0].tables[0].rows] == ["MPS", "alpha", "zeta"]
