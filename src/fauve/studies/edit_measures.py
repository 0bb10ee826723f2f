"""Every quantity that an edit can change, as tables of one shape: what it was before, and what it is after.

Columns of a table: generator (the editor), arm, made_by and pair (together: the input), part (the dimension where a
row is one request), cluster, input, edit. A row without a value after belongs in the denominator all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fauve.studies.contrasting import by_scorer
from fauve.studies.evidence import Evidence
from fauve.studies.honoured import honoured, requests
from fauve.studies.stating import Address, source_note

__all__ = ["INPUT", "judge_tables", "requests_before_and_after", "scorer_tables"]

INPUT = ("made_by", "pair")
"""What names an input: who made it, and of which pair it is the anti image."""

_KEPT = ("item", "generator", "arm", *INPUT, "cluster")


def scorer_tables(evidence: Evidence, where: Address) -> Iterator[tuple[Address, pl.DataFrame, str]]:
    """r(input, po) and r(edit, po) of every scorer and source, with a note on where its scores are from."""
    table = _with_pair(evidence.edits()).with_columns(pl.lit("").alias("part"))
    for at, part in by_scorer(table, where):
        yield at, part, source_note(str(part["source"][0]))


def judge_tables(evidence: Evidence, where: Address) -> Iterator[tuple[Address, pl.DataFrame, str]]:
    """J of every judge: the sum over all that it sees, one row a request that it sees, and each dimension alone."""
    items = _with_pair(evidence.edit_items())
    wanted = requests(items)
    for judge, said in _said(evidence, items):
        sees = sorted(said["dimension"].unique())
        at = where.at(judge=judge)
        note = f"sum over {len(sees)} dimensions: {', '.join(sees)}"
        yield at, items.select(_KEPT).join(_sums(said, len(sees)), on="item", how="left"), note
        asked = (
            items.select(_KEPT)
            .join(wanted.filter(pl.col("dimension").is_in(sees)), on="item")
            .join(said, on=("item", "dimension"), how="left")
            .rename({"dimension": "part"})
        )
        if not asked.is_empty():
            yield at.at(over="requested dimensions"), asked, "mean over requests for what the judge sees"
        for (dimension,), part in asked.group_by("part", maintain_order=True):
            yield at.at(dimension=str(dimension)), part, "edits of inputs for which this was requested"


def requests_before_and_after(evidence: Evidence) -> Iterator[tuple[str, pl.DataFrame, str]]:
    """Of every judge, one row a request: does the input honour it, and the edit (see :mod:`.honoured`)?

    Both are compared with the plain picture of the pair that the input is from; requests whose plain picture is not on
    file are left out and counted in the note. Columns: generator, arm, cluster, item, dimension, before, after.
    """
    items = _with_pair(evidence.edit_items())
    pairs = evidence.items.filter(pl.col("kind") == "pair").select(
        made_by="generator", pair="id", plain_item="item", has_plain=pl.col("slots").list.contains("original")
    )
    items = items.join(pairs, on=INPUT, how="left").with_columns(pl.col("has_plain").fill_null(False))
    known = items.filter("has_plain")
    missing = len(items) - len(known)
    note = f"{missing} of {len(items)} edits left out: no plain picture of their pair on file" if missing else ""
    wanted = requests(known)
    for judge, said in _said(evidence, items):
        visible = wanted.filter(pl.col("dimension").is_in(said["dimension"].unique().to_list()))
        own = evidence.judged.filter(pl.col("judge") == judge)
        plain = own.filter(pl.col("image_slot") == "original").join(
            known.select("plain_item", edit_item="item"), left_on="item", right_on="plain_item"
        )
        plain = plain.with_columns(item="edit_item").select(own.columns)
        table = visible.join(known.select("item", "generator", "arm", "cluster"), on="item")
        for slot, column in (("input", "before"), ("edit", "after")):
            asked = own.filter(pl.col("image_slot") == slot).with_columns(pl.lit("anti").alias("image_slot"))
            found = honoured(pl.concat([plain, asked]), visible).select(
                "item", "dimension", honoured_=pl.col("honoured")
            )
            table = table.join(found.rename({"honoured_": column}), on=("item", "dimension"), how="left")
        if not table.is_empty():
            yield judge, table.sort("item", "dimension"), note


def _with_pair(table: pl.DataFrame) -> pl.DataFrame:
    """Adds the id of the pair: the edit's own without its arm."""
    return table.with_columns(pl.col("id").str.replace(r"@[^@]*$", "").alias("pair"))


def _said(evidence: Evidence, items: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every judge that looked at edits: item, dimension, input, edit."""
    value, slot = pl.col("value"), pl.col("image_slot")
    rows = evidence.judged.join(items.select("item"), on="item", how="semi")
    for (judge,), said in rows.group_by("judge", maintain_order=True):
        yield (
            str(judge),
            said.group_by("item", "dimension")
            .agg(*(value.filter(slot == name).first().alias(name) for name in ("input", "edit")))
            .sort("item", "dimension"),
        )


def _sums(said: pl.DataFrame, dimensions: int) -> pl.DataFrame:
    """Σ_d J of either picture, null unless it has all of them."""
    return said.group_by("item").agg(
        pl.lit("").alias("part"),
        *(
            pl.when(pl.col(name).count() == dimensions).then(pl.col(name).sum()).alias(name)
            for name in ("input", "edit")
        ),
    )
