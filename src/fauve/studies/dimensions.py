"""Which properties of a picture does a reward pay for, when the prompt asks for none of them?

Source: arXiv 2512.11883, Appendix E and Fig. 11. The reward of every picture under the plain prompt is regressed on
all dimensions J(I, d) that a judge sees, together with an image-text matcher's score of the same picture and prompt
where one is on file. A slope says what one step of a dimension is worth to the scorer, the other dimensions held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from fauve.naming import INSTRUMENT_PREFIX, scorer_kind, scorer_name
from fauve.records import COMPUTED, Finding
from fauve.stats.intervals import Estimate, Interval
from fauve.stats.paired_tests import HypothesisTest
from fauve.stats.regression import Coefficient, Regression, ols_hc3
from fauve.studies.charting import interval_chart
from fauve.studies.contrasting import by_scorer
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.protocol import Chart
from fauve.studies.stating import Address, corrected, source_note, state
from fauve.studies.wording import interval, leading, number

__all__ = ["STUDY"]

NAME = "dimensions"

MATCHERS = ("blip-l", "blip-b")
"""Image-text matchers that join the regression, the first one that is on file."""

ROWS_PER_TERM = 10
"""Fewer rows for each term than this fit the sample rather than the scorer; then nothing is stated."""

INSTRUMENT_JUDGE = "instruments"
"""The judge that is made of the instruments: it would show the instruments, and polish, to themselves."""


class Dimensions:
    """Regression of a reward on every dimension that a judge sees."""

    name = NAME
    title = "What a reward pays for"
    question = "Which dimensions raise a score when the prompt asks for none of them?"
    method = (
        "Ordinary least squares of r(I, original prompt) on all J(I, d) that a judge sees and on the score of an "
        "image-text matcher where one is on file, over original and anti pictures; a picture that several pairs "
        "share counts once. HC3 errors, Student's t, Holm's correction over scorers and dimensions. At least "
        f"{ROWS_PER_TERM} pictures for each term. Slopes are per unit of J; standardised ones per standard deviation"
        " of both."
    )
    source = "arXiv 2512.11883, Appendix E, Fig. 11"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Slopes by scorer, judge and dimension; real generators pooled, stimuli apart."""
        pictures = _pictures(evidence)
        findings: list[Finding] = []
        judges = evidence.judged["judge"].unique().sort().to_list()
        for generator, here in (
            (None, pictures.filter(pl.col("generator") != STIMULI)),
            (STIMULI, pictures.filter(pl.col("generator") == STIMULI)),
        ):
            for where, table in by_scorer(here, Address(NAME, generator=generator)):
                for judge in judges:
                    if not _circular(where.scorer or "", judge):
                        findings += _slopes(where.at(judge=judge), table, _judged(evidence, judge), here)
        return corrected(findings)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """For each scorer the dimension with the largest standardised slope."""
        said = []
        slopes = [f for f in findings if f.group.get("unit") == "sd" and f.estimate is not None]
        if slopes and all(scorer_kind(f.scorer or "") != "model" for f in slopes):
            said.append("Only controls are on file: their slopes show what chance gives.")
        for scorer in dict.fromkeys(f.scorer for f in leading(slopes)):
            mine = [f for f in slopes if f.scorer == scorer and "source" not in f.group]
            top = max(mine, key=lambda f: (f.generator is None, abs(f.estimate or 0.0), f.group["dimension"]))
            change = number(top.estimate or 0.0, top.low, top.high, signed=True)
            said.append(
                f"{scorer_name(scorer or '')} is moved most by {top.group['dimension']}: one standard deviation of it "
                f"changes the score by {change} of its own "
                f"({interval(top)}, {top.n:,} pictures, as the judge “{top.group['judge']}” sees them)."
            )
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Standardised slopes by dimension, a chart for each scorer and judge."""
        charts: list[Chart] = []
        slopes = [f for f in findings if f.group.get("unit") == "sd"]
        keys = dict.fromkeys(
            (f.scorer or "", f.group["judge"], f.generator or "", f.group.get("source", "")) for f in slopes
        )
        for scorer, judge, generator, source in keys:
            mine = [
                f
                for f in slopes
                if (f.scorer, f.group["judge"], f.generator or "", f.group.get("source", ""))
                == (scorer, judge, generator, source)
            ]
            name = "-".join(part for part in (NAME, scorer.replace(":", "-"), judge, generator, source) if part)
            charts += interval_chart(
                name,
                f"What {scorer_name(scorer)} pays for" + (" on stimuli" if generator == STIMULI else ""),
                "standard deviations of the score for one of the dimension",
                mine,
                lambda f: f.group["dimension"],
                lambda f: f.scorer or "",
                lines=((0.0, "no effect"),),
                note=f"as the judge “{judge}” sees the pictures",
            )
        return charts


def _circular(scorer: str, judge: str) -> bool:
    """Whether scorer and judge measure the same by construction; the oracle scores doses, not pictures."""
    made_of_instruments = scorer.startswith(INSTRUMENT_PREFIX) or scorer == "polish"
    return scorer == "oracle" or (judge == INSTRUMENT_JUDGE and made_of_instruments)


def _pictures(evidence: Evidence) -> pl.DataFrame:
    """One row for each (item, image slot, scorer, source) of pairs: reward under the original prompt."""
    grid = evidence.pair_grid().with_columns(pl.col("tried_original").alias("tried"))
    sides = [
        grid.select(
            "item", "generator", "cluster", "scorer", "source", "tried", pl.lit(slot).alias("image_slot"),
            pl.col(corner).alias("reward"),
        )
        for slot, corner in (("original", "oo"), ("anti", "ao"))
    ]  # fmt: skip
    return pl.concat(sides).sort("scorer", "source", "item", "image_slot")


def _judged(evidence: Evidence, judge: str) -> pl.DataFrame:
    """One row for each (item, image slot) that the judge saw, a column for each dimension."""
    said = evidence.judged.filter(pl.col("judge") == judge)
    return said.pivot(on="dimension", index=["item", "image_slot"], values="value", sort_columns=True)


def _slopes(where: Address, table: pl.DataFrame, judged: pl.DataFrame, everyone: pl.DataFrame) -> list[Finding]:
    dimensions = [c for c in judged.columns if c not in {"item", "image_slot"}]
    joined = table.join(judged, on=("item", "image_slot"), how="inner")
    terms = list(dimensions)
    for matcher, scores in _matchers(everyone):
        if matcher != where.scorer and len(joined.join(scores, on=("item", "image_slot"), how="semi")):
            joined = joined.join(scores, on=("item", "image_slot"), how="left")
            terms.append(matcher)
            break
    asked = joined.unique(["cluster", *terms, "reward"]).sort("item", "image_slot")
    rows = asked.drop_nulls(["reward", *terms])
    terms = [t for t in terms if rows[t].n_unique() > 1]
    if not terms or len(rows) < ROWS_PER_TERM * (len(terms) + 1) or rows["reward"].n_unique() < 2:
        return []
    design, reward = rows.select(terms), rows["reward"]
    try:
        raw = ols_hc3(design.to_numpy(), reward.to_numpy(), terms)
    except ValueError as error:
        undefined = Estimate.undefined(f"no regression: {error}", len(rows))
        return [state(where.at(unit="raw"), "slope", undefined, asked=len(asked))]
    standard = ols_hc3(
        design.select((pl.all() - pl.all().mean()) / pl.all().std()).to_numpy(),
        ((reward - reward.mean()) / reward.std()).to_numpy(),
        terms,
    )
    notes = [source_note(str(table["source"][0])), _shared(rows)]
    return [
        *_stated(where.at(unit="raw"), raw, len(asked), notes),
        *_stated(where.at(unit="sd"), standard, len(asked), notes),
    ]


def _shared(rows: pl.DataFrame) -> str:
    """What a reader must know where several pictures share a prompt, or nothing."""
    prompts = rows["cluster"].n_unique()
    if 2 * prompts >= len(rows):  # the two pictures of a pair are what the regression is about
        return ""
    return f"{prompts} prompts behind {len(rows)} pictures, taken as independent: the interval is too narrow"


def _matchers(pictures: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Scores of the matchers on file, by picture; computed ones before imported ones."""
    for name in MATCHERS:
        mine = pictures.filter(pl.col("scorer") == name).drop_nulls("reward")
        sources = sorted(mine["source"].unique(), key=lambda s: (s != COMPUTED, s))
        if sources:
            scores = mine.filter(pl.col("source") == sources[0])
            yield name, scores.select("item", "image_slot", pl.col("reward").alias(name))


def _stated(where: Address, fit: Regression, asked: int, notes: Sequence[str]) -> list[Finding]:
    r_squared = "" if fit.r_squared is None else f"R² = {fit.r_squared:.2f}"
    return [
        state(
            where.at(dimension=term.name),
            "slope",
            _estimate(term, fit.n),
            asked=asked,
            test=HypothesisTest("t (HC3)", term.t, term.p_value, fit.n),
            notes=[r_squared, *notes],
        )
        for term in fit.coefficients[1:]
    ]


def _estimate(term: Coefficient, n: int) -> Estimate:
    return Estimate.of(term.value, Interval(term.low, term.high), n)


STUDY = Dimensions()
