"""The matrix of findings under every selector and judge."""

from __future__ import annotations

from fauve.records import Finding
from fauve.report.matrix import matrix


def cell(under: str, estimate: float | None, low: float | None, high: float | None, scorer: str = "hpsv3") -> Finding:
    note = None if estimate is not None else "no rows"
    return Finding("circularity", "accuracy", estimate, low, high, 40, 0.0, scorer, group={"under": under}, note=note)


def verdict(note: str, scorer: str = "hpsv3") -> Finding:
    group = {"finding": "accuracy"}
    return Finding("circularity", "columns_agreeing", 1.0, None, None, 2, 0.0, scorer, group=group, note=note)


def test_a_row_a_finding_and_a_column_a_selector() -> None:
    made = matrix(
        [
            cell("qwen", 0.8, 0.7, 0.9),
            cell("people", 0.2, 0.1, 0.3),
            cell("people", 0.5, 0.4, 0.6, "clip-l"),
            cell("qwen", None, None, None, "clip-l"),
            cell("judge eye", 0.9, 0.8, 1.0, "clip-l"),
            verdict("contradicted: of 2 columns 1 above 0.5, 1 below, 0 undecided"),
            verdict("not robust, though no column contradicts it: of 2 …", "clip-l"),
        ]
    )
    assert made is not None
    assert made.columns == ("qwen", "people", "judge eye")
    first, second = made.rows
    assert (first.finding, first.about, first.reference, first.verdict) == ("Accuracy", "HPSv3", "0.5", "contradicted")
    assert [c and (c.sign, c.text, c.interval) for c in first.cells] == [
        ("+", "0.80", "[0.70, 0.90]"),
        ("−", "0.20", "[0.10, 0.30]"),
        None,
    ]
    assert second.verdict == "not robust, though no column contradicts it"
    assert [c and (c.sign, c.text) for c in second.cells] == [("", "–"), ("·", "0.50"), ("+", "0.90")]


def test_findings_of_other_studies_have_no_matrix() -> None:
    plain = Finding("reward_classification", "accuracy", 0.5, 0.4, 0.6, 8, 0.0, "hpsv3", group={"dimension": "clarity"})
    assert matrix([plain]) is None
    assert matrix([]) is None
