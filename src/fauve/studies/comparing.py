"""Two runs, two generators or two scorers held against each other: paired differences, second minus first.

Rows are joined by key (see :mod:`.comparing_measures`); what only one side has is counted and never compared. Intervals
resample prompts. Numbers are tested by Wilcoxon's signed-rank test over the means of prompts, shares by flipping the
signs of prompts, and Holm's correction runs over all tests of the comparison. Beside every difference stands the
smallest one that a paired t test over as many prompts would find in 80 of 100 repetitions, given their spread.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from fauve.errors import UnknownName
from fauve.records import Finding, Test
from fauve.stats.bootstrap import cluster_bootstrap
from fauve.stats.multiplicity import holm
from fauve.stats.paired_tests import HypothesisTest, sign_flip_test, wilcoxon_signed_rank
from fauve.stats.shift import minimum_detectable_effect
from fauve.stats.weighted import weighted_mean
from fauve.studies.comparing_measures import KEYS, Measure, Side, keyed_items, model_measures, taste_measures
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.resampling import SEED, SharedDraws, few_clusters
from fauve.studies.stating import Address, state

__all__ = [
    "NAME",
    "POWER",
    "Comparison",
    "Difference",
    "Tally",
    "compare_generators",
    "compare_runs",
    "compare_scorers",
]

NAME = "compare"
POWER = 0.8
"""Chance with which the smallest detectable difference would be found."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of both sides.

    Attributes:
        finding: the mean difference (second − first) over the rows of both, metric ``…_difference``.
        first, second: mean of each side over the same rows; None where there are none.
        clusters: prompts behind them.
        only_first, only_second: rows with a value on that side alone.
        smallest: smallest difference that would be found, see above; None where it is not defined.
        share: values are 0 or 1.
        rows: item_first, item_second, first, second, difference; one row a joined row, in the order of the keys.
    """

    finding: Finding
    first: float | None
    second: float | None
    clusters: int
    only_first: int
    only_second: int
    smallest: float | None
    share: bool
    rows: pl.DataFrame = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """The finding's own form with what stands beside it."""
        return self.finding.as_json() | {
            "first": self.first,
            "second": self.second,
            "prompts": self.clusters,
            "only_first": self.only_first,
            "only_second": self.only_second,
            "minimum_detectable": self.smallest,
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of one kind both sides have, and how many only one of them has."""

    what: str
    both: int
    only_first: int
    only_second: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that was compared, and what could not be.

    ``about`` is runs, generators or scorers. ``lacking`` says, in sentences, what only one side has at all.
    """

    about: str
    labels: tuple[str, str]
    differences: tuple[Difference, ...]
    tallies: tuple[Tally, ...]
    lacking: tuple[str, ...] = ()


def compare_runs(labels: tuple[str, str], first: Evidence, second: Evidence, scorers: Sequence[str] = ()) -> Comparison:
    """Two runs. Generators are matched by name; where each run has a single one, these two are compared.

    Raises:
        UnknownName: ``scorers`` has one that neither run has.
    """
    _known(scorers, first, second)
    alone = [_only_generator(evidence) for evidence in (first, second)]
    crossed = alone[0] is not None and alone[1] is not None and alone[0] != alone[1]
    sides = [
        Side(label, evidence, generator if crossed else None)
        for label, evidence, generator in zip(labels, (first, second), alone, strict=True)
    ]
    lacking = _lacking(labels, (first, second), crossed)
    return _compared("runs", sides[0], sides[1], scorers, lacking)


def compare_generators(evidence: Evidence, first: str, second: str, scorers: Sequence[str] = ()) -> Comparison:
    """Two generators of one run.

    Raises:
        UnknownName: the run has no such generator or scorer.
    """
    _known(scorers, evidence)
    names = evidence.items.filter(pl.col("kind") == "pair")["generator"].unique().to_list()
    for name in (first, second):
        if name not in names:
            raise UnknownName("generator", name, names)
    return _compared("generators", Side(first, evidence, first), Side(second, evidence, second), scorers)


def compare_scorers(evidence: Evidence, first: str, second: str) -> Comparison:
    """Two scorers of one run, by choices, signs and ranks: their scales are not comparable.

    Raises:
        UnknownName: the run has no such scorer.
    """
    _known((first, second), evidence)
    sides = Side(first, evidence, scorer=first), Side(second, evidence, scorer=second)
    mine, other = taste_measures(*sides)
    differences = [_difference(a, b) for a, b in zip(mine, other, strict=True)]
    return Comparison("scorers", (first, second), _corrected(differences), _tallies(*sides))


def _compared(about: str, first: Side, second: Side, scorers: Sequence[str], lacking: Sequence[str] = ()) -> Comparison:
    others = {measure.address: measure for measure in model_measures(second, scorers)}
    differences: list[Difference] = []
    for mine in model_measures(first, scorers):
        other = others.get(mine.address)
        if other is None:
            continue
        differences.append(_difference(mine, other))
        differences += _by_generator(mine, other)
    stated = [d for d in differences if d.finding.n]
    tallies = _tallies(first, second)
    return Comparison(about, (first.label, second.label), _corrected(stated), tallies, tuple(lacking))


def _by_generator(mine: Measure, other: Measure) -> list[Difference]:
    """The same for each generator, where both sides have several."""
    names = sorted(set(mine.table["who"]) & set(other.table["who"]) - {""})
    if len(names) < 2:
        return []
    found = []
    for name in names:
        a, b = (dataclasses.replace(m, table=m.table.filter(pl.col("who") == name)) for m in (mine, other))
        found.append(_difference(a, b, name))
    return found


def _difference(mine: Measure, other: Measure, generator: str | None = None) -> Difference:
    keys, first, second = _unambiguous(mine.table, other.table)
    known = [table.drop_nulls("value") for table in (first, second)]
    rows = (
        known[0]
        .join(known[1], on=keys, how="inner", suffix="_second")
        .sort(keys)
        .select(
            "cluster",
            pl.col("item").alias("item_first"),
            pl.col("item_second"),
            pl.col("value").alias("first"),
            pl.col("value_second").alias("second"),
            (pl.col("value_second") - pl.col("value")).alias("difference"),
        )
    )
    draws = SharedDraws(rows["cluster"].to_numpy().astype(np.str_))
    columns = rows.select("first", "second", "difference").to_numpy()
    before, after, change = cluster_bootstrap(draws, weighted_mean(draws, columns))
    # A table that was cut to the rows of both still says how many each side had.
    only = [len(table) - len(rows) for table in known]
    where = Address(NAME, mine.scorer, generator, mine.group)
    values = rows["difference"].to_numpy()
    notes = [few_clusters(draws, "prompts"), _still(values)]
    test = _tested(draws, values, share=mine.share)
    asked = len(rows) + only[0] + only[1]
    finding = state(where, f"{mine.metric}_difference", change, asked=asked, test=test, notes=notes)
    smallest = _smallest(draws, values)
    return Difference(finding, before.value, after.value, draws.clusters, only[0], only[1], smallest, mine.share, rows)


def _unambiguous(mine: pl.DataFrame, other: pl.DataFrame) -> tuple[list[str], pl.DataFrame, pl.DataFrame]:
    """Keys that name one row a side: where prompt, request and draw do not, the item's id decides too."""
    keys = list(KEYS)
    again = [table.group_by(keys).len().filter(pl.col("len") > 1).select(keys).unique() for table in (mine, other)]
    unclear = pl.concat(again).unique().with_columns(pl.lit(True).alias("unclear"))
    told = [
        table.join(unclear, on=keys, how="left").with_columns(
            pl.when(pl.col("unclear").fill_null(False)).then("id").otherwise(pl.lit("")).alias("which")
        )
        for table in (mine, other)
    ]
    return [*keys, "which"], told[0].drop("unclear"), told[1].drop("unclear")


def _tested(draws: SharedDraws, values: np.ndarray, *, share: bool) -> HypothesisTest:
    if not len(values):
        return wilcoxon_signed_rank(values)
    if share:
        return sign_flip_test(draws.sums(values[:, None])[:, 0], seed=SEED)
    return wilcoxon_signed_rank(draws.means(values))


def _smallest(draws: SharedDraws, values: np.ndarray) -> float | None:
    """From the standard error of the mean over rows that come in clusters (ratio estimator)."""
    if draws.clusters < 2:
        return None
    sums = draws.sums(np.column_stack([values - values.mean(), np.ones_like(values)]))
    error = math.sqrt(float((sums[:, 0] ** 2).sum()) * draws.clusters / (draws.clusters - 1)) / len(values)
    if error == 0:
        return None
    return minimum_detectable_effect(error * math.sqrt(draws.clusters), draws.clusters, power=POWER)


def _still(values: np.ndarray) -> str:
    if len(values) < 2 or np.any(values != values[0]):
        return ""
    return "every row differs by the same, so that resampling shows no spread"


def _corrected(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Holm over every test of the comparison."""
    adjusted = holm([None if d.finding.test is None else d.finding.test.p for d in differences])
    done = []
    for difference, p in zip(differences, adjusted, strict=True):
        test = difference.finding.test
        told = None if test is None else Test(test.name, test.p, p)
        done.append(dataclasses.replace(difference, finding=dataclasses.replace(difference.finding, test=told)))
    return tuple(done)


def _tallies(first: Side, second: Side) -> tuple[Tally, ...]:
    """Pairs and contrasts that both have, by key."""
    keys, mine, other = _unambiguous(keyed_items(first), keyed_items(second))
    told = []
    for kind, what in (("pair", "pairs"), ("contrast", "contrasts")):
        a, b = (table.filter(pl.col("kind") == kind).select(keys) for table in (mine, other))
        both = len(a.join(b, on=keys, how="inner"))
        if len(a) or len(b):
            told.append(Tally(what, both, len(a) - both, len(b) - both))
    return tuple(told)


def _only_generator(evidence: Evidence) -> str | None:
    pairs = evidence.items.filter((pl.col("kind") == "pair") & (pl.col("generator") != STIMULI))
    names = pairs["generator"].unique().to_list()
    others = evidence.items.filter((pl.col("kind") == "contrast") | (pl.col("generator") == STIMULI))
    return str(names[0]) if len(names) == 1 and others.is_empty() else None


def _lacking(labels: tuple[str, str], both: tuple[Evidence, Evidence], crossed: bool) -> list[str]:
    told: list[str] = []
    made = [set(e.items.filter(pl.col("kind") == "pair")["generator"]) for e in both]
    if crossed:
        told.append(f"Each run has one generator: {min(made[0])} of A is compared with {min(made[1])} of B.")
    kinds: Mapping[str, list[set[str]]] = {
        **({} if crossed else {"generator": made}),
        "scorer": [set(e.grid["scorer"]) for e in both],
        "judge": [set(e.judged["judge"]) for e in both],
    }
    for what, names in kinds.items():
        for place, side in enumerate("AB"):
            if only := sorted(names[place] - names[1 - place]):
                told.append(f"Only {side} ({labels[place]}) has the {what}{'s' * (len(only) > 1)} {', '.join(only)}.")
    return told


def _known(scorers: Sequence[str], *ledgers: Evidence) -> None:
    names = {name for evidence in ledgers for name in evidence.grid["scorer"]}
    for name in scorers:
        if name not in names:
            raise UnknownName("scorer", name, names)
