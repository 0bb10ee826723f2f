"""What all studies of ready-made contrasts share: overall and by one grouping, in sentences and charts.

Such a study has one prompt and two images an item, of which the faithful one is given. What differs is the question,
the grouping, and what was published.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from fauve.naming import scorer_name
from fauve.records import Finding, Published
from fauve.studies.charting import CHANCE, interval_chart
from fauve.studies.contrasting import ONE_CLASS_METRICS, by_scorer, contrast_findings
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.stating import Address, corrected
from fauve.studies.wording import count, interval, leading, number, range_percent

__all__ = ["ContrastWords", "analyse_contrasts", "contrast_charts", "contrast_sentences", "contrast_table", "spoken"]

MOST_SENTENCES = 5


@dataclass(frozen=True, slots=True)
class ContrastWords:
    """How a study speaks: of ``things`` (plural), grouped by ``grouping`` (a key of an item's groups)."""

    study: str
    things: str
    grouping: str


def contrast_table(evidence: Evidence, words: ContrastWords) -> pl.DataFrame:
    """The contrasts of a study by scorer and source, with the value of its grouping as a column of that name."""
    table = evidence.contrasts().filter((pl.col("kind") == "contrast") & (pl.col("study") == words.study))
    values = [json.loads(groups).get(words.grouping) for groups in table["groups"]]
    return table.with_columns(pl.Series(words.grouping, values, dtype=pl.String))


def analyse_contrasts(table: pl.DataFrame, words: ContrastWords) -> list[Finding]:
    """Accuracy and margin of every scorer: over all contrasts, then for each value of the grouping."""

    def lookup(metric: str, where: Address) -> Published | None:
        return published(words.study, metric, where.scorer, group=where.group)

    overall: list[Finding] = []
    inside: list[Finding] = []
    for where, part in by_scorer(table, Address(words.study)):
        overall += contrast_findings(where, part, ONE_CLASS_METRICS, lookup)
        for value in part[words.grouping].drop_nulls().unique().sort():
            group = part.filter(pl.col(words.grouping) == value)
            if group["tried"].any():
                inside += contrast_findings(where.at(**{words.grouping: value}), group, ONE_CLASS_METRICS, lookup)
    return corrected([*overall, *inside])


def contrast_sentences(findings: Sequence[Finding], words: ContrastWords) -> list[str]:
    """One sentence a scorer, the one that overrules the prompt most often first."""
    overall = {(f.metric, f.scorer): f for f in findings if not f.group}
    ranked = leading([f for (metric, _), f in overall.items() if metric == "accuracy"])
    return [
        f"{spoken(f)} chose the picture that was asked for in {count(f)} {words.things} ({range_percent(f)})"
        f"{_margin(overall.get(('margin', f.scorer)))}."
        for f in ranked[:MOST_SENTENCES]
    ]


def contrast_charts(findings: Sequence[Finding], words: ContrastWords, title: str) -> list[Chart]:
    """Accuracy by scorer, then by group for the scorer of the headline."""
    accuracy = [f for f in findings if f.metric == "accuracy"]
    overall = [f for f in accuracy if not set(f.group) - {"source"}]
    axis = "share in which the picture that was asked for scored higher"
    charts = interval_chart(
        f"{words.study}-accuracy", title, axis, overall, _row, lambda f: f.scorer or "", lines=CHANCE
    )
    for worst in leading(overall)[:1]:
        inside = [f for f in accuracy if f.scorer == worst.scorer and set(f.group) == {words.grouping}]
        if len(inside) > 1:
            charts += interval_chart(
                f"{words.study}-{words.grouping}",
                f"{spoken(worst)} by {words.grouping}",
                axis,
                inside,
                lambda f: f.group[words.grouping].replace(".", ": ").replace("_", " "),
                lambda f: f.scorer or "",
                lines=CHANCE,
            )
    return charts


def spoken(finding: Finding) -> str:
    """The scorer of a finding as readers know it."""
    return scorer_name(finding.scorer or "")


def _row(finding: Finding) -> str:
    name = finding.scorer or ""
    return f"{spoken(finding)}, {finding.group['source']}" if "source" in finding.group else name


def _margin(margin: Finding | None) -> str:
    if margin is None or not margin.estimate:
        return ""
    far = number(abs(margin.estimate), margin.low, margin.high)
    direction = "below" if margin.estimate < 0 else "above"
    return f", and scored it {far} {direction} the other on average ({interval(margin)})"
