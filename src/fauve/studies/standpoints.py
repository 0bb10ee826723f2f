"""Who can say which picture fits a prompt: every selector on file, and every judge through what it sees.

A judge sees no prompt. Of the dimensions that a prompt asks the low end of, those that it can see tell which of two
pictures delivers more: where the anti (faithful) picture is lower on average by more than the margin of
:mod:`fauve.studies.honoured`, that one; where it is higher by as much, the other; else it is a tie. A judge that cannot
see any of what was asked says nothing.
"""

from __future__ import annotations

import dataclasses

import polars as pl

from fauve.ledger.queries import SELECTION_SCHEMA
from fauve.studies.evidence import Evidence
from fauve.studies.honoured import MARGIN, honoured, requests

__all__ = ["AS_JUDGED", "judge_selections", "standpoints"]

AS_JUDGED = "judge "
"""What the name of a standpoint begins with that is a judge's."""


def standpoints(evidence: Evidence) -> tuple[Evidence, list[str]]:
    """Evidence in which the judges have selections too, and the names of all who select, judges last."""
    judged = judge_selections(evidence)
    names = sorted(evidence.selections["selector"].unique()) + sorted(judged["selector"].unique())
    both = pl.concat([evidence.selections, judged])
    return dataclasses.replace(evidence, selections=both), names


def judge_selections(evidence: Evidence) -> pl.DataFrame:
    """What each judge chooses: item, selector (``judge NAME``), choice, source, as in :attr:`Evidence.selections`."""
    items = evidence.items.filter(pl.col("kind").is_in(["pair", "contrast"]))
    known = honoured(evidence.judged, requests(items)).drop_nulls("honoured")
    lower = known.group_by("item", "judge").agg((pl.col("plain") - pl.col("asked")).mean().alias("lower"))
    pair = pl.col("kind") == "pair"
    delivers = pl.when(pair).then(pl.lit("anti")).otherwise(pl.lit("faithful"))
    lacks = pl.when(pair).then(pl.lit("original")).otherwise(pl.lit("default"))
    choice = (
        pl.when(pl.col("lower") > MARGIN)
        .then(delivers)
        .when(pl.col("lower") < -MARGIN)
        .then(lacks)
        .otherwise(pl.lit("tie"))
    )
    rows = lower.join(items.select("item", "kind"), on="item").sort("judge", "item")
    return rows.select(
        "item",
        (pl.lit(AS_JUDGED) + pl.col("judge")).alias("selector"),
        choice.alias("choice"),
        pl.lit("judged").alias("source"),
    ).select(pl.col(name).cast(kind) for name, kind in SELECTION_SCHEMA.items())
