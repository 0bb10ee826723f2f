"""The mean of a paired difference as a finding, and rows made comparable by what they answer.

Pictures of several models belong together when they answer the same plain prompt, the same request and the same draw:
then they were made from the same noise, and their difference is what the models do differently.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from fauve.records import Finding, Published
from fauve.stats.paired_tests import wilcoxon_signed_rank
from fauve.stats.weighted import mean
from fauve.studies.resampling import SharedDraws, few_clusters, share
from fauve.studies.stating import Address, missing_bounds, state

__all__ = ["DRAW", "mean_finding", "share_finding", "with_draw"]

DRAW = r"#(\d+)(?:@[^@]*)?$"
"""Where the id of a pair, or of an edit of one, says which draw it is."""


def with_draw(table: pl.DataFrame) -> pl.DataFrame:
    """Adds ``draw``: the number after # in the id, 0 where there is none."""
    return table.with_columns(pl.col("id").str.extract(DRAW).fill_null("0").alias("draw"))


def mean_finding(
    where: Address,
    metric: str,
    table: pl.DataFrame,
    column: str,
    *,
    test: bool = True,
    published: Published | None = None,
    notes: Iterable[str] = (),
    clusters: str = "prompts",
) -> Finding:
    """Mean of a column, its interval by cluster, and Wilcoxon's test over the means of clusters.

    ``table`` has the columns cluster, ``column`` (null where there is no value: missing, out of all rows), and any
    others; its rows are those that belong in the denominator. ``clusters`` says what clusters are.
    """
    known = table.cast({column: pl.Float64}).drop_nulls(column).sort("cluster", column)
    draws = _draws(known)
    values = known[column].to_numpy()
    return state(
        where,
        metric,
        mean(values, draws),
        asked=len(table),
        test=wilcoxon_signed_rank(draws.means(values)) if test else None,
        published=published,
        notes=[*notes, few_clusters(draws, clusters)],
    )


def share_finding(
    where: Address,
    metric: str,
    table: pl.DataFrame,
    column: str,
    *,
    notes: Iterable[str] = (),
    clusters: str = "prompts",
) -> Finding:
    """Share of True in a column, null where it is not known, with the bounds that what is missing leaves open."""
    known = table.cast({column: pl.Boolean}).drop_nulls(column).sort("cluster", column)
    draws = _draws(known)
    hits = known[column].to_numpy()
    bounds = missing_bounds(int(hits.sum()), len(known), len(table) - len(known))
    told = [*notes, bounds, few_clusters(draws, clusters)]
    return state(where, metric, share(hits, draws), asked=len(table), notes=told)


def _draws(known: pl.DataFrame) -> SharedDraws:
    return SharedDraws(known["cluster"].to_numpy().astype(np.str_))
