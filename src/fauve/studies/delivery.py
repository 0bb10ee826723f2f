"""How much of what was requested is in the pictures, by every judge that looked at them (see :mod:`.honoured`)."""

from __future__ import annotations

import numpy as np
import polars as pl

from fauve.records import Finding
from fauve.studies.evidence import Evidence
from fauve.studies.honoured import LOW, MARGIN, honoured, requests
from fauve.studies.resampling import SharedDraws, share
from fauve.studies.stating import Address, missing_bounds, state

__all__ = ["delivery"]


def delivery(where: Address, evidence: Evidence, items: pl.DataFrame, *, by_dimension: bool = True) -> list[Finding]:
    """Findings on what ``items`` (rows of :attr:`Evidence.items`) were asked for, a judge at a time.

    ``honoured``: share of the requests for dimensions that the judge can see which were delivered; its n counts
    requests, overall and ``by_dimension``. ``wholly_honoured``: share of the items all of whose visible requests were
    delivered; its n counts items. Requests that the judge cannot see are named, and requests of pictured items that it
    should have judged and did not are missing.
    """
    pictured = items.filter("pictured")
    wanted = requests(pictured)
    findings: list[Finding] = []
    for (judge,), said in evidence.judged.group_by("judge", maintain_order=True):
        sees = set(said["dimension"].unique())
        visible = wanted.filter(pl.col("dimension").is_in(sees))
        if visible.join(said, on=("item", "dimension"), how="semi").is_empty():
            continue
        verdicts = (
            visible.join(honoured(said, visible), on=("item", "dimension"), how="left")
            .join(pictured.select("item", "cluster"), on="item")
            .sort("item", "dimension")
        )
        at = where.at(judge=str(judge))
        rule = f"delivered means lower than the plain picture by more than {MARGIN} of 2"
        if "absolute" in said.columns and said["absolute"].any():
            rule = f"{rule}, or below {LOW}"
        notes = [rule, _unseen(wanted, sees)]
        findings += [_requests(at, verdicts, notes), _wholly(at, verdicts, notes)]
        parts = verdicts.group_by("dimension", maintain_order=True) if by_dimension else ()
        for (dimension,), part in parts:
            findings.append(_requests(at.at(dimension=str(dimension)), part, notes[:1]))
    return findings


def _requests(where: Address, verdicts: pl.DataFrame, notes: list[str]) -> Finding:
    known = verdicts.drop_nulls("honoured")
    draws = SharedDraws(known["cluster"].to_numpy().astype(np.str_))
    estimate = share(known["honoured"].to_numpy(), draws)
    bounds = missing_bounds(int(known["honoured"].sum()), len(known), len(verdicts) - len(known))
    whose = f"requests of {known['item'].n_unique()} items"
    return state(where, "honoured", estimate, asked=len(verdicts), notes=[whose, *notes, bounds])


def _wholly(where: Address, verdicts: pl.DataFrame, notes: list[str]) -> Finding:
    whole = verdicts.group_by("item", maintain_order=True).agg(
        pl.col("cluster").first(),
        pl.col("honoured").all(ignore_nulls=False).alias("wholly"),
        pl.col("honoured").null_count().alias("unknown"),
    )
    known = whole.filter(pl.col("unknown") == 0)
    draws = SharedDraws(known["cluster"].to_numpy().astype(np.str_))
    bounds = missing_bounds(int(known["wholly"].sum()), len(known), len(whole) - len(known))
    estimate = share(known["wholly"].to_numpy(), draws)
    return state(where, "wholly_honoured", estimate, asked=len(whole), notes=[*notes, bounds])


def _unseen(wanted: pl.DataFrame, sees: set[str]) -> str:
    unseen = wanted.filter(~pl.col("dimension").is_in(sees))
    if unseen.is_empty():
        return ""
    names = ", ".join(unseen["dimension"].unique().sort())
    return f"{len(unseen)} of {len(wanted)} requests are for what this judge cannot see ({names})"
