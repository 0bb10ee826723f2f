"""Is it the look that was asked for, or only the wording and the length of the prompt?

An open check of the paper's reviewers (arXiv 2512.11883). An anti prompt is longer than its caption and written in a
certain manner; a score that falls with either would pass for one that minds the aesthetics. So the same captions and
the same dimensions are asked for in several wordings, and once with a *neutral* wording: the caption made as long by
sentences that ask for nothing. Pairs carry their wording as the group ``wording``.

    shift          r(Ia, po) − r(Io, po): what a generator's score loses when it draws the longer prompt
    prompt shift   r(Io, pa) − r(Io, po): what the same plain picture loses under the longer prompt
    … between      the same minus what it is under another wording, caption by caption: a difference in differences
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence

import polars as pl

from fauve.records import Finding
from fauve.studies.contrasting import ONE_CLASS_METRICS, by_scorer, contrast_findings
from fauve.studies.evidence import NEUTRAL, STIMULI, Evidence
from fauve.studies.paired import mean_finding, with_draw
from fauve.studies.prompt_complexity_words import charts, sentences
from fauve.studies.protocol import Chart
from fauve.studies.stating import Address, corrected, source_note

__all__ = ["STUDY"]

NAME = "prompt_complexity"

FIRST = "written"
"""The wording that others are compared with, where it is there; else the first by name."""

KEY = ["generator", "cluster", "draw"]
"""What pairs of several wordings share: then they have the same plain picture."""

CHANGES = {"shift": "shift", "prompt_shift": "prompt_shift"}
"""Column → metric of what is stated under every wording, the neutral one included."""


class PromptComplexity:
    """The same requests in several wordings, and prompts as long that ask for nothing."""

    name = NAME
    title = "The look, the wording, the length"
    question = "Do scores fall because of the look that was asked for, or because prompts are long and oddly worded?"
    method = (
        "Pairs whose group “wording” says how the anti prompt was worded. Under every wording the shift r(anti image, "
        "original prompt) − r(original image, original prompt), the prompt shift r(original image, anti prompt) − "
        "r(original image, original prompt), accuracy and margin under the anti prompt. Between two wordings the "
        "difference of each, paired on caption, generator and draw; against the neutral wording, which is as long and "
        "asks for nothing, that is what is left of the change once length is taken away. Bootstrap by caption, "
        "Wilcoxon's signed-rank test over captions, Holm's correction over scorers, generators and wordings."
    )
    source = "an open check of the review of arXiv 2512.11883; new in Fauve"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """By wording: length, shift, prompt shift, accuracy, margin; between wordings the paired differences."""
        grid = _worded(evidence.pair_grid(kinds=("pair", NEUTRAL)))
        wordings = _ordered(grid["wording"].unique().to_list())
        if len(wordings) < 2:
            return []
        findings = list(_lengths(evidence, wordings))
        grid = grid.with_columns(
            (pl.col("ao") - pl.col("oo")).alias("shift"),
            (pl.col("oa") - pl.col("oo")).alias("prompt_shift"),
            (pl.col("tried_original") | pl.col("tried_anti")).alias("tried"),
        )
        for where, table in by_scorer(grid, Address(NAME)):
            for at, part in _by_generator(where, table):
                findings += _changes(at, part, wordings)
        contrasts = _worded(evidence.contrasts().filter(pl.col("kind") == "pair"))
        for where, table in by_scorer(contrasts, Address(NAME)):
            for at, part in _by_generator(where, table):
                findings += _choices(at, part, wordings)
        return corrected(findings)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """What is left once length is taken away, then what the wording changes, then how long prompts are."""
        return sentences(findings)

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """For every model the shift by wording, beyond length, and accuracy by wording."""
        return charts(NAME, findings)


def _worded(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of generators whose group says how they were worded, with ``wording`` and ``draw``."""
    wordings = [json.loads(text).get("wording") for text in table["groups"]]
    named = table.with_columns(pl.Series("wording", wordings, dtype=pl.String)).drop_nulls("wording")
    return with_draw(named.filter(pl.col("generator") != STIMULI))


