"""Where do reward models put the art that people made?

Source: arXiv 2512.11883, Table 8, Figure 5, and the artworks of Appendix C. An artwork is scored under its own factual
caption. The authors of a reward model have ranked generators by it; the mean over artworks is put on that very
ranking. The place is a comparison and no measurement of ours: those generators drew other prompts.

Whether a scorer reads the caption at all is asked beside it: each artwork is scored under the caption of another one as
well, and a low score under its own caption counts against taste, not against the caption, only where the scorer knows
which caption belongs to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl

from fauve.naming import generator_name
from fauve.records import Finding
from fauve.stats.intervals import Estimate, Interval
from fauve.stats.paired_tests import sign_test
from fauve.stats.weighted import mean
from fauve.studies.contrasting import ONE_CLASS_METRICS, by_scorer, contrast_findings
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.leaderboards import Leaderboard, leaderboard
from fauve.studies.paired import mean_finding
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.real_art_words import HERE, charts, sentences
from fauve.studies.resampling import SharedDraws, few_clusters, share
from fauve.studies.stating import Address, corrected, missing_bounds, source_note, state

__all__ = ["STUDY"]

NAME = "real_art"

RANGE_OF = "nano-banana"
"""The generator whose plain pictures the published ranges are of."""

OWN, OTHER = "matched", "shuffled"

MOST_WORKS = 60
"""Named works beyond this are stated only where the literature names them too."""

FIXED = "the published ranking is taken as it stands: the interval is that of the artworks alone"


class RealArt:
    """Artworks under their captions: place on the scorer's own leaderboard, distance from its range, captions read."""

    name = NAME
    title = "Art on the reward models’ own leaderboards"
    question = "Where would paintings stand if they were generators, on the ranking that a reward model's authors made?"
    method = (
        "Mean score of the artworks under their own captions, with a bootstrap over captions. Relative score = (mean − "
        "lowest model) / (highest − lowest) on the ranking that the reward model's authors published; rank = 1 + the "
        "models above. z = (mean − mean of the range) / standard deviation of the range: the published range of plain "
        "pictures, and the original pictures here under their own prompts where there are any. Each artwork stands "
        "also under the caption of another one, drawn with a seed: share in which its own caption scores higher (equal "
        "scores count against it; sign test), and the mean difference (Wilcoxon's signed-rank test). Holm's correction "
        "over scorers."
    )
    source = "arXiv 2512.11883, Table 8, Figure 5 and Appendix C"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """By scorer: mean, place, z, own against another's caption; by style; single works; artworks in contrasts."""
        table = _artworks(evidence)
        findings: list[Finding] = []
        for where, part in by_scorer(table, Address(NAME)):
            findings += _placed(where, part)
            findings += _standing(where, part, evidence)
            findings += _captions(where, part)
            for (style,), own in part.drop_nulls("style").sort("style").group_by("style", maintain_order=True):
                findings += _of_style(where.at(style=str(style)), own)
            findings += _works(where, part)
        contrasts = evidence.contrasts().filter((pl.col("kind") == "contrast") & (pl.col("study") == NAME))
        for where, part in by_scorer(contrasts, Address(NAME)):
            findings += contrast_findings(where.at(against="generated pictures"), part, ONE_CLASS_METRICS)
        return corrected(findings)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The place on the leaderboard first, then whether the caption is read, then single works."""
        return sentences(findings)

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Relative scores; each leaderboard with the artworks on it; own against another's caption; styles."""
        return charts(NAME, findings)


