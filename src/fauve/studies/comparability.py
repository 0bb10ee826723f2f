"""What comes of holding a number against the published one: agrees, differs, or not comparable, and because of what.

**Not comparable** comes first. A published figure speaks of certain pictures, so ours is held against it only where it
was measured over those: the published set (known by the credit of its pictures, or by the set of prompts that they
answer), as many items, the same people's or model's choice as truth, the sampling of the paper where pictures were
made here, and no stand-in (stimuli, the lab's made-up world, random weights). Every reason that applies is named.

**Agrees** then means one of three, and the reason says which: ours is equal to the published value in every digit
published; or the published value lies in our 95 % interval; or the two intervals overlap, where one follows for the
published value: from its number of trials for a share (Wilson), from the standard deviation published beside it for a
mean. **Differs** is everything else that has an interval.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import polars as pl

from fauve.naming import DEFAULT_PRESET, is_untrained, split_marks
from fauve.numbers import decimals_for, fixed
from fauve.records import Finding, Published, Verdict
from fauve.stats.intervals import Interval, wilson
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.published import MeasuredOver, half_a_digit, measured_over, published

__all__ = ["AGREES", "DIFFERS", "NOT_COMPARABLE", "compared", "published_interval", "verdict"]

AGREES: Verdict = "agrees"
DIFFERS: Verdict = "differs"
NOT_COMPARABLE: Verdict = "not comparable"

PAPER = "paper"
"""The preset with the published settings of sampling."""

PROMPTS = ("weathon/anti_aesthetics_dataset", "weathon/anti_aesthetics_emotion")
"""Where items come from one of these, their pictures were made here for the published prompts."""

LAB = "lab-"
"""What the names of the lab's generators start with."""

STRAY_SHARE = 0.05
"""Up to this share of the items may have no picture on file (it was set aside) without making the set another one."""

_SHARES = frozenset({"accuracy", "success"})
_ON_A_SELECTION = frozenset({"accuracy", "balanced_accuracy", "f1", "auroc", "success", "correlation"})
_KINDS = {
    "reward_classification": "pair",
    "generation": "pair",
    "calibration": "pair",
    "steering": "pair",
    "editing": "edit",
    "emotion_generation": "portrait",
    "real_art": "picture",
    "photographs": "contrast",
    "critique": "contrast",
    "emotion_reward": "contrast",
}
"""The kind of item that each study asks about."""


