"""Do those who stand in for people choose as people do, and as well as one person chooses as the others?

Source: arXiv 2512.11883 states a quadratic κ of 0.80 between its 18 raters and a language model; how the raters were
pooled and which pictures they saw is not published. What people selected is drawn from their ratings by
:mod:`fauve.ledger.ratings`; how selectors agree with each other is asked by the study ``selection_agreement``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fauve.ledger.ratings import PEOPLE
from fauve.naming import scorer_kind, scorer_name
from fauve.records import Finding
from fauve.stats.agreement import cohen_kappa, krippendorff_alpha
from fauve.stats.bootstrap import cluster_bootstrap
from fauve.stats.intervals import Estimate
from fauve.stats.raters import kappa_by_rater, less, mean_kappa, view_of_the_others
from fauve.studies.charting import interval_chart
from fauve.studies.choosing import PLACES, SCALE, TRUTHS
from fauve.studies.contrasting import by_scorer
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.resampling import SharedDraws, few_clusters, share
from fauve.studies.stating import Address, source_note, state
from fauve.studies.wording import interval, number, percent, range_percent

__all__ = ["STUDY"]

NAME = "human_agreement"
_AT = Address(NAME)
MOST_SENTENCES = 4


class HumanAgreement:
    """Agreement of people with each other, and of selectors and scorers with people, beside what one person reaches."""

    name = NAME
    title = "Does anybody choose as people do?"
    question = "Do selectors and scorers agree with people, and as well as one person agrees with the others?"
    method = (
        "κ with quadratic weights over original (default), tie, anti (faithful): a tie lies half-way. What people "
        "selected is the image that more than half of an item’s raters chose, and else a tie. The human ceiling is "
        "what a person reaches: the κ of each rater with what the others say of the same items together, averaged "
        "over raters. A selector, and a scorer by the image that it scores higher, is held against the same others on "
        "the same items, so that both meet the same noise; the difference has an interval of its own. Krippendorff’s "
        "ordinal α over all raters. Intervals: bootstrap by prompt; they speak of other prompts and these raters, not "
        "of other raters."
    )
    source = "arXiv 2512.11883 (κ = 0.80 between 18 raters and a language model)"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """α, the ceiling, each rater, people's ties and pull of the first place; then all others."""
        rated = _Rated.of(evidence)
        return [] if rated is None else [*_people(rated), *_habits(rated), *_others(rated, evidence)]

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Selectors with the lowest agreement first, each beside what a person reaches; then the people."""
        by = {(f.metric, _who(f)): f for f in findings}
        kappas = [f for f in findings if f.metric == "kappa" and f.estimate is not None and _speaks(f)]
        said = [
            _of_selector(f, by.get(("same", _who(f))), by.get(("under_ceiling", _who(f))))
            for f in sorted(kappas, key=lambda f: (f.estimate, _who(f)))[:MOST_SENTENCES]
        ]
        for f in findings:
            if f.estimate is None:
                continue
            if f.metric == "ceiling":
                value = number(f.estimate, f.low, f.high)
                told = f"One person agrees with the others with κ = {value} ({interval(f)}, {f.n:,} ratings)"
                by_chance = f.low is not None and f.low <= 0
                said.append(
                    f"{told}: no more than chance may give, so there is little to hold anybody against."
                    if by_chance
                    else f"{told}."
                )
            elif f.metric == "alpha":
                value = number(f.estimate, f.low, f.high)
                less = f.low is not None and f.low <= 0
                told = f"Among {f.group['among']}, Krippendorff’s α is {value} ({interval(f)}, {f.n:,} items)"
                said.append(f"{told}: no more agreement than chance may give." if less else f"{told}.")
            elif f.metric == "first_shown":
                said.append(f"People took the picture shown first in {_count(f)} decided ratings ({range_percent(f)}).")
        if findings and not kappas:
            said.append("Nobody else chose between pictures that people rated, so nobody is compared with them.")
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Selectors against people with the human ceiling as a line; every rater against the others."""
        ceiling = next((f.estimate for f in findings if f.metric == "ceiling"), None)
        reached = () if ceiling is None else ((ceiling, "one person"),)
        return [
            *interval_chart(
                f"{NAME}-selectors",
                "Agreement of selectors and scorers with people",
                "quadratic κ with what the others say",
                [f for f in findings if f.metric == "with_others"],
                _who,
                lambda f: f.scorer or f.group["selector"],
                lines=((0.0, "by chance"), *reached),
                note="Each is held against all people but one, as each person is.",
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


def _others(rated: _Rated, evidence: Evidence) -> list[Finding]:
    """Every selector, and every scorer by the picture that it scores higher, beside the people."""
    chosen = evidence.selections.join(rated.items, on="item", how="inner").sort("selector", "item")
    people = chosen.filter(pl.col("selector") == PEOPLE).select("item", pl.col("choice").alias("people"))
    findings: list[Finding] = []
    for at, rows, note in [*_selectors(chosen), *_scorers(rated, evidence)]:
        findings += _against_people(at, rows.join(people, on="item").sort("item"), len(people), note)
        findings += _beside_ceiling(at, rows, rated, note)
    return findings


def _selectors(chosen: pl.DataFrame) -> Iterator[tuple[Address, pl.DataFrame, str]]:
    for (name,), rows in chosen.group_by("selector", maintain_order=True):
        if name != PEOPLE:
            yield _AT.at(selector=str(name)), rows, ""


def _scorers(rated: _Rated, evidence: Evidence) -> Iterator[tuple[Address, pl.DataFrame, str]]:
    """The image that a scorer gives the higher score is its choice, equal scores are a tie."""
    table = evidence.contrasts().join(rated.items.select("item"), on="item", how="semi")
    higher, prefers = pl.col("faithful") - pl.col("default"), pl.col("prefers")
    other = prefers.replace_strict({"anti": "original", "original": "anti", "faithful": "default"}, default=None)
    choice = pl.when(higher > 0).then(prefers).when(higher < 0).then(other).otherwise(pl.lit("tie"))
    for at, rows in by_scorer(table, _AT):
        known = rows.drop_nulls(["faithful", "default"]).with_columns(choice.alias("choice"))
        if not known.is_empty():
            yield at, known.select("item", "cluster", "choice").sort("item"), source_note(str(known["source"][0]))


def _against_people(at: Address, both: pl.DataFrame, asked: int, note: str) -> list[Finding]:
    """κ and plain agreement of a selector or scorer with what people selected."""
    if both.is_empty():
        return []
    draws, name = _draws(both), at.group.get("selector")
    at = at.at(against=PEOPLE)
    one, two = (
        both[column].replace_strict(PLACES, return_dtype=pl.Int64).to_numpy() for column in ("choice", "people")
    )
    stated = None if name is None or name in TRUTHS else published(NAME, "kappa")
    notes = [note, few_clusters(draws, "prompts")]
    kappa = cohen_kappa(one, two, weights="quadratic", categories=SCALE, draws=draws)
    return [
        state(at, "kappa", kappa, asked=asked, published=stated, notes=notes),
        state(at, "same", share(one == two, draws), asked=asked, notes=notes),
    ]


def _beside_ceiling(at: Address, rows: pl.DataFrame, rated: _Rated, note: str) -> list[Finding]:
    """κ of a selector or scorer with all people but one, averaged over who is left out, and less that of a person."""
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
    asked = int(rated.present.sum())
    both = (("with_others", reached), ("under_ceiling", below))
    return [state(at, metric, estimate, asked=asked, notes=[note]) for metric, estimate in both]


def _draws(rows: pl.DataFrame) -> SharedDraws:
    return SharedDraws(rows["cluster"].to_numpy().astype(np.str_))


def _of_selector(kappa: Finding, same: Finding | None, under: Finding | None) -> str:
    value = number(kappa.estimate or 0.0, kappa.low, kappa.high)
    alike = "" if same is None or same.estimate is None else f"; the same choice in {percent(same.estimate)}"
    who = _who(kappa)
    said = f"{who} agrees with people with κ = {value} ({interval(kappa)}, {kappa.n:,} items{alike})"
    if under is None or under.estimate is None or under.low is None or under.high is None:
        return f"{said}."
    by = number(abs(under.estimate), under.low, under.high)
    if under.high < 0:
        return f"{said}: less than one person does, by {by}."
    if under.low > 0:
        return f"{said}: more than one person does, by {by}."
    return f"{said}, which is not shown to differ from what one person reaches."


def _who(finding: Finding) -> str:
    """A selector, or a scorer with the source of its scores where there are several."""
    if finding.scorer is None:
        return finding.group.get("selector", "")
    source = finding.group.get("source")
    return scorer_name(finding.scorer) + (f" ({source})" if source else "")


def _speaks(finding: Finding) -> bool:
    """A coin and other controls have rows and no sentences."""
    return finding.scorer is None or scorer_kind(finding.scorer) == "model"


def _count(finding: Finding) -> str:
    return f"{round((finding.estimate or 0.0) * finding.n):,} of {finding.n:,}"


STUDY = HumanAgreement()
"""The study."""