def _artworks(evidence: Evidence) -> pl.DataFrame:
    """One row for each (artwork, scorer, source) that is owed.

    Columns: item, id, cluster, style, work, scorer, source, matched and shuffled (r under either caption, null where
    there is no value), paired (whether another's caption was tried), tried.
    """
    items = evidence.items.filter((pl.col("kind") == "picture") & (pl.col("study") == NAME))
    groups = [json.loads(text) for text in items["groups"]]
    items = items.select(
        "item",
        "id",
        "cluster",
        pl.Series("style", [g.get("style") for g in groups], dtype=pl.String),
        pl.Series("work", [g.get("work") for g in groups], dtype=pl.String),
    )
    prompt, value = pl.col("prompt_slot"), pl.col("value")
    sides = evidence.grid.group_by("item", "scorer", "source").agg(
        value.filter(prompt == "prompt").first().alias(OWN),
        value.filter(prompt == "shuffled").first().alias(OTHER),
        (prompt == "shuffled").any().alias("paired"),
        (prompt == "prompt").any().alias("tried"),
    )
    return (
        evidence.owed()
        .join(items, on="item", how="inner")
        .join(sides, on=["item", "scorer", "source"], how="left")
        .with_columns(pl.col("tried", "paired").fill_null(False))
        .sort("scorer", "source", "item")
    )


def _level(table: pl.DataFrame, column: str = OWN) -> Estimate:
    known = table.drop_nulls(column).sort("item")
    return mean(known[column].to_numpy(), SharedDraws(known["cluster"].to_numpy().astype(np.str_)))


def _placed(where: Address, table: pl.DataFrame) -> Iterator[Finding]:
    """The mean, and where it stands on the scorer's own leaderboard."""
    note = source_note(str(table["source"][0]))
    level, asked = _level(table), len(table)
    beside = published(NAME, "mean", where.scorer, group=where.group)
    yield state(where, "mean", level, asked=asked, published=beside, notes=[note])
    board = leaderboard(where.scorer or "")
    if board is None or level.value is None:
        return
    on = f"leaderboard: {board.source}"
    for metric, estimate, told in (
        ("relative", _mapped(level, board.relative), ""),
        ("rank", _ranked(level, board), _neighbours(board, level.value)),
        ("rank_of", Estimate.of(board.places, None, level.n, "a count of places has no interval"), ""),
    ):
        beside = published(NAME, metric, where.scorer, group=where.group)
        yield state(where, metric, estimate, asked=asked, published=beside, notes=[told, on, FIXED, note])


def _mapped(level: Estimate, ruler: Callable[[float], float]) -> Estimate:
    """A defined estimate on another ruler, which rises with its own."""
    bounds = level.interval
    mapped = None if bounds is None else Interval(ruler(bounds.low), ruler(bounds.high))
    return Estimate.of(ruler(level.value or 0.0), mapped, level.n, level.reason)


def _ranked(level: Estimate, board: Leaderboard) -> Estimate:
    """The place; its interval runs from the place of the upper bound to that of the lower one."""
    bounds, value = level.interval, level.value or 0.0
    ends = None if bounds is None else Interval(board.rank(bounds.high), board.rank(bounds.low))
    return Estimate.of(board.rank(value), ends, level.n, level.reason)


def _neighbours(board: Leaderboard, score: float) -> str:
    above, below = board.above(score), board.below(score)
    told = [f"{board.places} places"]
    told += [f"just above: {above[0]} ({above[1]:g})"] if above else ["nothing above"]
    told += [f"next below: {below[0]} ({below[1]:g})"] if below else ["nothing below"]
    return ", ".join(told)


def _standing(where: Address, table: pl.DataFrame, evidence: Evidence) -> Iterator[Finding]:
    """z of the mean against the scorer's range: the published one, and that of the original pictures here."""
    level, asked = _level(table), len(table)
    if level.value is None:
        return
    note = source_note(str(table["source"][0]))
    known = [published("calibration", metric, where.scorer, RANGE_OF) for metric in ("mean", "sd")]
    if known[0] and known[1]:
        about = f"range: {known[0].value:g} ± {known[1].value:g}, {known[0].source}"
        z = _against(level, known[0].value, known[1].value)
        yield state(where.at(range=f"{generator_name(RANGE_OF)}, published"), "z", z, asked=asked, notes=[about, note])
    here = _range_here(where, table, evidence)
    if here is not None:
        middle, spread, count = here
        about = f"range: {middle:.4g} ± {spread:.3g} over {count:,} original pictures, taken as known"
        z = _against(level, middle, spread)
        yield state(where.at(range=HERE), "z", z, asked=asked, notes=[about, note])