def compared(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """The findings, those with a published value now with a verdict and its reason."""
    return [f if f.published is None else dataclasses.replace(f, published=_judged(f, evidence)) for f in findings]


def verdict(finding: Finding) -> tuple[Verdict, str]:
    """Verdict and reason of a finding with a published value, taking for granted that the two can be compared."""
    value, stated = finding.estimate, finding.published
    if stated is None:
        raise ValueError(f"{finding.study}.{finding.metric} has no published value beside it")
    if value is None:
        return NOT_COMPARABLE, "there is no value here"
    if abs(value - stated.value) <= half_a_digit(stated, finding.metric, finding.scorer) * (1 + 1e-9):
        return AGREES, "equal in every digit published"
    if finding.low is None or finding.high is None:
        return NOT_COMPARABLE, "there is no interval here and the digits are not equal"
    if finding.low <= stated.value <= finding.high:
        return AGREES, "the published value lies in our interval"
    theirs = published_interval(finding)
    if theirs is not None and theirs.low <= finding.high and finding.low <= theirs.high:
        told = " to ".join(fixed(bound, decimals_for(stated.value, *theirs)) for bound in theirs)
        return AGREES, f"the intervals overlap (published, from its n: {told})"
    return DIFFERS, "the published value lies outside our interval"


def published_interval(finding: Finding) -> Interval | None:
    """The 95 % interval that follows for the published value of a finding, or None where none does."""
    stated = finding.published
    trials = None if stated is None else measured_over(stated).trials
    if stated is None or trials is None:
        return None
    if finding.metric in _SHARES and not finding.group.keys() - {"source", "emotion"}:
        return wilson(round(stated.value * trials), trials).interval
    if finding.metric == "mean" and finding.study == "calibration":
        spread = published(finding.study, "sd", finding.scorer, finding.generator, finding.group)
        if spread is not None:
            half = 1.96 * spread.value / math.sqrt(trials)
            return Interval(stated.value - half, stated.value + half)
    return None


def _judged(finding: Finding, evidence: Evidence) -> Published:
    stated = finding.published
    assert stated is not None
    reasons = list(dict.fromkeys(_obstacles(finding, measured_over(stated), evidence)))
    if reasons:
        return dataclasses.replace(stated, verdict=NOT_COMPARABLE, because=", ".join(reasons))
    said, why = verdict(finding)
    return dataclasses.replace(stated, verdict=said, because=why)


def _obstacles(finding: Finding, over: MeasuredOver, evidence: Evidence) -> Iterator[str]:
    """Every reason why a finding is about something else than the published figure."""
    names = (finding.scorer, finding.generator, finding.group.get("judge"), finding.group.get("base"))
    if any(name is not None and is_untrained(name) for name in names):
        yield "random weights"
    if over.unlike is not None:
        yield over.unlike
    judge = finding.group.get("judge")
    if over.judges and judge is not None and judge not in over.judges:
        yield "another judge"
    if over.points is not None and finding.n != over.points:
        yield f"{finding.n:,} {over.points_of} here and {over.points:,} there"
    if finding.study not in _KINDS:
        return
    items = _behind(finding, evidence)
    yield from _generators(items["generator"].unique().sort().to_list())
    yield from _sets(items, over, evidence)
    yield from _numbers(finding, items, over, evidence)
    if over.selector is not None and finding.metric in _ON_A_SELECTION:
        chose = set(items["selector"].drop_nulls().unique())
        if chose != {over.selector}:
            yield "the truth was selected by somebody else" if chose else "nobody selected the truth here"


def _behind(finding: Finding, evidence: Evidence) -> pl.DataFrame:
    """The items that a finding is about, whether or not they have a value."""
    kind = _KINDS[finding.study]
    items = evidence.items.filter(pl.col("kind") == kind)
    if kind in ("contrast", "picture"):
        items = items.filter(pl.col("study") == finding.study)
    if finding.generator is not None:
        items = items.filter(pl.col("generator") == finding.generator)
    else:
        items = items.filter(pl.col("generator") != STIMULI)
    for key in ("category", "topic", "emotion", "arm"):
        if key in finding.group:
            values = [json.loads(groups).get(key) for groups in items["groups"]]
            items = items.filter(pl.Series(values, dtype=pl.String) == finding.group[key])
    return items


def _generators(names: Sequence[str]) -> Iterator[str]:
    if any(name == STIMULI for name in names):
        yield "stimuli made from photographs"
    if any(is_untrained(name) for name in names):
        yield "random weights"
    if any(name.startswith(LAB) for name in names):
        yield "pictures of the lab’s made-up world"


def _sets(items: pl.DataFrame, over: MeasuredOver, evidence: Evidence) -> Iterator[str]:
    """Whether the items are of the published set; where only their prompts are, whether they were sampled as there."""
    if not over.sets or items.is_empty():
        return
    known = items.join(evidence.origins, on="item", how="left")
    fits = [origin is not None and any(fnmatchcase(origin, s) for s in over.sets) for origin in known["origin"]]
    strangers = known.filter(~pl.Series(fits, dtype=pl.Boolean))
    blank = strangers.filter(pl.col("slots").list.len() == 0)
    if len(strangers) > len(blank) or len(blank) > STRAY_SHARE * len(known):
        all_of_them = len(strangers) == len(known)
        yield "not known to be the published items" if all_of_them else "some are not known to be published items"
        return
    drawn = known.filter(pl.col("origin").is_in(PROMPTS))["generator"].unique().sort()
    presets = {split_marks(name)[1].removeprefix(" (").removesuffix(" preset)") or DEFAULT_PRESET for name in drawn}
    for preset in sorted(presets - {PAPER}):
        yield f"sampled under the preset “{preset}” and not as published"


def _numbers(finding: Finding, items: pl.DataFrame, over: MeasuredOver, evidence: Evidence) -> Iterator[str]:
    """Whether there are as many items as published, and scores of all of them."""
    if over.items is None:
        return
    low, high = over.items
    count = len(_behind(dataclasses.replace(finding, group={}), evidence) if over.whole else items)
    if not low <= count <= high:
        there = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        yield f"{count:,} {over.things} here and {there} there"
        return
    if over.points is not None:
        return
    asked = round(finding.n / (1 - finding.missing)) if finding.missing < 1 else len(items)
    ties = int((items["choice"] == "tie").sum()) if finding.metric != "success" else 0
    if asked < (1 - STRAY_SHARE) * (len(items) - ties):
        yield f"scores of {asked:,} of {len(items):,} {over.things} only"
