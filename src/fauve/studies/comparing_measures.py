"""What two sides of a comparison can be held against each other on: one table a measure, with keys and no positions.

A *side* is a run, or one generator or one scorer of a run. Rows of two sides belong together when they answer the same
plain prompt, the same request and the same draw (contrasts: the same study and id), and were made by the generator of
the same name unless the generators are what is compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import scipy

from fauve.records import COMPUTED
from fauve.studies.evidence import CORNERS, Evidence
from fauve.studies.honoured import honoured, requests
from fauve.studies.paired import with_draw

__all__ = ["KEYS", "Measure", "Side", "keyed_items", "model_measures", "taste_measures"]

KEYS = ("kind", "who", "study", "cluster", "request", "draw", "detail")
"""What two rows must share to be compared: ``who`` is the generator, ``detail`` the dimension of a request."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two.

    Attributes:
        label: how readers know it.
        evidence: what its ledger holds.
        generator: only what this generator made; ``who`` is then empty, so that another one's answers fit. None: all.
        scorer: only what this scorer says. None: all.
    """

    label: str
    evidence: Evidence
    generator: str | None = None
    scorer: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of one side, row by row.

    ``table`` has the columns of :data:`KEYS`, item, id and value (null where there is none). ``share`` says that values
    are 0 or 1.
    """

    metric: str
    table: pl.DataFrame
    scorer: str | None = None
    group: Mapping[str, str] = field(default_factory=dict)
    share: bool = False

    @property
    def address(self) -> tuple[object, ...]:
        """What two measures must share to be compared."""
        return (self.metric, self.scorer, tuple(sorted(self.group.items())))


def keyed_items(side: Side) -> pl.DataFrame:
    """Pairs and contrasts of a side: item, id and :data:`KEYS` (``detail`` is empty)."""
    items = side.evidence.items.filter(pl.col("kind").is_in(["pair", "contrast"]))
    if side.generator is not None:
        items = items.filter(pl.col("generator") == side.generator)
    who = pl.lit("") if side.generator is not None else pl.col("generator")
    keyed = with_draw(items).with_columns(who.alias("who"), pl.lit("").alias("detail"))
    return keyed.select("item", "id", *KEYS)


def model_measures(side: Side, scorers: Sequence[str] = ()) -> list[Measure]:
    """Scores in all four corners, shift, margin, accuracy, success, and what judges say of requests.

    ``scorers`` keeps those; none keeps all. Values of another source than this installation have it in their group.
    """
    items = keyed_items(side)
    grid = _of(side.evidence.pair_grid(), items, scorers)
    sides = _of(side.evidence.contrasts(), items, scorers).filter(~pl.col("tie"))
    found: list[Measure] = []
    for (scorer, source), table in grid.group_by("scorer", "source", maintain_order=True):
        group = {} if source == COMPUTED else {"source": str(source)}
        for corner, (image, prompt) in CORNERS.items():
            at = group | {"image": image, "prompt": prompt}
            found.append(Measure("score", _valued(table, pl.col(corner)), str(scorer), at))
        found.append(Measure("shift", _valued(table, pl.col("ao") - pl.col("oo")), str(scorer), group))
    for (scorer, source), table in sides.group_by("scorer", "source", maintain_order=True):
        group = {} if source == COMPUTED else {"source": str(source)}
        right = (pl.col("faithful") > pl.col("default")).cast(pl.Float64)
        found.append(Measure("margin", _valued(table, pl.col("faithful") - pl.col("default")), str(scorer), group))
        found.append(Measure("accuracy", _valued(table, right), str(scorer), group, share=True))
    return [*found, *_selected(side, items), *_judged(side, items)]


def taste_measures(first: Side, second: Side) -> tuple[list[Measure], list[Measure]]:
    """What two scorers of one run can be compared on, as their scales differ: choices, signs and ranks.

    ``accuracy``; ``fell``, whether obeying lowered the score under the plain prompt; ``rank_shift``, by what share of
    all pictures it lost or won places. Ranks are taken over the pairs that both scorers scored.
    """
    tables = [_one_source(_of(s.evidence.pair_grid(), keyed_items(s), [s.scorer or ""]), "ao") for s in (first, second)]
    scored = [t.drop_nulls(["oo", "ao"]) for t in tables]
    shared = scored[0].join(scored[1], on="item", how="semi").select("item")
    return _taste(first, tables[0], shared), _taste(second, tables[1], shared)


