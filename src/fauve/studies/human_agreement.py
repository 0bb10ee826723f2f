"""Do those who stand in for people choose as people do, and as well as one person chooses as the others?

Source: arXiv 2512.11883 states a quadratic κ of 0.80 between its 18 raters and a language model; how the raters were
pooled and which pictures they saw is not published. What people selected is drawn from their ratings by
:mod:`fauve.ledger.ratings`; how selectors agree with each other is asked by the study ``selection_agreement``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fauve.ledger.ratings import PEOPLE
from fauve.records import Finding
from fauve.stats.agreement import cohen_kappa, krippendorff_alpha
from fauve.stats.bootstrap import cluster_bootstrap
from fauve.stats.intervals import Estimate
from fauve.stats.raters import kappa_by_rater, less, mean_kappa, view_of_the_others
from fauve.studies.charting import interval_chart
from fauve.studies.choosing import PLACES, SCALE, TRUTHS
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.resampling import SharedDraws, few_clusters, share
from fauve.studies.stating import Address, state
from fauve.studies.wording import interval, number, percent, range_percent

__all__ = ["STUDY"]

NAME = "human_agreement"
_AT = Address(NAME)
MOST_SENTENCES = 4


class HumanAgreement:
    """Agreement of people with each other, and of selectors with people, beside what one person reaches."""

    name = NAME
    title = "Do selectors choose as people do?"
    question = "Do selectors agree with people, and as well as one person agrees with the others?"
    method = (
        "κ with quadratic weights over original (default), tie, anti (faithful): a tie lies half-way. What people "
        "selected is the image that more than half of an item’s raters chose, and else a tie. The human ceiling is "
        "what a person reaches: the κ of each rater with what the others say of the same items together, averaged "
        "over raters. A selector is held against the same others on the same items, so that both meet the same noise; "
        "the difference has an interval of its own. Krippendorff’s ordinal α over all raters. Intervals: bootstrap by "
        "prompt; they speak of other prompts and these raters, not of other raters."
    )
    source = "arXiv 2512.11883 (κ = 0.80 between 18 raters and a language model)"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """α, the ceiling, each rater, people's ties and pull of the first place; then every selector."""
        rated = _Rated.of(evidence)
        return [] if rated is None else [*_people(rated), *_habits(rated), *_selectors(rated, evidence)]

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Selectors with the lowest agreement first, each beside what a person reaches; then the people."""
        by = {(f.metric, f.group.get("selector")): f for f in findings}
        kappas = [f for f in findings if f.metric == "kappa" and f.estimate is not None]
        said = [
            _of_selector(f, *(by.get((metric, f.group["selector"])) for metric in ("same", "under_ceiling")))
            for f in sorted(kappas, key=lambda f: (f.estimate, f.group["selector"]))[:MOST_SENTENCES]
        ]
        for f in findings:
            if f.estimate is None:
                continue
            if f.metric == "ceiling":
                value = number(f.estimate, f.low, f.high)
                said.append(f"One person agrees with the others with κ = {value} ({interval(f)}, {f.n:,} ratings).")
            elif f.metric == "alpha":
                value = number(f.estimate, f.low, f.high)
                said.append(f"Among {f.group['among']}, Krippendorff’s α is {value} ({interval(f)}, {f.n:,} items).")
            elif f.metric == "first_shown":
                said.append(f"People took the picture shown first in {_count(f)} decided ratings ({range_percent(f)}).")
        if findings and not kappas:
            said.append("No selector chose between pictures that people rated, so nobody is compared with them.")
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Selectors against people with the human ceiling as a line; every rater against the others."""
        ceiling = next((f.estimate for f in findings if f.metric == "ceiling"), None)
        reached = () if ceiling is None else ((ceiling, "one person"),)
        return [
            *interval_chart(
                f"{NAME}-selectors",
                "Agreement of selectors with people",
                "quadratic κ with what the others say",
                [f for f in findings if f.metric == "with_others"],
                lambda f: f.group["selector"],
                lambda f: f.group["selector"],
                lines=((0.0, "by chance"), *reached),
                note="A selector is held against all people but one, as each person is.",
            ),
            *interval_chart(
                f"{NAME}-raters",
                "Agreement of each person with the others",
                "quadratic κ with what the others say",
                [f for f in findings if f.metric == "rater"],
                lambda f: f.group["rater"],
                lambda f: PEOPLE,
                lines=((0.0, "by chance"), *reached),
            ),
        ]


@dataclass(frozen=True, slots=True)
class _Rated:
    """Ratings as a matrix: items (item, cluster) in rows, raters in columns, places on the scale."""

    items: pl.DataFrame
    raters: list[str]
    places: NDArray[np.int64]
    present: NDArray[np.bool_]
    rows: pl.DataFrame
    """One row a rating: item, cluster, rater, choice, shown_first."""

    @classmethod
    def of(cls, evidence: Evidence) -> _Rated | None:
        items = evidence.items.filter(pl.col("kind").is_in(["pair", "contrast"])).select("item", "cluster")
        rows = evidence.ratings.join(items, on="item", how="inner").sort("item", "rater")
        if rows.is_empty():
            return None
        place = pl.col("choice").replace_strict(PLACES, return_dtype=pl.Int64)
        wide = rows.with_columns(place.alias("place")).pivot(on="rater", index=["item", "cluster"], values="place")
        raters = sorted(rows["rater"].unique())
        table = wide.sort("item").select("item", "cluster", *raters)
        given = table.select(raters)
        present = given.select(pl.all().is_not_null()).to_numpy()
        return cls(table.select("item", "cluster"), raters, given.fill_null(0).to_numpy(), present, rows)

    @property
    def draws(self) -> SharedDraws:
        return SharedDraws(self.items["cluster"].to_numpy().astype(np.str_))


