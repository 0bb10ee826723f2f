"""How much does a scorer take off for what was requested?

New here, not in the paper. A photograph is put through an effect at rising strength; the anti prompt is its caption
with a request for just that effect. So the truth is known and the dose is too:

    slope under the anti prompt      change of r(I_s, pa) for a full step of strength s: negative where the scorer
                                     takes off for what the prompt asks for, positive where it pays for it
    slope under the original prompt  the same of r(I_s, po), where nobody asked for the effect
    request credit                   the difference of the two: how much the request changes the verdict

Strength 0 is the photograph itself. Slopes are taken within each photograph and effect; photographs are what
intervals resample and what tests flip, as the effects on one photograph are not independent. Scorers have different
units, so slopes stand also in standard deviations of the scorer over the clean photographs under their own captions.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fauve.naming import scorer_kind, scorer_name
from fauve.records import Finding
from fauve.stats.bootstrap import DRAWS, cluster_bootstrap
from fauve.stats.intervals import Estimate
from fauve.stats.paired_tests import HypothesisTest, sign_flip_test
from fauve.stats.regression import bootstrap_slope
from fauve.stats.weighted import weighted_mean
from fauve.studies.charting import NO_CHANGE, interval_chart, mark
from fauve.studies.contrasting import by_scorer, contrast_findings
from fauve.studies.delivery import delivery
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.protocol import Chart, Mark
from fauve.studies.resampling import FEW, SEED, SharedDraws
from fauve.studies.stating import Address, corrected, source_note, state
from fauve.studies.wording import count, interval, leading, number, range_percent

__all__ = ["STUDY"]

NAME = "probe"

OUTCOMES = {"anti": "anti", "original": "original", "credit": "request_credit"}
"""Column of a score → what its slope is: under which prompt, or the difference of the two."""

MOST_LINES = 8
"""Lines in a dose-response chart that the eye can tell apart."""

MOST_SENTENCES = 4

NOTHING = 0.001
"""A request that is worth less than this many standard deviations is worth nothing that anybody could see."""


class Probe:
    """Dose-response of scorers to effects of known strength."""

    name = NAME
    title = "What a request is worth"
    question = (
        "When an effect grows stronger, does the score fall as much where the prompt asks for it as where it does not?"
    )
    method = (
        "Photographs under graded effects, scored under the plain caption and under the caption that asks for the "
        "effect. Slope of the score on strength within photograph and effect, by prompt; request credit = their "
        "difference. Bootstrap over photographs; sign-flip test of the photographs' slopes, Holm's correction over "
        "scorers (pooled) and over scorers and effects. Unit: standard deviations of the scorer over the clean "
        "photographs under their captions. Accuracy at full strength: share in which the picture with the requested"
        " effect scored higher."
    )
    source = "new in Fauve"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Slopes, request credit, dose-response and accuracy at full strength; requests delivered as judges see it."""
        table = _with_groups(evidence.pair_grid().filter(pl.col("generator") == STIMULI))
        table = table.with_columns((pl.col("tried_original") | pl.col("tried_anti")).alias("tried"))
        findings: list[Finding] = []
        for where, part in by_scorer(table, Address(NAME)):
            findings += _of_scorer(where, part.sort("item"))
        findings += _at_full_strength(evidence)
        return corrected(findings)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """For each scorer what it takes off under either prompt, and what the request wins back."""
        pooled = {(f.metric, f.group.get("prompt"), f.scorer): f for f in findings if _is_pooled_slope(f)}
        asked = leading([f for (metric, prompt, _), f in pooled.items() if (metric, prompt) == ("slope", "anti")])
        said = [
            _sentence(f, pooled.get(("slope", "original", f.scorer)), pooled.get(("request_credit", None, f.scorer)))
            for f in asked[:MOST_SENTENCES]
        ]
        accuracy = [f for f in findings if f.metric == "accuracy" and set(f.group) == {"strength"}]
        for f in leading(accuracy)[:1]:
            said.append(
                f"At full strength {scorer_name(f.scorer or '')} preferred the picture with the effect that the prompt "
                f"asked for in {count(f)} cases ({range_percent(f)})."
            )
        for f in findings:
            if f.metric == "honoured" and set(f.group) == {"strength", "judge"} and f.estimate is not None:
                said.append(f"The judge “{f.group['judge']}” sees {count(f)} of these effects ({range_percent(f)}).")
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Change with strength under either prompt, then by dimension; what the request wins back; by effect."""
        doses = [f for f in findings if f.metric == "shift" and "strength" in f.group]
        charts = _dose_chart(
            f"{NAME}-asked", "Where the prompt asks for the effect", [f for f in doses if _dose(f, "anti")]
        )
        plain = [f for f in doses if _dose(f, "original")]
        charts += _dose_chart(f"{NAME}-plain", "Where nobody asks for it", plain)
        credit = [f for f in findings if f.metric == "request_credit" and _is_pooled_slope(f)]
        charts += interval_chart(
            f"{NAME}-credit",
            "What the request wins back",
            "standard deviations of the scorer for a full step of strength",
            credit,
            lambda f: f.scorer or "",
            lambda f: f.scorer or "",
            lines=((0.0, "the request changes nothing"),),
        )
        for dimension in sorted({f.group["dimension"] for f in doses if "dimension" in f.group}):
            mine = [f for f in doses if f.group.get("dimension") == dimension]
            charts += _dose_chart(f"{NAME}-{dimension.replace(' ', '-')}", f"Asked for: low {dimension}", mine)
        return charts


def _with_groups(table: pl.DataFrame) -> pl.DataFrame:
    """Adds photo, effect, strength (number) and dimension; pairs that lack one of the first three are left out."""
    groups = [json.loads(text) for text in table["groups"]]
    return table.with_columns(
        pl.Series("photo", [g.get("photo") for g in groups], dtype=pl.String),
        pl.Series("effect", [g.get("effect") for g in groups], dtype=pl.String),
        pl.Series("strength", [g.get("strength") for g in groups], dtype=pl.String).cast(pl.Float64, strict=False),
        pl.col("dimensions").list.first().alias("dimension"),
    ).drop_nulls(["photo", "effect", "strength"])


def _of_scorer(where: Address, table: pl.DataFrame) -> list[Finding]:
    points = _points(table)
    deviation = _clean_deviation(table)
    source = source_note(str(table["source"][0]))
    findings = _slopes(where, points, deviation, source)
    for effect in points["effect"].unique().sort():
        findings += _slopes(where.at(effect=effect), points.filter(pl.col("effect") == effect), deviation, source)
    if deviation is None:
        return findings
    for prompt in ("anti", "original"):
        findings += _doses(where.at(prompt=prompt, unit="sd"), points, prompt, deviation)
    for dimension in points["dimension"].drop_nulls().unique().sort():
        mine = points.filter(pl.col("dimension") == dimension)
        findings += _doses(where.at(prompt="anti", unit="sd", dimension=dimension), mine, "anti", deviation)
    return findings


def _points(table: pl.DataFrame) -> pl.DataFrame:
    """One row for each (photo, effect, strength), strength 0 included: the score under either prompt, and credit.

    The clean photograph is the original image of every pair of its effect: one point, whatever the strengths.
    """
    columns = ("photo", "effect", "dimension")
    treated = table.select(*columns, "strength", anti="aa", original="ao")
    clean = table.group_by(columns, maintain_order=True).agg(
        pl.lit(0.0).alias("strength"), pl.col("oa").mean().alias("anti"), pl.col("oo").mean().alias("original")
    )
    points = pl.concat([clean.select(treated.columns), treated])
    return points.with_columns((pl.col("anti") - pl.col("original")).alias("credit")).sort(
        "photo", "effect", "strength"
    )


def _clean_deviation(table: pl.DataFrame) -> float | None:
    """Standard deviation of r(Io, po) over the photographs, or None where it is not above zero."""
    clean = table.group_by("photo").agg(pl.col("oo").mean()).drop_nulls().sort("photo")["oo"].to_numpy()
    if len(clean) < 2 or np.all(clean == clean[0]):
        return None
    return float(np.std(clean, ddof=1))


def _slopes(where: Address, points: pl.DataFrame, deviation: float | None, source: str) -> list[Finding]:
    findings = []
    for column, kind in OUTCOMES.items():
        estimate, test, photos, asked = _slope(points, column)
        at = where if kind == "request_credit" else where.at(prompt=kind)
        metric = "request_credit" if kind == "request_credit" else "slope"
        few = f"{photos} photographs" + (": so few clusters make the interval approximate" if photos < FEW else "")
        for unit, scale in (("raw", 1.0), ("sd", deviation)):
            if scale is not None:
                scaled = _scaled(estimate, 1.0 / scale)
                findings.append(state(at.at(unit=unit), metric, scaled, asked=asked, test=test, notes=[few, source]))
    return findings


def _slope(points: pl.DataFrame, column: str) -> tuple[Estimate, HypothesisTest, int, int]:
    """Slope of a column on strength within (photo, effect); its test, the photographs used, the stimuli owed.

    The estimate's n counts stimuli: pictures with an effect.
    """
    cell = ("photo", "effect")
    known = points.drop_nulls(column).filter(pl.len().over(cell) > 1)
    stimuli, owed = int((known["strength"] > 0).sum()), int((points["strength"] > 0).sum())
    if known.is_empty():
        nothing = Estimate.undefined("no photograph has scores at two strengths", 0)
        return nothing, HypothesisTest("sign flip", None, None, 0), 0, owed
    centred = known.select(
        "photo",
        (pl.col("strength") - pl.col("strength").mean().over(cell)).alias("dose"),
        (pl.col(column) - pl.col(column).mean().over(cell)).alias("response"),
    )
    dose, response = centred["dose"].to_numpy(), centred["response"].to_numpy()
    draws = SharedDraws(centred["photo"].to_numpy().astype(np.str_))
    slope = bootstrap_slope(dose, response, draws=draws)
    spread, together = draws.sums(np.column_stack([dose * dose, dose * response])).T
    test = sign_flip_test(together / spread, draws=DRAWS, seed=SEED)
    return dataclasses.replace(slope, n=stimuli), test, draws.clusters, owed


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    def times(value: float | None) -> float | None:
        return None if value is None else value * factor

    return dataclasses.replace(
        estimate, value=times(estimate.value), low=times(estimate.low), high=times(estimate.high)
    )


def _doses(where: Address, points: pl.DataFrame, column: str, deviation: float) -> list[Finding]:
    """Mean change from the clean photograph at each strength, in standard deviations; n counts (photo, effect)."""
    clean = points.filter(pl.col("strength") == 0).select("photo", "effect", pl.col(column).alias("clean"))
    treated = points.filter(pl.col("strength") > 0).join(clean, on=("photo", "effect"))
    change = treated.with_columns(((pl.col(column) - pl.col("clean")) / deviation).alias("change"))
    strengths = change["strength"].unique().sort().to_list()
    wide = change.pivot(on="strength", index=["photo", "effect"], values="change", sort_columns=True).sort(
        "photo", "effect"
    )
    values: NDArray[np.float64] = wide.drop("photo", "effect").cast(pl.Float64).to_numpy()
    there = ~np.isnan(values)
    draws = SharedDraws(wide["photo"].to_numpy().astype(np.str_))
    estimates = cluster_bootstrap(draws, weighted_mean(draws, np.where(there, values, 0.0), there))
    owed = dict(change.group_by("strength").len().iter_rows())
    return [
        state(where.at(strength=f"{strength:g}"), "shift", estimate, asked=owed[strength])
        for strength, estimate in zip(strengths, estimates, strict=True)
    ]


def _at_full_strength(evidence: Evidence) -> list[Finding]:
    """Accuracy of every scorer, pooled and by effect, and requests delivered, where effects are strongest."""
    items = _with_groups(evidence.items.filter(pl.col("generator") == STIMULI))
    if items.is_empty():
        return []
    strongest = items.filter(pl.col("strength") == pl.col("strength").max())
    strength = f"{strongest['strength'][0]:g}"
    contrasts = evidence.contrasts().join(strongest.select("item", "effect"), on="item", how="inner")
    findings: list[Finding] = []
    for where, part in by_scorer(contrasts, Address(NAME, group={"strength": strength})):
        findings += contrast_findings(where, part, ("accuracy",))
        for effect in part["effect"].unique().sort():
            findings += contrast_findings(
                where.at(effect=effect), part.filter(pl.col("effect") == effect), ("accuracy",)
            )
    return [*findings, *delivery(Address(NAME, group={"strength": strength}), evidence, strongest)]


def _is_pooled_slope(finding: Finding) -> bool:
    pooled = "effect" not in finding.group and "source" not in finding.group
    return finding.metric in {"slope", "request_credit"} and pooled and finding.group.get("unit") == "sd"


def _dose(finding: Finding, prompt: str) -> bool:
    return finding.group.get("prompt") == prompt and "dimension" not in finding.group


def _dose_chart(name: str, title: str, findings: Sequence[Finding]) -> list[Chart]:
    lines: dict[str, list[Finding]] = {}
    for f in findings:
        if f.estimate is not None and "source" not in f.group:
            lines.setdefault(f.scorer or "", []).append(f)
    chosen = sorted(lines, key=lambda s: (_RANK[scorer_kind(s)], -_reach(lines[s]), s))[:MOST_LINES]
    marks = tuple(m for scorer in chosen for m in _line(scorer, lines[scorer]))
    left = len(lines) - len(chosen)
    note = f"{left} further scorers stand in the table" if left else ""
    axis = "change of score, in standard deviations over clean photographs"
    chart = Chart(name, "dose", title, axis, marks, NO_CHANGE, "strength of the effect", note)
    return [chart] if marks else []


_RANK = {"model": 0, "control": 1, "instrument": 2}


def _reach(findings: Sequence[Finding]) -> float:
    return max(abs(f.estimate or 0.0) for f in findings)


def _line(scorer: str, findings: Sequence[Finding]) -> Iterator[Mark]:
    first = mark(findings[0], scorer, scorer, x=0.0)
    yield dataclasses.replace(first, estimate=0.0, low=0.0, high=0.0)
    for f in sorted(findings, key=lambda f: float(f.group["strength"])):
        yield mark(f, scorer, scorer, x=float(f.group["strength"]))


def _sentence(asked: Finding, plain: Finding | None, credit: Finding | None) -> str:
    change = number(asked.estimate or 0.0, asked.low, asked.high, signed=True)
    text = (
        f"From no effect to full strength, {scorer_name(asked.scorer or '')} changes by {change} standard deviations "
        f"where the prompt asks for the effect ({interval(asked)}, {asked.n:,} pictures)"
    )
    if plain is not None and plain.estimate is not None:
        text += f", and by {number(plain.estimate, plain.low, plain.high, signed=True)} where it does not"
    if credit is not None and credit.estimate is not None:
        if credit.low == credit.high == 0:
            text += "; the request changes nothing"
        elif max(abs(credit.low or 0.0), abs(credit.high or 0.0), abs(credit.estimate)) < NOTHING:
            text += f"; the request changes less than {NOTHING:g}"
        else:
            worth = number(credit.estimate, credit.low, credit.high, signed=True)
            text += f"; the request is worth {worth} ({interval(credit)})"
    return f"{text}."


STUDY = Probe()