def _taste(side: Side, table: pl.DataFrame, shared: pl.DataFrame) -> list[Measure]:
    fell = (pl.col("ao") < pl.col("oo")).cast(pl.Float64)
    ranked = table.join(shared, on="item", how="semi").sort("item")
    places = scipy.stats.rankdata(np.concatenate([ranked["oo"].to_numpy(), ranked["ao"].to_numpy()])) / max(
        1, 2 * len(ranked)
    )
    shift = pl.Series("moved", places[len(ranked) :] - places[: len(ranked)], dtype=pl.Float64)
    chosen = _of(side.evidence.contrasts(), keyed_items(side), [side.scorer or ""])
    sides = _one_source(chosen, "faithful").filter(~pl.col("tie"))
    right = (pl.col("faithful") > pl.col("default")).cast(pl.Float64)
    return [
        Measure("rank_shift", _valued(ranked.with_columns(shift), pl.col("moved"))),
        Measure("fell", _valued(table, fell), share=True),
        Measure("accuracy", _valued(sides, right), share=True),
    ]


def _one_source(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """Values computed here where there are any, else those of the first source by name: they are never pooled."""
    sources = sorted(table.drop_nulls(column)["source"].unique(), key=lambda source: (source != COMPUTED, source))
    return table.filter(pl.col("source") == sources[0]) if sources else table


def _of(table: pl.DataFrame, items: pl.DataFrame, scorers: Sequence[str]) -> pl.DataFrame:
    kept = table.filter(pl.col("scorer").is_in(list(scorers))) if scorers else table
    extra = [name for name in kept.columns if name not in {*KEYS, "id"}]
    return kept.select(extra).join(items, on="item", how="inner").sort("scorer", "source", "item")


def _valued(table: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    return table.select("item", "id", *KEYS, value.cast(pl.Float64).alias("value"))


def _selected(side: Side, items: pl.DataFrame) -> list[Measure]:
    """Whether the selection on file is the anti image, a selector at a time."""
    chosen = side.evidence.selections.join(items.filter(pl.col("kind") == "pair"), on="item", how="inner")
    hit = (pl.col("choice") == "anti").cast(pl.Float64)
    return [
        Measure("success", _valued(table.sort("item"), hit), group={"selector": str(selector)}, share=True)
        for (selector,), table in chosen.sort("selector").group_by("selector", maintain_order=True)
    ]


def _judged(side: Side, items: pl.DataFrame) -> list[Measure]:
    """J of the picture that was asked for on what was requested; requests delivered; items delivered whole."""
    wanted = requests(side.evidence.items.join(items, on="item", how="semi"))
    found: list[Measure] = []
    for (judge,), said in side.evidence.judged.sort("judge").group_by("judge", maintain_order=True):
        visible = wanted.filter(pl.col("dimension").is_in(said["dimension"].unique().to_list()))
        verdicts = honoured(said, visible).join(items, on="item").with_columns(pl.col("dimension").alias("detail"))
        if verdicts.is_empty():
            continue
        group = {"judge": str(judge)}
        delivered = pl.col("honoured").cast(pl.Float64)
        whole = verdicts.group_by("item", maintain_order=True).agg(
            pl.col("honoured").all(ignore_nulls=False).cast(pl.Float64).alias("whole"),
            pl.col("honoured").null_count().alias("unknown"),
        )
        known = pl.when(pl.col("unknown") == 0).then("whole").otherwise(None)
        found += [
            Measure("level", _valued(verdicts, pl.col("asked")), group=group),
            Measure("honoured", _valued(verdicts, delivered), group=group, share=True),
            Measure("wholly_honoured", _valued(whole.join(items, on="item"), known), group=group, share=True),
        ]
    return found
