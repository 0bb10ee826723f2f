"""The facts of the methods page: analyses in words, cards of scorers and judges, what failed, how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from fauve.records import Finding
from fauve.report.holdings import Holdings
from fauve.report.numbers import format_count, format_share
from fauve.report.scorer_facts import card_facts
from fauve.report.wording import METRICS, metric
from fauve.studies.honoured import LOW, MARGIN
from fauve.vocabulary import DIMENSIONS

__all__ = ["ANALYSES", "methods_context"]

ANALYSES = (
    (
        "The contrast",
        "A contrast is one prompt and two pictures: the faithful one, which has what was asked for, and the default "
        "one, which conventional taste prefers. A scorer sees the prompt with each picture and chooses the one that "
        "it gives the higher score. Which picture is faithful is a fact of the item, or was selected by somebody "
        "named beside it; where nobody selected, the picture made for the prompt counts as faithful and the finding "
        "says so.",
    ),
    (
        "The shift",
        "The same prompt and two pictures again, but the question is by how much the score changes from the first to "
        "the second. Differences are taken within an item, then averaged; generators are compared on the prompts that "
        "both have.",
    ),
    (
        "Intervals and tests",
        "Intervals hold 95 %. They come from a bootstrap that draws whole prompts, not single pairs, with a fixed "
        "seed, or from Wilson’s formula for a share in which every prompt stands once. Tests are paired. Within a "
        "study, p values are corrected for their number by Holm’s method, and both values stand in the tables.",
    ),
    (
        "Ties and missing values",
        "Two equal scores are not a right choice, and the verdict reads “could not tell”. A selection that is a tie "
        "has no faithful picture: the item is set aside and counted. A request that failed, was refused or filtered "
        "has no value; it is never replaced by a picture or a zero. The column “missing” is the share of the items "
        "that belong in the denominator and have no value.",
    ),
    (
        "Requests honoured",
        f"A judge finds a requested dimension honoured when it puts the picture made for the prompt more than {MARGIN} "
        "below the other picture of the same scene, on its scale from 0 to 2. A judge whose levels mean something by "
        f"themselves also finds it honoured where it puts that picture below {LOW}. Judges see no prompt.",
    ),
    (
        "Published beside ours",
        "A published figure is held against ours only where ours was measured over the same: the published set, as "
        "many items, the same choice as truth, the published sampling where pictures were made here, and no stand-in. "
        "It agrees where it equals the published value in every digit, where that value lies in our interval, or "
        "where the two intervals overlap, if one follows for the published value; else it differs. With every "
        "number right, about one interval in twenty would still miss its figure.",
    ),
    (
        "What is never done",
        "Scores of different scorers are not averaged or compared with each other: each has its own unit. Published "
        "values are shown to compare with and enter no calculation.",
    ),
)


def methods_context(
    holdings: Holdings,
    findings: Sequence[Finding],
    provenance: Mapping[str, Any],
    broken: Mapping[str, str],
    hrefs: Mapping[str, str],
) -> dict[str, Any]:
    """Everything that ``methods.html`` names; ``hrefs`` has the scorecard of every scorer that has one."""
    used = {f.metric for f in findings}
    listed = [m for name, m in METRICS.items() if name in used]
    failed = holdings.outcomes.filter(pl.col("outcome") != "ok")
    return {
        "analyses": ANALYSES,
        "metrics": listed + [metric(name) for name in sorted(used - METRICS.keys())],
        "scorers": [card_facts(entry) | {"href": hrefs.get(entry["name"], "")} for entry in holdings.scorers],
        "hrefs": hrefs,
        "judges": [_judge(entry, holdings) for entry in holdings.judges],
        "sources": holdings.sources,
        "outcomes": failed.rows(named=True),
        "failures": _failures(holdings, findings),
        "broken": [broken[sha] for sha in sorted(broken)],
        "credits": holdings.credits,
        "provenance": [(name.replace("_", " "), _plain(value)) for name, value in provenance.items()],
        "runs": holdings.runs,
    }


def _judge(entry: Mapping[str, Any], holdings: Holdings) -> dict[str, str]:
    card = entry["card"]
    named = entry["settings"].get("dimensions") or card.get("dimensions") or holdings.seen.get(entry["name"], ())
    sees = [name for name in DIMENSIONS if name in set(named)] + sorted(set(named) - DIMENSIONS.keys())
    blind = [name for name in DIMENSIONS if name not in set(named)]
    return {
        "name": entry["name"],
        "summary": card.get("summary") or "not stated",
        "sees": ", ".join(sees) or "not stated",
        "blind": ", ".join(blind) or "nothing of the twelve",
        "licence": card.get("licence") or "none stated",
        "revision": str(card.get("revision") or "not stated"),
    }


def _failures(holdings: Holdings, findings: Sequence[Finding]) -> list[str]:
    told = []
    if holdings.asked:
        share = format_share(holdings.unanswered / holdings.asked)
        told.append(
            f"Of {format_count(holdings.asked)} requests to scorers and judges that ran here, "
            f"{format_count(holdings.unanswered)} ({share}) ended without a value. They stay in their denominators."
        )
    else:
        told.append("No scorer or judge ran here: every score on file was imported.")
    gaps = [f for f in findings if f.missing > 0]
    if gaps:
        told.append(
            f"{format_count(len(gaps))} of {format_count(len(findings))} numbers in this report have items missing "
            f"from their denominator, at most {format_share(max(f.missing for f in gaps))}."
        )
    elif findings:
        told.append("No number in this report has items missing from its denominator.")
    return told


def _plain(value: Any) -> str:
    """Settings and versions as one line: names with their values, lists with commas."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)
