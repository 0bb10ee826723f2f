"""Do those who say which picture fits the prompt agree, and does the order of showing sway them?

Source: arXiv 2512.11883 states a quadratic κ of 0.80 between people and a language model; between two language models
it is 0.51 on the published pairs (a notebook of its authors). An agreement has two sides, and both are named here. The
published selections were asked in one random order that was not kept, so that their position bias is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl

from fauve.ledger.ratings import PEOPLE
from fauve.records import Finding
from fauve.stats.agreement import cohen_kappa, krippendorff_alpha
from fauve.stats.intervals import Estimate
from fauve.studies.charting import CHANCE, interval_chart
from fauve.studies.choosing import PLACES, SCALE, TRUTHS
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart
from fauve.studies.resampling import SharedDraws, few_clusters, share
from fauve.studies.stating import Address, missing_bounds, state
from fauve.studies.wording import interval, number, range_percent

__all__ = ["STUDY"]

NAME = "selection_agreement"

_FIRST = {False: ("original", "faithful"), True: ("anti", "default")}
"""What is shown first in an order: see :data:`fauve.ledger.choices.SIDES`."""

MOST_SENTENCES = 4


class SelectionAgreement:
    """Agreement of selectors with each other and with the truth, and how the order of showing sways each."""

    name = NAME
    title = "Who says what was asked for"
    question = "Do selectors agree on which picture fits the prompt, and do they choose by what they see?"
    method = (
        "κ of each two selectors on the items that both chose in, with quadratic weights over original (default), tie, "
        "anti (faithful): a tie lies half-way. Krippendorff’s ordinal α over all of three or more. A selector that can "
        "see an order is asked in both: another choice in the other order is a tie. Over items answered in both "
        "orders, the share of decided answers that took the picture shown first is 0.5 for who is not swayed. Accuracy "
        "counts a selector’s ties as wrong and sets ties of the truth aside. Intervals: bootstrap by prompt, Wilson’s "
        "where every row has its own."
    )
    source = "arXiv 2512.11883 (κ = 0.80 between people and a language model)"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Agreement, position bias, flips, ties, failures; accuracy where the truth is known by construction."""
        chosen = _chosen(evidence)
        if chosen.is_empty():
            return _swayed(evidence)
        return [*_agreement(chosen), *_swayed(evidence), *_ties(chosen), *_against_truth(chosen)]

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Lowest agreement first; then what sways a selector, and how often it is right where the truth is known."""
        by = {metric: [f for f in findings if f.metric == metric and f.estimate is not None] for metric in _METRICS}
        said = [
            f"{_sides(f)} agree with κ = {number(f.estimate or 0.0, f.low, f.high)} ({interval(f)}, {f.n:,} items)."
            for f in sorted(by["kappa"], key=lambda f: (f.estimate, _sides(f)))[:MOST_SENTENCES]
        ]
        said += [
            f"{_who(f)} took the picture shown first in {_count(f)} decided answers ({range_percent(f)})."
            for f in sorted(by["first_shown"], key=lambda f: (-abs((f.estimate or 0.0) - 0.5), _who(f)))[
                :MOST_SENTENCES
            ]
        ]
        said += [
            f"{_who(f)} chose otherwise in {_count(f)} items when the order was turned ({range_percent(f)})."
            for f in sorted(by["flips"], key=lambda f: (-(f.estimate or 0.0), _who(f)))[:MOST_SENTENCES]
            if f.estimate
        ]
        said += [
            f"{_who(f)} was right in {_count(f)} items whose truth is known by {f.group['truth']} ({range_percent(f)})."
            for f in sorted(by["accuracy"], key=lambda f: (f.estimate, _who(f)))[:MOST_SENTENCES]
        ]
        said += [f"{_who(f)} gave no answer to {_count(f)} questions." for f in by["unanswered"] if f.estimate]
        said += [
            f"In {_count(f)} items no picture was chosen by more than half of the people."
            if _who(f) == PEOPLE
            else f"{_who(f)} found neither picture better in {_count(f)} items."
            for f in by["ties"]
            if f.estimate
        ]
        if findings and not by["kappa"]:
            said.append("No two selectors chose between the same pictures, so there is no agreement to state.")
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """κ of each two; the pull of the first place; accuracy against a known truth."""
        return [
            *interval_chart(
                f"{NAME}-kappa",
                "Agreement of each two selectors",
                "quadratic κ",
                [f for f in findings if f.metric == "kappa"],
                _sides,
                lambda f: f.group["selector"],
                lines=((0.0, "by chance"),),
            ),
            *interval_chart(
                f"{NAME}-first-shown",
                "How often each selector took the picture shown first",
                "share of decided answers",
                [f for f in findings if f.metric == "first_shown"],
                _who,
                _who,
                lines=((0.5, "not swayed"),),
            ),
            *interval_chart(
                f"{NAME}-accuracy",
                "How often each selector was right where the truth is known",
                "share of items",
                [f for f in findings if f.metric == "accuracy"],
                lambda f: f"{_who(f)}, truth by {f.group['truth']}",
                _who,
                lines=CHANCE,
            ),
        ]


_METRICS = ("kappa", "first_shown", "flips", "accuracy", "unanswered", "ties")


def _chosen(evidence: Evidence) -> pl.DataFrame:
    """Every selection of a pair or contrast: item, selector, choice, place on the scale, cluster, generator."""
    items = evidence.items.filter(pl.col("kind").is_in(["pair", "contrast"])).select("item", "cluster", "generator")
    rows = evidence.selections.join(items, on="item", how="inner")
    place = pl.col("choice").replace_strict(PLACES, default=None, return_dtype=pl.Int64)
    return rows.with_columns(place.alias("place")).sort("selector", "item")


def _draws(table: pl.DataFrame) -> SharedDraws:
    return SharedDraws(table["cluster"].to_numpy().astype(np.str_))


def _agreement(chosen: pl.DataFrame) -> list[Finding]:
    names = chosen["selector"].unique().sort().to_list()
    findings = [found for one, other in combinations(names, 2) for found in _of_two(chosen, one, other)]
    if len(names) > 2:
        wide = chosen.pivot(on="selector", index=["item", "cluster"], values="place").sort("item")
        ratings = wide.select(names)
        alpha = krippendorff_alpha(
            ratings.fill_null(0).to_numpy().astype(np.float64),
            ratings.select(pl.all().is_not_null()).to_numpy(),
            draws=_draws(wide),
        )
        at = Address(NAME, group={"among": f"{len(names)} selectors"})
        findings.append(state(at, "alpha", alpha, asked=len(wide), notes=[", ".join(names)]))
    return findings


def _of_two(chosen: pl.DataFrame, one: str, other: str) -> list[Finding]:
    """κ and the plain share of equal choices; of the items of generators that both chose in, the others are missing."""
    first, second = (chosen.filter(pl.col("selector") == name) for name in (one, other))
    both = first.join(second.select("item", "place"), on="item", suffix="_other").sort("item")
    if both.is_empty():
        return []
    shared = chosen.filter(
        pl.col("selector").is_in([one, other]) & pl.col("generator").is_in(both["generator"].unique())
    )
    draws, asked = _draws(both), shared["item"].n_unique()
    places = both["place"].to_numpy(), both["place_other"].to_numpy()
    at = Address(NAME, group={"selector": one, "against": other})
    notes = [few_clusters(draws, "prompts")]
    stuck = [name for name, said in zip((one, other), places, strict=True) if len(np.unique(said)) == 1]
    kappa = (
        Estimate.undefined(f"{' and '.join(stuck)} said one and the same throughout: κ can tell nothing", len(both))
        if stuck
        else cohen_kappa(*places, weights="quadratic", categories=SCALE, draws=draws)
    )
    return [
        state(at, "kappa", kappa, asked=asked, notes=notes),
        state(at, "same", share(places[0] == places[1], draws), asked=asked, notes=notes),
    ]


def _swayed(evidence: Evidence) -> list[Finding]:
    """Position bias and flips over items answered in both orders; the share of questions without an answer."""
    clusters = evidence.items.select("item", "cluster")
    table = evidence.choices.join(clusters, on="item", how="inner").sort("selector", "item", "turned")
    findings: list[Finding] = []
    for (selector,), rows in table.group_by("selector", maintain_order=True):
        at = Address(NAME, group={"selector": str(selector)})
        answered = rows.drop_nulls("choice")
        both = answered.filter(pl.len().over("item") == 2)
        if not both.is_empty():
            decided = both.filter(pl.col("choice") != "tie")
            turned = len(rows.filter(pl.len().over("item") == 2))
            first = [choice in _FIRST[t] for t, choice in decided.select("turned", "choice").iter_rows()]
            undecided = len(both) - len(decided)
            ties = f"{undecided} {'answer' if undecided == 1 else 'answers'} called it a tie" if undecided else ""
            pull = share(first, _draws(decided)) if first else share([], SharedDraws([]))
            findings.append(state(at, "first_shown", pull, asked=len(decided) + turned - len(both), notes=[ties]))
            each = both.group_by("item", maintain_order=True).agg(
                pl.col("cluster").first(), (pl.col("choice").n_unique() > 1).alias("flip")
            )
            findings.append(state(at, "flips", share(each["flip"].to_numpy(), _draws(each)), asked=turned // 2))
        failed = rows["choice"].is_null().to_numpy()
        why = rows.filter(pl.col("choice").is_null())["outcome"].value_counts().sort("outcome").iter_rows()
        notes = [f"{count} {outcome}" for outcome, count in why]
        findings.append(state(at, "unanswered", share(failed, _draws(rows)), notes=notes))
    return findings


def _ties(chosen: pl.DataFrame) -> list[Finding]:
    findings = []
    for (selector,), rows in chosen.group_by("selector", maintain_order=True):
        at = Address(NAME, group={"selector": str(selector)})
        findings.append(state(at, "ties", share((rows["choice"] == "tie").to_numpy(), _draws(rows))))
    return findings


def _against_truth(chosen: pl.DataFrame) -> list[Finding]:
    """How often a selector chose as the truth by construction says."""
    findings = []
    for truth in TRUTHS:
        known = chosen.filter((pl.col("selector") == truth) & (pl.col("choice") != "tie"))
        for (selector,), rows in chosen.filter(~pl.col("selector").is_in(TRUTHS)).group_by(
            "selector", maintain_order=True
        ):
            both = known.select("item", "choice").join(rows, on="item", suffix="_said").sort("item")
            if both.is_empty():
                continue
            asked = len(known.filter(pl.col("generator").is_in(both["generator"].unique().to_list())))
            right = (both["choice"] == both["choice_said"]).to_numpy()
            ties = int((both["choice_said"] == "tie").sum())
            notes = [
                f"{ties} {'tie counts' if ties == 1 else 'ties count'} as wrong" if ties else "",
                missing_bounds(int(right.sum()), len(both), asked - len(both)),
            ]
            at = Address(NAME, group={"selector": str(selector), "truth": truth})
            findings.append(state(at, "accuracy", share(right, _draws(both)), asked=asked, notes=notes))
    return findings


def _sides(finding: Finding) -> str:
    return f"{finding.group['selector']} and {finding.group['against']}"


def _who(finding: Finding) -> str:
    return finding.group["selector"]


def _pull(finding: Finding) -> tuple[float, str]:
    """Strongest first, towards either place."""
    return -abs((finding.estimate or 0.0) - 0.5), _who(finding)


def _count(finding: Finding) -> str:
    return f"{round((finding.estimate or 0.0) * finding.n):,} of {finding.n:,}"


STUDY = SelectionAgreement()
"""The study."""
