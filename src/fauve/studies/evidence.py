"""The tables that every study reads, joined by key and never by position.

:class:`Evidence` is a snapshot of a ledger as five tables. From it come the two shapes that all studies share: the
2×2 grid of every pair (:meth:`Evidence.pair_grid`) and contrasts of a faithful with a default image
(:meth:`Evidence.contrasts`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl

from fauve.ledger import Ledger, queries
from fauve.records import COMPUTED

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
    the contrast's prompt, or the id where no text is on file: what intervals resample), request (the anti prompt, or
    the id), pictured (whether any image is on file, or was asked of a generator here and failed), choice, selector
    (both null where no selection is on file).
    ``grid``: item, scorer, source, image_slot, prompt_slot, outcome, value.
    ``judged``: item, image_slot, judge, dimension, outcome, value.
    ``labels``: judge, image, dimension, expected, argmax, label.
    ``tokens``: item, prompt_slot, prompt, scorer, tokens (before cutting), truncated; of scorers that count.
    """

    items: pl.DataFrame
    grid: pl.DataFrame
    judged: pl.DataFrame
    labels: pl.DataFrame
    tokens: pl.DataFrame

    @classmethod
    def read(cls, ledger: Ledger) -> Evidence:
        """Take the snapshot."""
        return cls(
            items=_items(ledger),
            grid=queries.grid(ledger),
            judged=queries.judged(ledger),
            labels=queries.judge_labels(ledger),
            tokens=queries.prompt_tokens(ledger),
        )

    def owed(self) -> pl.DataFrame:
        """The (item, scorer, source) whose score belongs in a denominator, whether or not there is a value.

        A scorer that computes here owes every item with a picture; one whose values were imported owes the items that
        its source brought values for.
        """
        asked = self.grid.select("item", "scorer", "source").unique()
        here = asked.filter(pl.col("source") == COMPUTED).select("scorer", "source").unique()
        pictured = self.items.filter("pictured").select("item")
        return pl.concat([asked, pictured.join(here, how="cross")]).unique().sort("scorer", "source", "item")

    def pair_grid(self) -> pl.DataFrame:
        """One row for each (pair, scorer, source) that is owed, see :meth:`owed`.

        Columns: item, generator, id, cluster, request, choice, selector, dimensions, groups, scorer, source; the
        corners oo, oa, ao, aa = r(image, prompt) with o = original, a = anti, image first, null where there is no
        value; tried_original and tried_anti: whether any cell under that prompt is on file, failed ones included.
        """
        pairs = self.items.filter(pl.col("kind") == "pair")
        scores = self.grid.join(pairs, on="item", how="semi")
        image, prompt = pl.col("image_slot"), pl.col("prompt_slot")
        wide = scores.group_by("item", "scorer", "source").agg(
            *(
                pl.col("value").filter((image == i) & (prompt == p)).first().alias(corner)
                for corner, (i, p) in CORNERS.items()
            ),
            (prompt == "original").any().alias("tried_original"),
            (prompt == "anti").any().alias("tried_anti"),
        )
        return (
            self.owed()
            .join(pairs, on="item", how="inner")
            .join(wide, on=["item", "scorer", "source"], how="left")
            .with_columns(pl.col("tried_original", "tried_anti").fill_null(False))
            .sort("scorer", "source", "item")
        )

    def contrasts(self) -> pl.DataFrame:
        """One row for each (item, scorer, source) that is owed: which of two images fits the prompt.

        Columns: item, kind, study, generator, id, cluster, dimensions, groups, scorer, source, prefers (the slot that
        counts as faithful), faithful, default (scores, null where missing), selector (who says so; null where nobody
        did and the anti image of a pair is taken as faithful), tie (a selection that chose neither: no faithful image),
        tried (whether any of the two cells is on file, failed ones included). For a pair the prompt is the anti prompt.
        """
        scores = self.grid.filter(pl.col("prompt_slot").is_in(["anti", "prompt"]))
        sides = scores.group_by("item", "scorer", "source").agg(
            pl.col("value").filter(pl.col("image_slot").is_in(["anti", "faithful"])).first().alias("first"),
            pl.col("value").filter(pl.col("image_slot").is_in(["original", "default"])).first().alias("second"),
            pl.lit(True).alias("tried"),
        )
        table = (
            self.owed()
            .join(self.items, on="item", how="inner")
            .join(sides, on=["item", "scorer", "source"], how="left")
        )
        swapped = ((pl.col("kind") == "pair") & (pl.col("choice") == "original")).fill_null(False)
        return table.select(
            "item",
            "kind",
            "study",
            "generator",
            "id",
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
            pl.col("tried").fill_null(False),
        ).sort("scorer", "source", "item")


def _items(ledger: Ledger) -> pl.DataFrame:
    table = queries.item_table(ledger)
    more = ledger.db.execute(
        "SELECT item,"
        " coalesce((SELECT prompt FROM item_prompts p WHERE p.item = i.item AND slot = 'anti'), 'id:' || id),"
        " EXISTS (SELECT 1 FROM item_images m WHERE m.item = i.item AND image IS NOT NULL)"
        " OR generator IN (SELECT name FROM adapters WHERE kind = 'generator') FROM items i"
    ).fetchall()
    schema = {"item": pl.Int64, "request": pl.String, "pictured": pl.Boolean}
    rows = [(item, request, bool(pictured)) for item, request, pictured in more]
    return table.with_columns(
        pl.Series("dimensions", [json.loads(text) for text in table["dimensions"]], dtype=pl.List(pl.String)),
    ).join(pl.DataFrame(rows, schema=schema, orient="row"), on="item", how="left")