def _ordered(wordings: Sequence[str]) -> list[str]:
    """The one that others are compared with first, the neutral one last."""
    return sorted(wordings, key=lambda name: (name == NEUTRAL, name != FIRST, name))


def _between(wordings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every wording against the neutral one; every other one against the first."""
    asking = [name for name in wordings if name != NEUTRAL]
    if NEUTRAL in wordings:
        yield from ((name, NEUTRAL) for name in asking)
    yield from ((name, asking[0]) for name in asking[1:])


def _by_generator(where: Address, table: pl.DataFrame) -> Iterator[tuple[Address, pl.DataFrame]]:
    """All generators pooled (where there are several), then each; only those that were tried."""
    tried = table.filter(pl.col("tried").any().over("generator"))
    names = tried["generator"].unique().sort().to_list()
    if len(names) > 1:
        yield where, tried
    for name in names:
        yield dataclasses.replace(where, generator=name), tried.filter(pl.col("generator") == name)


def _lengths(evidence: Evidence, wordings: Sequence[str]) -> Iterator[Finding]:
    """Words of the distinct prompts of every wording, and of the captions that they come from."""
    items = _worded(evidence.items.filter(pl.col("kind").is_in(["pair", NEUTRAL])))
    texts = items.select("wording", "cluster", pl.col("request").alias("prompt")).unique()
    captions = items.select("cluster", pl.col("cluster").alias("prompt")).unique()
    parts = [(name, texts.filter(pl.col("wording") == name)) for name in wordings]
    for name, part in [*parts, ("caption", captions)]:
        counted = part.join(evidence.lengths, on="prompt", how="inner")
        if len(counted):
            yield mean_finding(Address(NAME).at(wording=name), "words", counted, "words", test=False)


def _changes(where: Address, table: pl.DataFrame, wordings: Sequence[str]) -> Iterator[Finding]:
    note = source_note(str(table["source"][0]))
    for column, metric in CHANGES.items():
        for name in wordings:
            part = table.filter(pl.col("wording") == name)
            if part["tried"].any() and part[column].is_not_null().any():
                yield mean_finding(where.at(wording=name), metric, part, column, notes=[note], clusters="captions")
        yield from _differences(where, table, wordings, column, f"{metric}_between", note)


def _choices(where: Address, table: pl.DataFrame, wordings: Sequence[str]) -> Iterator[Finding]:
    asking = [name for name in wordings if name != NEUTRAL]
    for name in asking:
        part = table.filter(pl.col("wording") == name)
        if part["tried"].any():
            yield from contrast_findings(where.at(wording=name), part, ONE_CLASS_METRICS)
    margin = (pl.col("faithful") - pl.col("default")).alias("margin")
    asked = table.filter(~pl.col("tie")).with_columns(margin)
    asked = asked.with_columns((pl.col("margin") > 0).cast(pl.Float64).alias("right"))
    note = source_note(str(table["source"][0]))
    for column, metric in (("right", "accuracy_between"), ("margin", "margin_between")):
        yield from _differences(where, asked, asking, column, metric, note)


def _differences(
    where: Address, table: pl.DataFrame, wordings: Sequence[str], column: str, metric: str, note: str
) -> Iterator[Finding]:
    """A column under one wording minus the same under another, on the captions that were asked for in both."""
    for name, other in _between(wordings):
        first, second = (_level(table, wording, column) for wording in (name, other))
        both = first.join(second, on=KEY, how="inner", suffix="_other")
        both = both.with_columns((pl.col(column) - pl.col(f"{column}_other")).alias("difference"))
        if both["difference"].is_null().all():
            continue
        at = where.at(wording=name, against=other)
        yield mean_finding(at, metric, both, "difference", notes=[note], clusters="captions")


def _level(table: pl.DataFrame, wording: str, column: str) -> pl.DataFrame:
    """The mean of a column for each caption, generator and draw; null where any of its pairs has no value."""
    part = table.filter(pl.col("wording") == wording)
    complete = pl.when(pl.col(column).is_not_null().all()).then(pl.col(column).mean())
    return part.group_by(KEY).agg(complete.alias(column)).sort(KEY)


STUDY = PromptComplexity()