def _against(level: Estimate, middle: float, spread: float) -> Estimate:
    return _mapped(level, lambda score: (score - middle) / spread)


def _range_here(where: Address, table: pl.DataFrame, evidence: Evidence) -> tuple[float, float, int] | None:
    """Mean, standard deviation and count of r(Io, po) of the same scorer and source; None where nothing varies."""
    originals = evidence.pair_grid().filter(
        (pl.col("generator") != STIMULI)
        & (pl.col("scorer") == where.scorer)
        & (pl.col("source") == table["source"][0])
        & pl.col("oo").is_not_null()
    )
    values = originals.select("generator", "cluster", "oo").unique().sort("generator", "cluster", "oo")["oo"].to_numpy()
    if len(values) < 2 or np.all(values == values[0]):
        return None
    return float(values.mean()), float(values.std(ddof=1)), len(values)


def _captions(where: Address, table: pl.DataFrame) -> Iterator[Finding]:
    """Own caption against another's on the same artworks, and the mean under either."""
    both = table.filter("paired")
    if both.is_empty():
        return
    note = source_note(str(both["source"][0]))
    both = both.with_columns((pl.col(OWN) - pl.col(OTHER)).alias("margin"))
    at = where.at(captions=f"{OWN} against {OTHER}")
    yield _accuracy(at, both, note)
    yield mean_finding(at, "margin", both, "margin", notes=[note], clusters="captions")
    for column in (OWN, OTHER):
        apart = where.at(captions=column)
        beside = published(NAME, "mean", where.scorer, group=apart.group)
        yield state(apart, "mean", _level(both, column), asked=len(both), published=beside, notes=[note])


def _accuracy(where: Address, table: pl.DataFrame, note: str) -> Finding:
    """Share of the artworks whose own caption scores higher than the other one."""
    known = table.drop_nulls("margin").sort("cluster", "item")
    margins = known["margin"].to_numpy()
    draws = SharedDraws(known["cluster"].to_numpy().astype(np.str_))
    equal, right = int((margins == 0).sum()), int((margins > 0).sum())
    notes = [
        note,
        f"{equal:,} equal {'score counts' if equal == 1 else 'scores count'} as no right choice" if equal else "",
        missing_bounds(right, len(known), len(table) - len(known)),
        few_clusters(draws, "captions"),
    ]
    test = sign_test(draws.means(margins)) if len(known) else None
    return state(where, "accuracy", share(margins > 0, draws), asked=len(table), test=test, notes=notes)


def _of_style(where: Address, table: pl.DataFrame) -> Iterator[Finding]:
    if table["tried"].any():
        yield state(where, "mean", _level(table), asked=len(table), notes=[source_note(str(table["source"][0]))])


def _works(where: Address, table: pl.DataFrame) -> Iterator[Finding]:
    """Single works that have a name: as many as one can read, and those that the literature states."""
    note = source_note(str(table["source"][0]))
    named = table.drop_nulls("work").filter("tried").sort("work", "item").unique("work", keep="first")
    for work, value in named.sort("work").select("work", OWN).iter_rows():
        beside = published(NAME, "score", where.scorer, group={"work": work})
        if len(named) > MOST_WORKS and beside is None:
            continue
        estimate = (
            Estimate.undefined("no score", 0)
            if value is None
            else Estimate.of(value, None, 1, "one work has no interval")
        )
        yield state(where.at(work=work), "score", estimate, asked=1, published=beside, notes=[note])


STUDY = RealArt()
