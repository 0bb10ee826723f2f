"""Can a generator show a face that is not happy?

Source: arXiv 2512.11883, Table 9. A generator draws the same template once for every emotion, from the same noise; a
matcher scores the face that a finder cut out against a sentence with the emotion. Where no finder ran, it scores the
whole picture, and the finding says so: then the scene counts as well as the face. Each emotion also stands against
happiness in the same template. Scores under different sentences start at different levels, so the comparison within a
family, under one sentence, is the one that bears weight.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import polars as pl

from fauve.naming import generator_name, scorer_name
from fauve.records import Finding, Published
from fauve.studies.charting import NO_CHANGE, interval_chart
from fauve.studies.contrasting import by_scorer
from fauve.studies.evidence import Evidence
from fauve.studies.families import Variant, kin
from fauve.studies.matchers import of_matchers
from fauve.studies.paired import mean_finding, share_finding
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.stating import Address, corrected, source_note
from fauve.studies.surest import surest
from fauve.studies.wording import count, interval, number, range_percent
from fauve.vocabulary import EMOTIONS

__all__ = ["STUDY"]

NAME = "emotion_generation"

HAPPY = "happiness"
NEGATIVE = "every negative one"
"""What stands for the negative emotions together."""

WHOLE = "whole picture"
"""What is scored where nobody looked for a face."""

SAME = ("template", "draw")

PUBLISHED_SENTENCE = "published figures: under the sentence “The face shows [emotion] expression”"

MOST_SENTENCES = 4


class EmotionGeneration:
    """A matcher's score of the face under the sentence of the emotion that was asked for."""

    name = NAME
    title = "Faces that were asked for"
    question = "When a prompt asks for anger, fear or sadness, does the face that a generator draws show it?"
    method = (
        "Score of the face under the sentence of its emotion, the mean over templates by generator and emotion; of "
        "the whole picture where no face was looked for. Sentences and charts speak of image-text matchers; the "
        "tables hold every scorer. Portraits without a picture or without a face are missing. "
        "Against happiness and against the base model, portraits are paired on template and draw. Bootstrap by "
        "template, Wilcoxon's signed-rank test over templates, Holm's correction."
    )
    source = "arXiv 2512.11883, Table 9"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Mean by generator and emotion; against happiness; within families; faces found."""
        items = evidence.portrait_items()
        if items.is_empty():
            return []
        # What intervals resample is the template: its emotions share a scene and their noise.
        table = evidence.portraits().with_columns(pl.col("template").alias("cluster"))
        findings: list[Finding] = []
        for where, scored in by_scorer(table, Address(NAME)):
            note = source_note(str(scored["source"][0]))
            for (of,), part in scored.sort("of").group_by("of", maintain_order=True):
                at = where.at(of=str(of))
                findings += _levels(at, part, note)
                findings += _against_happy(at, part, note)
                for variant in kin(part["generator"].unique()):
                    findings += _within_family(at, part, variant, note)
        looked = items.filter(pl.col("of") == "face").with_columns(pl.col("template").alias("cluster"))
        return corrected([*findings, *_found(looked)])

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Families first, then every emotion against happiness, then the level by generator, then faces not found."""
        scored = of_matchers(findings)
        family = [f for f in scored if f.metric == "difference" and f.group["emotion"] == NEGATIVE]
        happy = [f for f in scored if f.metric == "against_happy" and f.group["emotion"] == NEGATIVE]
        level = [f for f in scored if f.metric == "mean" and f.group["emotion"] == NEGATIVE]
        said = [_family_sentence(f) for f in surest(family)[:MOST_SENTENCES]]
        said += [_happy_sentence(f) for f in surest(happy)[:MOST_SENTENCES]]
        said += [_level_sentence(f) for f in surest(level)[:MOST_SENTENCES]]
        if any(f.group.get("of") == WHOLE for f in scored):
            said.append("No face was looked for in some portraits: there the whole picture was scored, scene and all.")
        gaps = [f for f in findings if f.metric == "faces_found" and f.estimate is not None and f.estimate < 1]
        gaps = [f for f in gaps if "emotion" not in f.group]
        return said + [
            f"A face was found in {count(f)} portraits by {generator_name(f.generator or '')} ({range_percent(f)})."
            for f in sorted(gaps, key=lambda f: (f.estimate, f.generator or ""))[:MOST_SENTENCES]
        ]

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """For every matcher the level by generator and emotion; the negative emotions against the base."""
        charts: list[Chart] = []
        scored = of_matchers([f for f in findings if "source" not in f.group])
        for scorer in sorted({f.scorer or "" for f in scored}):
            for of in sorted({f.group["of"] for f in scored}):
                mine = [f for f in scored if f.scorer == scorer and f.group["of"] == of]
                charts += _charts(scorer, of, mine)
        return charts


