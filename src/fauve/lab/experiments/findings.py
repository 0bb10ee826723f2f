"""From records to findings: every number with its interval over prompts and training seeds, gates first.

An experiment that is half done gives findings of the seeds that are done, and each says how many are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from fauve.lab.experiments.choosing import ONE_SEED, choice_findings
from fauve.lab.experiments.gating import Gates
from fauve.lab.experiments.outcomes import Measure, arrange, measures, pairs_of, read_outcome
from fauve.lab.experiments.plan import Job
from fauve.lab.experiments.run import Record, record_of
from fauve.lab.experiments.settings import ExperimentSettings
from fauve.records import Finding
from fauve.stats import CrossedDraws, Estimate

__all__ = ["CAVEAT", "STUDY", "findings_of"]

STUDY = "lab"
CAVEAT = "Made-up world: a mechanism, no evidence about real models."
SHARES = frozenset({"honoured", "wholly", "success", "subject_kept", "emotion"})
"""Metrics of which each prompt's part lies between 0 and 1: they keep a width where all are 0 or all are 1."""

COMPARED = ("honoured", "wholly", "level")
"""What arms are compared by."""

Label = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Arm:
    """One line of the table: a label, the measures of the seeds that are done (seeds, units), and how many lack."""

    label: Label
    seeds: tuple[int | None, ...]
    found: Mapping[str, Measure]
    planned: int

    @cached_property
    def words(self) -> dict[str, str]:
        return dict(self.label)

    @property
    def missing(self) -> float:
        return 1 - len(self.seeds) / self.planned

    def at(self, seeds: Sequence[int | None], metric: str) -> Measure:
        """Sums and counts of some seeds; what has no training seed is the same for all."""
        top, below = self.found[metric]
        if self.seeds == (None,):
            return np.repeat(top, len(seeds), 0), np.repeat(below, len(seeds), 0)
        rows = [self.seeds.index(seed) for seed in seeds]
        return top[rows], below[rows]


def findings_of(settings: ExperimentSettings, jobs: Sequence[Job], out: Path, family: Path) -> list[Finding]:
    """Every finding of what is done: gates, generators, comparisons of arms, scorers."""
    done = {job.key: record for job in jobs if (record := record_of(job, out)) is not None}
    draws = _draws(settings.evaluation.interval_draws)
    arms = _arms(settings, jobs, done, out)
    gates = Gates.of(family, {arm.label: float(_mean(arm, "honoured")) for arm in arms})
    found = list(gates.findings())
    for arm in arms:
        found += [replace(f, note=gates.note(arm.words, f.note)) for f in _of_arm(arm, draws)]
    for arm in arms:
        found += [replace(f, note=gates.note(arm.words, f.note)) for f in _compared(arm, arms, draws)]
    found += [replace(f, note=gates.note({}, f.note)) for f in choice_findings(jobs, done, out, draws)]
    return [replace(f, study=STUDY, note=f"{f.note} {CAVEAT}" if f.note else CAVEAT) for f in found]


def _draws(count: int) -> Callable[[int, int], CrossedDraws]:
    @lru_cache(maxsize=16)
    def of(seeds: int, units: int) -> CrossedDraws:
        return CrossedDraws(seeds, units, draws=count)

    return of


def _arms(settings: ExperimentSettings, jobs: Sequence[Job], done: Mapping[str, Record], out: Path) -> list[_Arm]:
    pairs = pairs_of(settings.evaluation.pairs, settings.evaluation.seed)
    by_label: dict[Label, list[Job]] = {}
    for job in jobs:
        if job.kind == "ask":
            by_label.setdefault(tuple(sorted(job.label.items())), []).append(job)
    arms = []
    for label, asked in by_label.items():
        ended = [job for job in asked if job.key in done and "void" not in done[job.key]["figures"]]
        if ended:
            per_seed = [measures(read_outcome(out / "jobs" / f"{job.key}.npz"), pairs) for job in ended]
            arms.append(_Arm(label, tuple(job.seed for job in ended), arrange(per_seed), len(asked)))
    return arms


def _mean(arm: _Arm, metric: str) -> float:
    top, below = arm.found[metric]
    return float(top.sum() / below.sum())


def _finding(metric: str, estimate: Estimate, words: Mapping[str, str], missing: float, seeds: int) -> Finding:
    group = dict(words)
    generator = group.pop("generator", None)
    head, _, part = metric.partition(": ")
    if part:
        group["emotion" if head == "emotion" else "dimension"] = part
    notes = [f"{estimate.reason.capitalize()}."] if estimate.reason else []
    if seeds == 1 and not notes:
        notes.append(ONE_SEED)
    value, low, high = (_short(number) for number in (estimate.value, estimate.low, estimate.high))
    return Finding(
        STUDY,
        "emotion_shown" if head == "emotion" else head,
        value,
        low,
        high,
        estimate.n,
        round(missing, 3),
        generator=generator,
        group=group,
        note=" ".join(notes) or None,
    )


def _short(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _of_arm(arm: _Arm, draws: Callable[[int, int], CrossedDraws]) -> Iterator[Finding]:
    steered = "steering" in arm.words
    for metric, (top, below) in arm.found.items():
        if steered and metric.partition(":")[0] in {"emotion", "distinct", "hue_entropy", "kl_plain"}:
            continue  # guidance acts on anti prompts alone; those are drawn without it
        estimate = draws(*top.shape).estimate(top, below, share=metric.partition(":")[0] in SHARES)
        yield _finding(metric, estimate, arm.words, arm.missing, len(arm.seeds))


def _compared(arm: _Arm, arms: Sequence[_Arm], draws: Callable[[int, int], CrossedDraws]) -> Iterator[Finding]:
    """This arm minus those that differ from it in one thing."""
    for name, other in _references(arm, arms):
        seeds = [seed for seed in arm.seeds if seed in other.seeds or other.seeds == (None,)]
        if not seeds:
            continue
        for metric in COMPARED:
            top, below = arm.at(seeds, metric)
            before, _ = other.at(seeds, metric)
            estimate = draws(*top.shape).estimate(top - before, below)
            words = {**arm.words, "against": name}
            yield _finding(f"{metric}_difference", estimate, words, 1 - len(seeds) / arm.planned, len(seeds))


def _references(arm: _Arm, arms: Sequence[_Arm]) -> Iterator[tuple[str, _Arm]]:
    by_words = {frozenset(other.label): other for other in arms}

    def like(**changes: str | None) -> _Arm | None:
        wanted = {**arm.words, **changes}
        return by_words.get(frozenset((k, v) for k, v in wanted.items() if v is not None))

    words = arm.words
    base = by_words.get(frozenset({("generator", "base")}))
    if base is not None and arm is not base:
        yield "base", base
    if "steering" in words:
        plain = like(steering=None, strength=None)
        if plain is not None:
            yield "unsteered", plain
        if words["steering"] == "negative guidance" and (same := like(steering="plain guidance")) is not None:
            yield "plain guidance of the same strength", same
        return
    others = {
        "placebo": like(reward="placebo", knob=None, value=None) if words.get("reward") != "placebo" else None,
        "no anti requests": like(anti="0") if words.get("anti", "0") != "0" else None,
        "kl 0": like(kl="0") if words.get("kl", "0") != "0" else None,
        "knob as it was": like(knob=None, value=None) if "knob" in words else None,
    }
    for name, other in others.items():
        if other is not None:
            yield name, other
