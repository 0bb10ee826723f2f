"""Published figures beside ours: the verdict on each as a sentence, their tally, and the page that lists them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fauve.naming import generator_name, scorer_name
from fauve.records import Finding, Published, Verdict
from fauve.report.numbers import format_count, format_estimate, format_value
from fauve.report.wording import group_label, metric
from fauve.studies.comparability import AGREES, DIFFERS, NOT_COMPARABLE

__all__ = ["PAGE", "Beside", "beside_context", "spoken_verdict", "tally"]

PAGE = "published.html"

_SPOKEN: dict[Verdict, str] = {
    AGREES: "agrees with the published value",
    DIFFERS: "differs from the published value",
    NOT_COMPARABLE: "not comparable with the published value",
}

_TALLIED: dict[Verdict, tuple[str, str]] = {
    AGREES: ("agrees", "agree"),
    DIFFERS: ("differs", "differ"),
    NOT_COMPARABLE: ("cannot be compared", "cannot be compared"),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """One published figure and ours, as text."""

    about: str
    published: str
    value: str
    interval: str
    n: str
    verdict: str
    because: str


def spoken_verdict(stated: Published) -> str:
    """``agrees with the published value: equal in every digit published``; nothing where the two were not compared."""
    if stated.verdict is None:
        return ""
    return f"{_SPOKEN[stated.verdict]}: {stated.because}"


def tally(findings: Sequence[Finding]) -> str:
    """How many published figures agree, differ, and cannot be compared, in a sentence; nothing where none stands."""
    verdicts = Counter(f.published.verdict for f in findings if f.published and f.published.verdict)
    total = verdicts.total()
    if not total:
        return ""
    told = [_counted(verdicts[v], total, *_TALLIED[v]) for v in _TALLIED if verdicts[v]]
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    if total == 1:
        return f"One number here has a published figure beside it: {listed}."
    return f"{format_count(total)} numbers here have a published figure beside them: {listed}."


def _counted(count: int, total: int, one: str, many: str) -> str:
    if count == total:
        return f"it {one}" if total == 1 else f"all {many}".replace("all cannot", "none can")
    return f"{format_count(count)} {one if count == 1 else many}"


def beside_context(findings: Sequence[Finding], titles: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """What ``published.html`` names; ``titles`` has page and title of every study by name.

    Figures stand under their source, those that can be compared first.
    """
    stated = [f for f in findings if f.published and f.published.verdict]
    by_source: dict[tuple[str, str], list[Finding]] = {}
    for f in stated:
        by_source.setdefault((f.published.source if f.published else "", f.study), []).append(f)
    order: tuple[str, ...] = (DIFFERS, AGREES, NOT_COMPARABLE)
    return {
        "tally": tally(stated),
        "sources": [
            {
                "source": source,
                "href": titles[study][0],
                "study": titles[study][1],
                "tally": tally(found),
                "rows": sorted(map(_row, found), key=lambda row: order.index(row.verdict)),
            }
            for (source, study), found in by_source.items()
        ],
    }


def _row(finding: Finding) -> Beside:
    stated = finding.published
    assert stated is not None
    estimate, interval = format_estimate(finding.estimate, finding.low, finding.high)
    named = (
        metric(finding.metric).label,
        scorer_name(finding.scorer) if finding.scorer else "",
        generator_name(finding.generator) if finding.generator else "",
        *(group_label(value) for _, value in sorted(finding.group.items())),
    )
    return Beside(
        about=", ".join(name for name in named if name),
        published=format_value(stated.value, 6),
        value=estimate,
        interval=interval,
        n=format_count(finding.n),
        verdict=stated.verdict or "",
        because=stated.because or "",
    )
