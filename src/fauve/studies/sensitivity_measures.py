"""One accuracy counted in every way that could be argued for; effect size and detectable effect of paired changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fauve.records import Finding
from fauve.stats.bootstrap import cluster_bootstrap
from fauve.stats.intervals import Estimate, wilson
from fauve.stats.power import cluster_standard_error, design_effect, detectable_effect
from fauve.stats.weighted import mean, weighted_effect_size
from fauve.studies.resampling import SharedDraws
from fauve.studies.resampling import share as share_of
from fauve.studies.stating import Address, source_note, state

__all__ = ["STATED", "certainty", "counted_again"]

STATED = "as stated"
"""As in the main tables: ties set aside, equal scores wrong, missing values left out."""

ALONE = "each pair on its own"

NO_INTERVAL = "a property of this sample: it has no interval"

Floats = NDArray[np.float64]


def counted_again(where: Address, table: pl.DataFrame, key: str) -> list[Finding]:
    """The accuracy of one scorer on ``table`` (rows of :meth:`Evidence.contrasts`) in every way that differs here.

    ``key`` names the group that says how it was counted. The first is the accuracy as stated; the others are there
    only where there is a tie, an equal score, a missing value, or a prompt with several rows.
    """
    findings = []
    for way, asked, note in _ways(table):
        known = asked.drop_nulls("credit").sort("cluster", "credit")
        credit, clusters = known["credit"].to_numpy(), known["cluster"].to_numpy().astype(np.str_)
        estimate = wilson(int(credit.sum()), len(credit)) if way == ALONE else _share(credit, SharedDraws(clusters))
        notes = [source_note(str(table["source"][0])), note]
        findings.append(state(where.at(**{key: way}), "accuracy", estimate, asked=len(asked), notes=notes))
    return findings


def _ways(table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame, str]]:
    """How it is counted, the rows that belong in the denominator with what each is worth (null: no value), a note."""
    margin = pl.col("faithful") - pl.col("default")
    rows = table.with_columns((margin > 0).cast(pl.Float64).alias("credit"), (margin == 0).alias("equal"))
    asked, tied = rows.filter(~pl.col("tie")), rows.filter("tie")
    known = asked.drop_nulls("credit")
    gaps, equal = len(asked) - len(known), int(known["equal"].sum())
    yield STATED, asked, ""
    for worth, word in ((0.0, "wrong"), (0.5, "half"), (1.0, "right")):
        if len(tied):
            ties = tied.with_columns(pl.lit(worth).alias("credit"))
            yield f"ties as {word}", pl.concat([asked, ties]), f"{len(tied)} ties"
    if equal:
        halves = pl.when("equal").then(0.5).otherwise("credit").alias("credit")
        yield "equal scores as half", asked.with_columns(halves), f"{equal} equal scores"
    for worth, word in ((0.0, "wrong"), (1.0, "right")):
        if gaps:
            yield f"missing as {word}", asked.with_columns(pl.col("credit").fill_null(worth)), f"{gaps} missing"
    if known["cluster"].n_unique() < len(known):
        yield ALONE, asked, "takes pairs as independent, as the paper does; pairs of one prompt are not"


def _share(credit: Floats, draws: SharedDraws) -> Estimate:
    whole = np.isin(credit, (0.0, 1.0)).all()
    return share_of(credit == 1.0, draws) if whole else mean(credit, draws)


def certainty(where: Address, table: pl.DataFrame, column: str, *, share: bool) -> list[Finding]:
    """Effect size, detectable effect and design effect of a paired change, or of the share in which it is above 0.

    ``table`` has the columns cluster, source and ``column`` (null where there is no value). The effect size is always
    that of the change itself; the other two are of the share where ``share`` is set, else of the mean change.
    """
    known = table.drop_nulls(column).sort("cluster", column)
    changes: Floats = known[column].to_numpy()
    clusters = known["cluster"].to_numpy().astype(np.str_)
    draws = SharedDraws(clusters)
    rows = (changes > 0).astype(np.float64) if share else changes
    notes = [source_note(str(table["source"][0]))] if len(table) else []
    found = {
        "effect_size": cluster_bootstrap(draws, weighted_effect_size(draws, changes))[0],
        "detectable": _detectable(rows, clusters),
        "design_effect": _design(rows, clusters),
    }
    return [state(where, metric, value, asked=len(table), notes=notes) for metric, value in found.items()]


def _detectable(rows: Floats, clusters: NDArray[np.str_]) -> Estimate:
    error, prompts = cluster_standard_error(rows, clusters), len(np.unique(clusters))
    if error is None:
        return Estimate.undefined("fewer than two prompts", len(rows))
    if error == 0:
        return Estimate.undefined("all values are the same: their spread is not known", len(rows))
    return Estimate.of(detectable_effect(error, prompts), None, len(rows), NO_INTERVAL)


def _design(rows: Floats, clusters: NDArray[np.str_]) -> Estimate:
    found = design_effect(rows, clusters)
    if found is None:
        return Estimate.undefined("fewer than two prompts, or all values are the same", len(rows))
    return Estimate.of(found, None, len(rows), NO_INTERVAL)
