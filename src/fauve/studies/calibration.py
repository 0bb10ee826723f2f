"""Over what range do the scores of a reward model lie where nothing unusual is asked for?

Source: arXiv 2512.11883, Table 3, which states mean and standard deviation of three reward models on the pictures that
Nano Banana made of plain captions. A shift or a margin in a scorer's own unit means little without it: 2 points are
much where ordinary pictures differ by 1, and little where they differ by 10. Here the original pictures of every
generator are taken under their own original prompts, and the photographs that stimuli are made from under theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fauve.naming import generator_name, is_untrained, scorer_kind, scorer_name
from fauve.records import Finding, Published
from fauve.stats.bootstrap import Resampling, Statistic, cluster_bootstrap
from fauve.stats.intervals import Estimate
from fauve.stats.weighted import weighted_mean
from fauve.studies.contrasting import by_scorer
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.protocol import Chart, Mark
from fauve.studies.published import published
from fauve.studies.resampling import SharedDraws, few_clusters
from fauve.studies.stating import Address, source_note, state
from fauve.studies.wording import interval, number

__all__ = ["STUDY"]

NAME = "calibration"

REFERENCE = "nano-banana"
"""The generator whose original pictures the published ranges are of."""

MOST_SENTENCES = 6

NO_INTERVAL = "a lowest or highest value has no interval: with more pictures it can only move outwards"

Floats = NDArray[np.float64]


class Calibration:
    """Mean, spread and extremes of r(Io, po)."""

    name = NAME
    title = "The range of a score"
    question = "Over what range do the scores of a reward model lie where nothing unusual is asked for?"
    method = (
        "Original pictures under their own original prompts, r(Io, po); a picture that several pairs share counts "
        "once. Mean and standard deviation with a bootstrap by prompt; lowest and highest value. Generators apart, "
        "and apart from them the photographs that stimuli are made from. Models under test only: the range of a "
        "control is known."
    )
    source = "arXiv 2512.11883, Table 3"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Mean, standard deviation, lowest and highest value by scorer and generator."""
        grid = evidence.pair_grid().with_columns(pl.col("tried_original").alias("tried"))
        findings: list[Finding] = []
        for generator in grid["generator"].unique().sort():
            for where, table in by_scorer(
                grid.filter(pl.col("generator") == generator), Address(NAME, generator=generator)
            ):
                if scorer_kind(where.scorer or "") == "model":
                    findings += _range(where, table)
        return findings

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """One sentence a scorer and generator, random weights last; beside it what was published, if anything was."""
        said = []
        means = [f for f in findings if f.metric == "mean" and f.estimate is not None]
        for mean in sorted(means, key=lambda f: (is_untrained(f.scorer or ""), f.generator == STIMULI)):
            mine = {f.metric: f.estimate for f in findings if _same(f, mean)}
            if mine.get("sd") is not None and "source" not in mean.group:
                said.append(_sentence(mean, mine))
        return said[:MOST_SENTENCES]

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """A chart for each scorer: every generator's mean with one standard deviation to each side."""
        charts = []
        for scorer in sorted({f.scorer for f in findings if f.scorer}):
            means = [f for f in findings if f.metric == "mean" and f.scorer == scorer]
            marks = [m for f in means if (m := _mark(f, findings)) is not None]
            beside = _reference(scorer)
            if not marks:
                continue
            charts.append(
                Chart(
                    f"{NAME}-{scorer.replace(':', '-')}",
                    "intervals",
                    f"{scorer_name(scorer)} where nothing unusual is asked for",
                    "score: the mean, and one standard deviation to each side",
                    (*marks, *beside),
                    note=_about(published(NAME, "mean", scorer, REFERENCE)),
                )
            )
        return charts


def _range(where: Address, table: pl.DataFrame) -> list[Finding]:
    asked = table.select("cluster", "oo", "source").unique().sort("cluster", "oo")
    known = asked.drop_nulls("oo")
    values: Floats = known["oo"].to_numpy()
    draws = SharedDraws(known["cluster"].to_numpy().astype(np.str_))
    mean, sd = cluster_bootstrap(draws, weighted_mean(draws, values[:, None]), _deviation(draws, values))
    ends = [
        Estimate.of(float(end(values)), None, len(values), NO_INTERVAL)
        if len(values)
        else Estimate.undefined("no rows", 0)
        for end in (np.min, np.max)
    ]
    notes = [source_note(str(table["source"][0])), few_clusters(draws, "prompts")]
    return [
        state(where, metric, estimate, asked=len(asked), published=_lookup(metric, where), notes=notes)
        for metric, estimate in zip(("mean", "sd", "lowest", "highest"), (mean, sd, *ends), strict=True)
    ]


def _deviation(draws: Resampling, values: Floats) -> Statistic:
    """The sample's standard deviation (n − 1)."""
    centred = values - np.median(values) if len(values) else values
    sums = draws.sums(np.column_stack([np.ones_like(centred), centred, centred * centred]))

    def evaluate(weights: Floats) -> Floats:
        n, first, second = (weights @ sums).T
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (second - first * first / n) / (n - 1)
        return np.where(n > 1, np.sqrt(np.maximum(variance, 0.0)), np.nan)[:, None]

    return Statistic(evaluate, (len(values),), "one picture has no spread")


def _lookup(metric: str, where: Address) -> Published | None:
    return published(NAME, metric, where.scorer, where.generator, where.group)


def _same(f: Finding, other: Finding) -> bool:
    return (f.scorer, f.generator, f.group) == (other.scorer, other.generator, other.group)


def _sentence(mean: Finding, mine: dict[str, float | None]) -> str:
    pictures = "photographs" if mean.generator == STIMULI else f"pictures by {generator_name(mean.generator or '')}"
    spread, low, high = (number(mine[m] or 0.0) for m in ("sd", "lowest", "highest"))
    said = (
        f"{scorer_name(mean.scorer or '')} gives {pictures} "
        f"{number(mean.estimate or 0.0, mean.low, mean.high)} on average under their own captions ({interval(mean)}, "
        f"n = {mean.n:,}), with a standard deviation of {spread}; the lowest value is {low}, the highest {high}"
    )
    level, spread_there = (published(NAME, m, mean.scorer, REFERENCE) for m in ("mean", "sd"))
    if level and spread_there:
        said += f". Published for {generator_name(REFERENCE)}: {level.value:g} ± {spread_there.value:g}"
    return f"{said}."


def _mark(mean: Finding, findings: Sequence[Finding]) -> Mark | None:
    spread = next((f.estimate for f in findings if f.metric == "sd" and _same(f, mean)), None)
    if mean.estimate is None or spread is None:
        return None
    name = "photographs, clean" if mean.generator == STIMULI else generator_name(mean.generator or "")
    label = f"{name}, {mean.group['source']}" if "source" in mean.group else name
    return Mark(label, mean.scorer or "", mean.estimate, mean.estimate - spread, mean.estimate + spread)


def _reference(scorer: str) -> list[Mark]:
    level, spread = (published(NAME, m, scorer, REFERENCE) for m in ("mean", "sd"))
    if level is None or spread is None:
        return []
    label = f"{generator_name(REFERENCE)}, published"
    return [Mark(label, "", level.value, level.value - spread.value, level.value + spread.value, quoted=True)]


def _about(reference: Published | None) -> str:
    return f"Published: {reference.source}" if reference else ""


STUDY = Calibration()