def _notes(of: str, note: str) -> list[str]:
    return ["the whole picture was scored: no face was looked for" if of == WHOLE else "", note]


def _of_emotion(table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each emotion in the order of the vocabulary, then of every negative one."""
    there = table["emotion"].drop_nulls().unique().to_list()
    known = [name for name in EMOTIONS if name in there]
    for emotion in [*known, *sorted(set(there) - set(known))]:
        yield emotion, table.filter(pl.col("emotion") == emotion)
    negative = [name for name in known if EMOTIONS[name].negative]
    if negative:
        yield NEGATIVE, table.filter(pl.col("emotion").is_in(negative))


def _by_generator(table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for (generator,), part in table.sort("generator").group_by("generator", maintain_order=True):
        if part["tried"].any():
            yield str(generator), part


def _levels(where: Address, table: pl.DataFrame, note: str) -> Iterator[Finding]:
    of = where.group["of"]
    for generator, own in _by_generator(table):
        for emotion, part in _of_emotion(own):
            at = _at(where, generator, emotion)
            beside = _published(at, emotion) if of == "face" else None
            told = [*_notes(of, note), _gaps(part, of), PUBLISHED_SENTENCE if beside else ""]
            yield mean_finding(
                at, "mean", part, "value", test=False, published=beside, notes=told, clusters="templates"
            )


def _against_happy(where: Address, table: pl.DataFrame, note: str) -> Iterator[Finding]:
    for generator, own in _by_generator(table):
        happy = own.filter(pl.col("emotion") == HAPPY).group_by(SAME).agg(pl.col("value").mean().alias("happy"))
        if happy.is_empty():
            continue
        both = own.filter(pl.col("emotion") != HAPPY).join(happy, on=SAME, how="left")
        for emotion, part in _of_emotion(both.with_columns((pl.col("value") - pl.col("happy")).alias("difference"))):
            told = _notes(where.group["of"], note)
            yield mean_finding(
                _at(where, generator, emotion), "against_happy", part, "difference", notes=told, clusters="templates"
            )


def _within_family(where: Address, table: pl.DataFrame, variant: Variant, note: str) -> Iterator[Finding]:
    on = [*SAME, "emotion"]
    base = table.filter(pl.col("generator") == variant.base)
    level = base.group_by(on).agg(pl.col("value").mean().alias("base_value"))
    own = table.filter(pl.col("generator") == variant.name).join(level, on=on, how="left")
    told = [
        variant.remark,
        "a control: not tuned on taste" if variant.control else "",
        *_notes(where.group["of"], note),
    ]
    for emotion, part in _of_emotion(own.with_columns((pl.col("value") - pl.col("base_value")).alias("difference"))):
        if part["difference"].is_null().all():
            continue
        at = _at(where, variant.name, emotion).at(base=variant.base)
        first, second = (
            _published(dataclasses.replace(at, generator=name), emotion) for name in (variant.base, variant.name)
        )
        beside = None
        if first and second and where.group["of"] == "face":
            beside = Published(round(second.value - first.value, 6), f"difference of two rows of {second.source}")
        yield mean_finding(at, "difference", part, "difference", published=beside, notes=told, clusters="templates")


def _found(items: pl.DataFrame) -> Iterator[Finding]:
    """Share of the portraits with a picture in which a face was found, pooled and by emotion."""
    has = pl.col("slots").list.contains("picture")
    table = items.with_columns(pl.when(has).then("seen").alias("found"))
    for (generator,), own in table.sort("generator").group_by("generator", maintain_order=True):
        finders = f"finder: {', '.join(own['finder'].unique().sort())}"
        at = Address(NAME, generator=str(generator))
        yield share_finding(at, "faces_found", own, "found", notes=[finders], clusters="templates")
        for emotion, part in _of_emotion(own):
            if emotion != NEGATIVE:
                yield share_finding(
                    at.at(emotion=emotion), "faces_found", part, "found", notes=[finders], clusters="templates"
                )


def _at(where: Address, generator: str, emotion: str) -> Address:
    return dataclasses.replace(where, generator=generator).at(emotion=emotion)


def _published(where: Address, emotion: str) -> Published | None:
    return published(NAME, "mean", where.scorer, where.generator, {"emotion": emotion})


def _gaps(part: pl.DataFrame, of: str) -> str:
    """Why values are missing that no scorer could have given."""
    blank = int((~part["slots"].list.contains("picture")).sum())
    faceless = int((~part["seen"]).sum()) - blank if of == "face" else 0
    gaps = (("no picture", blank), ("no face found", faceless))
    return "; ".join(f"{what}: {gone} of {len(part)} portraits" for what, gone in gaps if gone)


def _charts(scorer: str, of: str, findings: Sequence[Finding]) -> list[Chart]:
    stem = f"{NAME}-{scorer.replace(':', '-')}-{of.replace(' ', '-')}"
    shown, seen = scorer_name(scorer), "the face" if of == "face" else "the whole picture"
    levels = [f for f in findings if f.metric == "mean"]
    charts: list[Chart] = []
    for emotion in [*EMOTIONS, NEGATIVE]:
        charts += interval_chart(
            f"{stem}-{emotion.replace(' ', '-')}",
            f"{shown}: {_asked(emotion)}, {seen}",
            f"score of {shown} under the sentence of the emotion",
            [f for f in levels if f.group["emotion"] == emotion],
            lambda f: f.generator or "",
            lambda f: f.generator or "",
        )
    charts += interval_chart(
        f"{stem}-family",
        f"{shown}: against the base model, {seen}",
        f"difference of {shown}",
        [f for f in findings if f.metric == "difference"],
        lambda f: f"{generator_name(f.generator or '')}, {f.group['emotion']}",
        lambda f: f.generator or "",
        lines=NO_CHANGE,
    )
    return charts


def _asked(emotion: str) -> str:
    return "negative emotions together" if emotion == NEGATIVE else emotion


def _seen(finding: Finding) -> str:
    return "the whole picture" if finding.group["of"] == WHOLE else "the face"


def _family_sentence(f: Finding) -> str:
    change = number(f.estimate or 0.0, f.low, f.high, signed=True)
    return (
        f"Where anger, fear or sadness was asked for, the score of {scorer_name(f.scorer or '')} for {_seen(f)} by "
        f"{generator_name(f.generator or '')} differs by {change} from that by its base "
        f"{generator_name(f.group['base'])} ({interval(f)}, {f.n:,} portraits)."
    )


def _happy_sentence(f: Finding) -> str:
    change = number(f.estimate or 0.0, f.low, f.high, signed=True)
    return (
        f"Where a negative emotion was asked for, the score of {scorer_name(f.scorer or '')} for {_seen(f)} by "
        f"{generator_name(f.generator or '')} differs by {change} from that for happiness in the same template "
        f"({interval(f)}, {f.n:,} portraits)."
    )


def _level_sentence(f: Finding) -> str:
    level = number(f.estimate or 0.0, f.low, f.high)
    return (
        f"Where a negative emotion was asked for, {scorer_name(f.scorer or '')} gives {_seen(f)} by "
        f"{generator_name(f.generator or '')} {level} on average ({interval(f)}, {f.n:,} portraits)."
    )


STUDY = EmotionGeneration()
