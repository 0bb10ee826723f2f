"""Slope of a value over doses within cells that have several, and whether its means rise or fall at every step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import polars as pl

from fauve.numbers import decimals_for, fixed
from fauve.records import Finding
from fauve.stats.intervals import Estimate
from fauve.stats.paired_tests import wilcoxon_signed_rank
from fauve.stats.regression import bootstrap_slope
from fauve.studies.resampling import SharedDraws, few_clusters
from fauve.studies.stating import Address, state

__all__ = ["slope_finding", "steps"]


def slope_finding(where: Address, table: pl.DataFrame, column: str, *, notes: Iterable[str] = ()) -> Finding:
    """Slope of ``column`` on ``dose`` within each ``cell``; prompts (``cluster``) are what intervals resample.

    The test is Wilcoxon's over the slopes of prompts. Rows without a value, and cells with one dose alone, are missing.
    The note says over which doses, and what the means over cells that have all of them do.
    """
    known = table.drop_nulls(column).filter(pl.col("dose").n_unique().over("cell") > 1).sort("cell", "dose")
    if known.is_empty():
        nothing = Estimate.undefined("no prompt has values at two strengths", 0)
        return state(where, "slope", nothing, asked=len(table), notes=notes)
    centred = known.select(
        "cluster",
        *(
            (pl.col(name).cast(pl.Float64) - pl.col(name).cast(pl.Float64).mean().over("cell")).alias(to)
            for name, to in (("dose", "x"), (column, "y"))
        ),
    )
    x, y = centred["x"].to_numpy(), centred["y"].to_numpy()
    draws = SharedDraws(centred["cluster"].to_numpy().astype(np.str_))
    slope = bootstrap_slope(x, y, draws=draws)
    spread, together = draws.sums(np.column_stack([x * x, x * y])).T
    test = wilcoxon_signed_rank(together / spread)
    told = [*notes, steps(known, column), few_clusters(draws, "prompts")]
    return state(where, "slope", dataclasses.replace(slope, n=len(known)), asked=len(table), test=test, notes=told)


def steps(table: pl.DataFrame, column: str) -> str:
    """``means at 1, 2, 3: 0.5, 0.4, 0.2, falling at every step``, over the cells that have every dose."""
    doses = table["dose"].n_unique()
    whole = table.filter(pl.col("dose").n_unique().over("cell") == doses)
    if whole.is_empty():
        return "no prompt has every strength"
    means = whole.group_by("dose").agg(pl.col(column).cast(pl.Float64).mean()).sort("dose")
    at, values = means["dose"].to_list(), means[column].to_numpy()
    change = np.diff(values)
    way = (
        "rising at every step"
        if (change > 0).all()
        else "falling at every step"
        if (change < 0).all()
        else "not monotone"
    )
    reach = float(np.ptp(values))
    decimals = max(decimals_for(reach, digits=2), decimals_for(float(np.abs(values).max()), digits=2))
    told = ", ".join(fixed(float(value), decimals) for value in values)
    return f"means at {', '.join(f'{dose:g}' for dose in at)}: {told}, {way}".replace("at -", "at −")
