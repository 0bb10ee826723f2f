"""The tables that every study reads, joined by key and never by position.

:class:`Evidence` is a snapshot of a ledger as four tables. From it come the two shapes that all studies share: the
2×2 grid of every pair (:meth:`Evidence.pair_grid`) and contrasts of a faithful with a default image
(:meth:`Evidence.contrasts`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl

from fauve.ledger import Ledger, queries

__all__ = ["STIMULI", "Evidence"]

STIMULI = "stimuli"
"""The generator name of pairs whose truth is known by construction."""

CORNERS = {
    "oo": ("original", "original"),
    "oa": ("original", "anti"),
    "ao": ("anti", "original"),
    "aa": ("anti", "anti"),
}
"""The 2×2 grid: column name → (image slot, prompt slot)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a ledger holds, as tables.

    ``items``: item, kind, study, generator, id, dimensions (list), groups (JSON text), cluster (the original prompt, or
    the contrast's prompt, or the id where no text is on file: what intervals resample), choice, selector (both null
    where no selection is on file).
    ``grid``: item, scorer, source, image_slot, prompt_slot, outcome, value.
    ``judged``: item, image_slot, judge, dimension, outcome, value.
    ``labels``: judge, image, dimension, expected, argmax, label.
    """

    items: pl.DataFrame
    grid: pl.DataFrame
    judged: pl.DataFrame
    labels: pl.DataFrame

    @classmethod
    def read(cls, ledger: Ledger) -> Evidence:
        """Take the snapshot."""
        return cls(
            items=_items(ledger),
            grid=queries.grid(ledger),
            judged=queries.judged(ledger),
            labels=queries.judge_labels(ledger),
        )

    def pair_grid(self) -> pl.DataFrame:
        """One row for each (pair, scorer, source) that has any score.

        Columns: item, generator, cluster, choice, selector, dimensions, groups, scorer, source, and the corners oo, oa,
        ao, aa = r(image, prompt) with o = original, a = anti, image first; null where there is no value.
        """
        pairs = self.items.filter(pl.col("kind") == "pair")
        scores = self.grid.join(pairs.select("item"), on="item", how="semi")
        wide = scores.group_by("item", "scorer", "source").agg(
            pl.col("value")
            .filter((pl.col("image_slot") == image) & (pl.col("prompt_slot") == prompt))
            .first()
            .alias(corner)
            for corner, (image, prompt) in CORNERS.items()
        )
        return wide.join(pairs, on="item", how="left").sort("scorer", "source", "item")

    def contrasts(self) -> pl.DataFrame:
        """One row for each (item, scorer, source): which of two images fits the prompt.

        Columns: item, kind, study, generator, cluster, dimensions, groups, scorer, source, prefers (the slot that
        counts as faithful), faithful, default (scores, null where missing), selector (who says so; null where nobody
        did and the anti image of a pair is taken as faithful), tie (a selection that chose neither: no faithful image).
        For a pair the prompt is the anti prompt.
        """
        scores = self.grid.filter(pl.col("prompt_slot").is_in(["anti", "prompt"]))
        sides = scores.group_by("item", "scorer", "source").agg(
            pl.col("value").filter(pl.col("image_slot").is_in(["anti", "faithful"])).first().alias("first"),
            pl.col("value").filter(pl.col("image_slot").is_in(["original", "default"])).first().alias("second"),
        )
        table = sides.join(self.items, on="item", how="left")
        swapped = (pl.col("choice") == "original").fill_null(False)
        return table.select(
            "item",
            "kind",
            "study",
            "generator",
            "cluster",
            "dimensions",
            "groups",
            "scorer",
            "source",
            "selector",
            pl.when(pl.col("kind") == "contrast")
            .then(pl.lit("faithful"))
            .when(swapped)
            .then(pl.lit("original"))
            .otherwise(pl.lit("anti"))
            .alias("prefers"),
            pl.when(swapped).then("second").otherwise("first").alias("faithful"),
            pl.when(swapped).then("first").otherwise("second").alias("default"),
            (pl.col("choice") == "tie").fill_null(False).alias("tie"),
        ).sort("scorer", "source", "item")


def _items(ledger: Ledger) -> pl.DataFrame:
    table = queries.item_table(ledger)
    return table.with_columns(
        pl.Series("dimensions", [json.loads(text) for text in table["dimensions"]], dtype=pl.List(pl.String)),
    )
