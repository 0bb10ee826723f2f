"""Do reward models choose the picture that was asked for?

Source: arXiv 2512.11883, Table 1. Of the two pictures of a pair, the original and the anti image, which one fits the
anti prompt? The truth is the selection on file (ties set aside); where none is on file, the anti image counts as
faithful and the findings say so. A scorer chooses the picture that it scores higher under the anti prompt.

The oracle that stimuli carry knows the truth: 1 is the ceiling. For pairs with a selection no such row is shown, as a
scorer that copies the selection is right by definition. Chance is 0.5 and is drawn as a line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import polars as pl

from fauve.naming import scorer_kind, scorer_name
from fauve.records import Finding, Published
from fauve.studies.charting import CHANCE, interval_chart
from fauve.studies.contrasting import ALL_METRICS, NO_SELECTION, ONE_CLASS_METRICS, by_scorer, contrast_findings
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.preference import against_preference, preference_chart, preference_sentences
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.stating import Address, corrected
from fauve.studies.wording import count, leading, range_percent, where_from

__all__ = ["STUDY"]

NAME = "reward_classification"

AXIS = "share of pairs in which the picture that was asked for scored higher"

MOST_SENTENCES = 5

MOST_BY_DIMENSION = 9
"""Scorers that have a chart of their own by dimension."""


class RewardClassification:
    """Accuracy of scorers at choosing the faithful image of a pair."""

    name = NAME
    title = "Choosing the picture that was asked for"
    question = "Given a prompt that asks for an unconventional picture, does a scorer prefer the picture that has it?"
    method = (
        "Both pictures of a pair are scored under the anti prompt; the truth is the selection on file, ties set "
        "aside. Accuracy (an equal score is no right choice), balanced accuracy over the two classes of truth, F1 "
        "weighted by class, AUROC on the two-way softmax, mean margin. Intervals: bootstrap by original prompt, "
        "Wilson's for the accuracy where every pair has its own prompt. Sign test and Wilcoxon signed-rank over "
        "prompts, Holm's correction over scorers. Generators are pooled among themselves and never with stimuli. A "
        "pair counts for every dimension that it asks for. Over scorers, the correlation of the accuracy with the "
        "published accuracy on human preferences, with its exact permutation test."
    )
    source = "arXiv 2512.11883, Table 1"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """By scorer and generator, pooled over generators, by dimension; and against preference accuracy."""
        pairs = evidence.contrasts().filter(pl.col("kind") == "pair")
        findings: list[Finding] = []
        for at, part in by_scorer(pairs, Address(NAME)):
            for generator, table, widest in _populations(part):
                where = dataclasses.replace(at, generator=generator)
                findings += contrast_findings(where, table, ALL_METRICS, _lookup)
                if widest:
                    findings += _by_dimension(where, table)
        return corrected([*findings, *_against_preference(findings)])

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The scorer that overrules the prompt most often first; then what limits the claim."""
        accuracy = _main_accuracy(findings)
        said = [
            f"{scorer_name(f.scorer or '')} chose the picture that was asked for in {count(f)} pairs{where_from(f)} "
            f"({range_percent(f)})."
            for f in leading(accuracy)[:MOST_SENTENCES]
        ]
        if any(NO_SELECTION in (f.note or "") for f in accuracy):
            said.append(
                "No independent selection is on file for these pairs: the anti image counts as the faithful one, "
                "whether or not it delivers what was asked."
            )
        return [*said, *_worst_dimension(findings, accuracy), *preference_sentences(findings)]

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Accuracy by scorer, by generator for every model, and by dimension for the scorer of the headline."""
        main = _main_accuracy(findings, sources=True)
        title = "How often each scorer chose the picture that was asked for"
        charts = interval_chart(
            f"{NAME}-accuracy", title, AXIS, main, _scorer_row, lambda f: f.scorer or "", lines=CHANCE
        )
        charts += preference_chart(NAME, _main_accuracy(findings))
        for worst in leading(main)[:1]:
            name = scorer_name(worst.scorer or "")
            mine = [f for f in findings if f.metric == "accuracy" and f.scorer == worst.scorer]
            generators = [f for f in mine if not f.group and f.generator not in (None, STIMULI)]
            if len(generators) > 1:
                charts += interval_chart(
                    f"{NAME}-generators",
                    f"{name} by generator",
                    AXIS,
                    generators,
                    _generator,
                    _generator,
                    lines=CHANCE,
                )
        return charts + _dimension_charts(findings, leading(main))


def _dimension_charts(findings: Sequence[Finding], ranked: Sequence[Finding]) -> list[Chart]:
    """Accuracy by what was asked for, a chart for each scorer, the one of the headline first."""
    charts: list[Chart] = []
    for place, widest in enumerate(ranked[:MOST_BY_DIMENSION]):
        inside = [
            f
            for f in findings
            if f.metric == "accuracy"
            and (f.scorer, f.generator) == (widest.scorer, widest.generator)
            and set(f.group) == {"dimension"}
        ]
        scorer = widest.scorer or ""
        charts += interval_chart(
            f"{NAME}-dimensions{f'-{scorer}'.replace(':', '-') if place else ''}",
            f"{scorer_name(scorer)} by what was asked for",
            AXIS,
            inside,
            lambda f: f.group["dimension"],
            lambda f: f.scorer or "",
            lines=CHANCE,
        )
    return charts


def _populations(table: pl.DataFrame) -> Iterator[tuple[str | None, pl.DataFrame, bool]]:
    """What one scorer was tried on: real generators pooled (None, where there are several), each one, stimuli apart.

    The last value marks the widest population of its kind, which is cut by dimension.
    """
    tried = table.filter(pl.col("tried").any().over("generator"))
    real = tried.filter(pl.col("generator") != STIMULI)
    names = real["generator"].unique().sort().to_list()
    if len(names) > 1:
        yield None, real, True
    for name in names:
        yield name, real.filter(pl.col("generator") == name), len(names) == 1
    stimuli = tried.filter(pl.col("generator") == STIMULI)
    if len(stimuli):
        yield STIMULI, stimuli, True


def _by_dimension(where: Address, table: pl.DataFrame) -> list[Finding]:
    findings: list[Finding] = []
    each = table.explode("dimensions").drop_nulls("dimensions")
    for name in each["dimensions"].unique().sort():
        part = each.filter(pl.col("dimensions") == name)
        if part["tried"].any():
            findings += contrast_findings(where.at(dimension=name), part, ONE_CLASS_METRICS)
    return findings


def _lookup(metric: str, where: Address) -> Published | None:
    # Published over all generators: it stands beside pooled findings only.
    return published(NAME, metric, where.scorer, group=where.group) if where.generator is None else None


def _against_preference(findings: Sequence[Finding]) -> list[Finding]:
    """Against accuracy on human preferences, pooled over real generators."""
    accuracy = _main_accuracy(findings)
    if not accuracy or accuracy[0].generator == STIMULI:
        return []
    return against_preference(Address(NAME, generator=accuracy[0].generator), accuracy)


def _main_accuracy(findings: Sequence[Finding], *, sources: bool = False) -> list[Finding]:
    """Accuracy of every scorer over one population, so that scorers can be compared.

    It is the one that most models were tried on: generators pooled if that ties, stimuli only where there is nothing
    else. With ``sources`` imported scores stand beside computed ones.
    """
    allowed = {"source"} if sources else set()
    by_population: dict[str | None, list[Finding]] = {}
    for f in findings:
        if f.metric == "accuracy" and not set(f.group) - allowed:
            by_population.setdefault(f.generator, []).append(f)

    def width(generator: str | None) -> tuple[bool, int, bool, int, str]:
        mine = by_population[generator]
        models = {f.scorer for f in mine if scorer_kind(f.scorer or "") == "model"}
        return (generator != STIMULI, len(models), generator is None, max(f.n for f in mine), generator or "")

    return by_population[max(by_population, key=width)] if by_population else []


def _worst_dimension(findings: Sequence[Finding], accuracy: Sequence[Finding]) -> list[str]:
    for worst in leading(accuracy)[:1]:
        inside = [
            f
            for f in findings
            if f.metric == "accuracy"
            and f.scorer == worst.scorer
            and f.generator == worst.generator
            and set(f.group) == {"dimension"}
            and f.estimate is not None
        ]
        if len(inside) > 1:
            low = min(inside, key=lambda f: (f.estimate or 0.0, f.group["dimension"]))
            return [
                f"Where {low.group['dimension']} was asked for, {scorer_name(low.scorer or '')} chose right least "
                f"often: in {count(low)} ({range_percent(low)})."
            ]
    return []


def _scorer_row(finding: Finding) -> str:
    name = finding.scorer or ""
    return f"{scorer_name(name)}, {finding.group['source']}" if "source" in finding.group else name


def _generator(finding: Finding) -> str:
    return finding.generator or ""


STUDY = RewardClassification()