def _people(rated: _Rated) -> list[Finding]:
    """α over all raters; the κ of each with the others, and its mean."""
    draws, among = rated.draws, f"{len(rated.raters)} people"
    if len(rated.raters) < 2:
        alone = Estimate.undefined("only one person rated", 0)
        return [state(_AT, "ceiling", alone, asked=len(rated.rows))]
    alpha = krippendorff_alpha(rated.places.astype(np.float64), rated.present, draws=draws)
    findings = [state(_AT.at(among=among), "alpha", alpha, asked=len(rated.items))]
    others, known = view_of_the_others(rated.places, rated.present, len(SCALE))
    mean = mean_kappa(draws, rated.places, others, known, len(SCALE))
    each = kappa_by_rater(draws, rated.places, others, known, len(SCALE))
    ceiling, *alone_each = cluster_bootstrap(draws, mean, each)
    notes = [f"mean over {sum(e.value is not None for e in alone_each)} people", few_clusters(draws, "prompts")]
    findings.append(state(_AT, "ceiling", ceiling, asked=len(rated.rows), notes=notes))
    given = rated.present.sum(axis=0)
    for name, estimate, asked in zip(rated.raters, alone_each, given, strict=True):
        findings.append(state(_AT.at(rater=name), "rater", estimate, asked=int(asked)))
    return findings


def _habits(rated: _Rated) -> list[Finding]:
    """How often people called it a tie, and how often they took the picture that they were shown first."""
    rows = rated.rows
    ties = share((rows["choice"] == "tie").to_numpy(), _draws(rows))
    findings = [state(_AT, "ties", ties)]
    decided = rows.filter((pl.col("choice") != "tie") & pl.col("shown_first").is_not_null())
    if not decided.is_empty():
        first = (decided["choice"] == decided["shown_first"]).to_numpy()
        asked = len(rows.filter(pl.col("choice") != "tie"))
        findings.append(state(_AT, "first_shown", share(first, _draws(decided)), asked=asked))
    return findings


def _selectors(rated: _Rated, evidence: Evidence) -> list[Finding]:
    chosen = evidence.selections.join(rated.items, on="item", how="inner").sort("selector", "item")
    people = chosen.filter(pl.col("selector") == PEOPLE).select("item", pl.col("choice").alias("people"))
    findings: list[Finding] = []
    for (name,), rows in chosen.group_by("selector", maintain_order=True):
        if name != PEOPLE:
            findings += _against_people(str(name), rows.join(people, on="item").sort("item"), len(people))
            findings += _beside_ceiling(str(name), rows, rated)
    return findings


def _against_people(name: str, both: pl.DataFrame, asked: int) -> list[Finding]:
    """κ and plain agreement of a selector with what people selected."""
    if both.is_empty():
        return []
    draws, at = _draws(both), _AT.at(selector=name, against=PEOPLE)
    one, two = (
        both[column].replace_strict(PLACES, return_dtype=pl.Int64).to_numpy() for column in ("choice", "people")
    )
    stated = None if name in TRUTHS else published(NAME, "kappa")
    notes = [few_clusters(draws, "prompts")]
    kappa = cohen_kappa(one, two, weights="quadratic", categories=SCALE, draws=draws)
    return [
        state(at, "kappa", kappa, asked=asked, published=stated, notes=notes),
        state(at, "same", share(one == two, draws), asked=asked, notes=notes),
    ]


def _beside_ceiling(name: str, rows: pl.DataFrame, rated: _Rated) -> list[Finding]:
    """κ of a selector with all people but one, averaged over who is left out, and how far that is from a person's."""
    place = pl.col("choice").replace_strict(PLACES, return_dtype=pl.Int64).alias("place")
    told = rated.items.select("item").join(rows.select("item", place), on="item", how="left").sort("item")["place"]
    others, known = view_of_the_others(rated.places, rated.present, len(SCALE))
    known = known & told.is_not_null().to_numpy()[:, None]
    if not known.any():
        return []
    own = np.broadcast_to(told.fill_null(0).to_numpy()[:, None], rated.places.shape)
    draws = rated.draws
    theirs = mean_kappa(draws, own, others, known, len(SCALE))
    persons = mean_kappa(draws, rated.places, others, known, len(SCALE))
    reached, below = cluster_bootstrap(draws, theirs, less(theirs, persons))
    at, asked = _AT.at(selector=name), int(rated.present.sum())
    return [state(at, "with_others", reached, asked=asked), state(at, "under_ceiling", below, asked=asked)]


def _draws(rows: pl.DataFrame) -> SharedDraws:
    return SharedDraws(rows["cluster"].to_numpy().astype(np.str_))


def _of_selector(kappa: Finding, same: Finding | None, under: Finding | None) -> str:
    value = number(kappa.estimate or 0.0, kappa.low, kappa.high)
    alike = "" if same is None or same.estimate is None else f"; the same choice in {percent(same.estimate)}"
    who = kappa.group["selector"]
    said = f"{who} agrees with people with κ = {value} ({interval(kappa)}, {kappa.n:,} items{alike})"
    if under is None or under.estimate is None or under.low is None or under.high is None:
        return f"{said}."
    by = number(abs(under.estimate), under.low, under.high)
    if under.high < 0:
        return f"{said}: less than one person does, by {by}."
    return f"{said}: more than one person does, by {by}." if under.low > 0 else f"{said}: as one person does."


def _count(finding: Finding) -> str:
    return f"{round((finding.estimate or 0.0) * finding.n):,} of {finding.n:,}"


STUDY = HumanAgreement()
"""The study."""
