"""The tables that every study reads, joined by key and never by position.

:class:`Evidence` is a snapshot of a ledger as five tables. From it come the two shapes that all studies share: the
2×2 grid of every pair (:meth:`Evidence.pair_grid`) and contrasts of a faithful with a default image
(:meth:`Evidence.contrasts`). Edits and portraits have readers of their own (:meth:`Evidence.edits`,
:meth:`Evidence.portraits`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import polars as pl

from fauve.ledger import Ledger, queries
from fauve.ledger.choices import CHOICE_SCHEMA, choice_table
from fauve.ledger.origins import ORIGIN_SCHEMA, origins
from fauve.ledger.ratings import RATING_SCHEMA, rating_table
from fauve.records import COMPUTED

__all__ = ["NEUTRAL", "STIMULI", "Evidence"]

STIMULI = "stimuli"
"""The generator name of pairs whose truth is known by construction."""

NEUTRAL = queries.NEUTRAL
"""The wording, and the kind in ``items``, of pairs whose second prompt is the caption made longer and asks for nothing.

They are the control of prompt length: no study that speaks of requests has them among its pairs.
"""

LENGTH_SCHEMA = {"prompt": pl.String, "words": pl.Int64}

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

    ``items``: item, kind (``neutral`` for the pairs that control prompt length), study, generator, id, dimensions
    (list), groups (JSON text), cluster (the original prompt, or the contrast's prompt, or the id where no text is on
    file: what intervals resample), request (the anti prompt, or the id), pictured (whether any image is on file, or was
    asked of a generator here and failed), choice, selector (both null where no selection is on file), slots (list: the
    image slots that have a picture).
    ``grid``: item, scorer, source, image_slot, prompt_slot, outcome, value.
    ``judged``: item, image_slot, judge, dimension, outcome, value.
    ``labels``: judge, image, dimension, expected, argmax, label.
    ``tokens``: item, prompt_slot, prompt, scorer, tokens (before cutting), truncated; of scorers that count.
    ``selections``: item, selector, choice, source; every selection on file, of which ``items`` has one.
    ``choices``: selector, item, turned (shown the other way round), outcome, choice (null unless ok), reason.
    ``scopes``: the generators (shell patterns) that a scorer was asked about, for those that were not asked about all.
    ``lengths``: prompt (as in cluster and request), words; of pairs whose group says how they are worded.
    ``ratings``: item, rater, choice (an image slot, or ``tie``), shown_first and seconds (null where unknown).
    ``origins``: item, origin; the published dataset (hub id) that an item came from, of those where it is known.
    """

    items: pl.DataFrame
    grid: pl.DataFrame
    judged: pl.DataFrame
    labels: pl.DataFrame
    tokens: pl.DataFrame
    selections: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=queries.SELECTION_SCHEMA))
    choices: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHOICE_SCHEMA))
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LENGTH_SCHEMA))
    origins: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ORIGIN_SCHEMA))
    ratings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RATING_SCHEMA))

    @classmethod
    def read(cls, ledger: Ledger) -> Evidence:
        """Take the snapshot."""
        return cls(
            items=_items(ledger),
            grid=queries.grid(ledger),
            judged=queries.judged(ledger),
            labels=queries.judge_labels(ledger),
            tokens=queries.prompt_tokens(ledger),
            selections=queries.selections(ledger),
            choices=choice_table(ledger),
            scopes=queries.scopes(ledger, "scorer"),
            lengths=_lengths(ledger),
            origins=origins(ledger),
            ratings=rating_table(ledger),
        )

    def under(self, selector: str) -> Evidence:
        """The same with one selector's choices as the truth; items that it did not choose in have no selection."""
        chosen = self.selections.filter(pl.col("selector") == selector).select("item", "choice", "selector")
        items = self.items.drop("choice", "selector").join(chosen, on="item", how="left")
        return replace(self, items=items.select(self.items.columns))

    def owed(self) -> pl.DataFrame:
        """The (item, scorer, source) whose score belongs in a denominator, whether or not there is a value.

        A scorer that computes here owes every item with a picture, of the generators that it was asked about; one whose
        values were imported owes the items that its source brought values for.
        """
        asked = self.grid.select("item", "scorer", "source").unique()
        here = asked.filter(pl.col("source") == COMPUTED).select("scorer", "source").unique()
        wanted = self.items.filter("pictured").select("item", "generator").join(here, how="cross")
        for scorer, patterns in self.scopes.items():
            names = wanted["generator"].unique().to_list()
            within = [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]
            wanted = wanted.filter((pl.col("scorer") != scorer) | pl.col("generator").is_in(within))
        return pl.concat([asked, wanted.drop("generator")]).unique().sort("scorer", "source", "item")

    def pair_grid(self, kinds: Sequence[str] = ("pair",)) -> pl.DataFrame:
        """One row for each (pair, scorer, source) that is owed, see :meth:`owed`; ``kinds`` may add the neutral ones.

        Columns: item, generator, id, cluster, request, choice, selector, dimensions, groups, scorer, source; the
        corners oo, oa, ao, aa = r(image, prompt) with o = original, a = anti, image first, null where there is no
        value; tried_original and tried_anti: whether any cell under that prompt is on file, failed ones included.
        """
        pairs = self.items.filter(pl.col("kind").is_in(list(kinds)))
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
        Edits and portraits choose between nothing and have no row.
        """
        items = self.items.filter(pl.col("kind").is_in(["pair", "contrast"]))
        scores = self.grid.filter(pl.col("prompt_slot").is_in(["anti", "prompt"]))
        sides = scores.group_by("item", "scorer", "source").agg(
            pl.col("value").filter(pl.col("image_slot").is_in(["anti", "faithful"])).first().alias("first"),
            pl.col("value").filter(pl.col("image_slot").is_in(["original", "default"])).first().alias("second"),
            pl.lit(True).alias("tried"),
        )
        table = self.owed().join(items, on="item", how="inner").join(sides, on=["item", "scorer", "source"], how="left")
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

    def edits(self) -> pl.DataFrame:
        """One row for each (edit, scorer, source) that is owed: the input and its edit under the plain prompt.

        Columns: item, generator (the editor), id, cluster, request, dimensions, arm, made_by (what made the input),
        scorer, source, input, edit (r under the original prompt, null where there is no value), tried.
        """
        image, value = pl.col("image_slot"), pl.col("value")
        scores = self.grid.filter(pl.col("prompt_slot") == "original")
        sides = scores.group_by("item", "scorer", "source").agg(
            value.filter(image == "input").first().alias("input"),
            value.filter(image == "edit").first().alias("edit"),
            pl.lit(True).alias("tried"),
        )
        columns = ("item", "generator", "id", "cluster", "request", "dimensions", "arm", "made_by")
        return self._joined(self.edit_items().select(columns), sides)

    def edit_items(self) -> pl.DataFrame:
        """The rows of ``items`` that are edits, with their groups as columns: arm, made_by."""
        return _with_groups(self.items.filter(pl.col("kind") == "edit"), arm="arm", made_by="source")

    def portraits(self) -> pl.DataFrame:
        """One row for each (portrait, scorer, source) that is owed: the score under the sentence of its emotion.

        Columns: item, generator, id, cluster, template and draw (what portraits of several emotions share), emotion,
        finder, of (``face``, or ``whole picture`` where no finder ran), seen (whether that picture is on file), slots,
        scorer, source, face and picture (their scores), value (that of the two which counts), tried.
        """
        image = pl.col("image_slot")
        scores = self.grid.filter(pl.col("prompt_slot") == "emotion")
        sides = scores.group_by("item", "scorer", "source").agg(
            *(pl.col("value").filter(image == slot).first().alias(slot) for slot in ("face", "picture")),
            pl.lit(True).alias("tried"),
        )
        columns = ("item", "generator", "id", "cluster", "template", "draw", "emotion", "finder", "of", "seen", "slots")
        table = self._joined(self.portrait_items().select(columns), sides)
        value = pl.when(pl.col("of") == "face").then("face").otherwise("picture").alias("value")
        return table.with_columns(value)

    def portrait_items(self) -> pl.DataFrame:
        """The rows of ``items`` that are portraits, with template to seen as in :meth:`portraits`."""
        items = _with_groups(self.items.filter(pl.col("kind") == "portrait"), emotion="emotion", finder="finder")
        looked = pl.col("finder").fill_null("none") != "none"
        face, picture = (pl.col("slots").list.contains(slot) for slot in ("face", "picture"))
        return items.with_columns(
            pl.col("id").str.replace(r"/[^/]*$", "").alias("template"),
            pl.col("id").str.extract(r"#(\d+)$").fill_null("0").alias("draw"),
            pl.when(looked).then(pl.lit("face")).otherwise(pl.lit("whole picture")).alias("of"),
            pl.when(looked).then(face).otherwise(picture).alias("seen"),
        )

    def _joined(self, items: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
        return (
            self.owed()
            .join(items, on="item", how="inner")
            .join(sides, on=["item", "scorer", "source"], how="left")
            .with_columns(pl.col("tried").fill_null(False))
            .sort("scorer", "source", "item")
        )


def _with_groups(items: pl.DataFrame, **keys: str) -> pl.DataFrame:
    groups = [json.loads(text) for text in items["groups"]]
    return items.with_columns(
        pl.Series(column, [g.get(key) for g in groups], dtype=pl.String) for column, key in keys.items()
    )


def _lengths(ledger: Ledger) -> pl.DataFrame:
    rows = ledger.db.execute(
        "SELECT DISTINCT p.prompt, p.text FROM items i JOIN item_prompts USING (item) JOIN prompts p USING (prompt) "
        "WHERE i.kind = 'pair' AND i.groups ->> 'wording' IS NOT NULL ORDER BY p.prompt"
    ).fetchall()
    return pl.DataFrame([(prompt, len(text.split())) for prompt, text in rows], schema=LENGTH_SCHEMA, orient="row")


def _items(ledger: Ledger) -> pl.DataFrame:
    table = queries.item_table(ledger)
    neutral = [json.loads(text).get("wording") == NEUTRAL for text in table["groups"]]
    asks_nothing = (pl.col("kind") == "pair") & pl.Series("asks_nothing", neutral, dtype=pl.Boolean)
    more = ledger.db.execute(
        "SELECT item,"
        " coalesce((SELECT prompt FROM item_prompts p WHERE p.item = i.item AND slot = 'anti'), 'id:' || id),"
        " EXISTS (SELECT 1 FROM item_images m WHERE m.item = i.item AND image IS NOT NULL)"
        " OR generator IN (SELECT name FROM adapters WHERE kind = 'generator'),"
        " (SELECT json_group_array(slot) FROM (SELECT slot FROM item_images m"
        "  WHERE m.item = i.item AND image IS NOT NULL ORDER BY slot)) FROM items i"
    ).fetchall()
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "item": pl.Int64,
        "request": pl.String,
        "pictured": pl.Boolean,
        "slots": pl.List(pl.String),
    }
    rows = [(item, request, bool(pictured), json.loads(slots)) for item, request, pictured, slots in more]
    return table.with_columns(
        pl.when(asks_nothing).then(pl.lit(NEUTRAL)).otherwise("kind").alias("kind"),
        pl.Series("dimensions", [json.loads(text) for text in table["dimensions"]], dtype=pl.List(pl.String)),
    ).join(pl.DataFrame(rows, schema=schema, orient="row"), on="item", how="left")
