"""Findings about scorers: which picture they choose, and how they were taught."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fauve.lab.experiments.choices import Choices
from fauve.lab.experiments.plan import Job
from fauve.lab.experiments.run import Record
from fauve.records import Finding
from fauve.stats import ClusterDraws, CrossedDraws, Estimate, contrast

__all__ = ["ONE_SEED", "POOLED", "choice_findings"]

POOLED = "all generators"
"""Contrasts of all generators together, prompts as clusters."""

ONE_SEED = "One training seed: the interval is over prompts alone."
"""What a finding says whose interval leaves training out."""

Flags = NDArray[np.bool_]
Draws = Callable[[int, int], CrossedDraws]
TAUGHT = (
    ("kept", "kept", "drawn"),
    ("low_kept", "low_asked_kept", "low_asked_drawn"),
)


def choice_findings(jobs: Sequence[Job], done: Mapping[str, Record], out: Path, draws: Draws) -> Iterator[Finding]:
    """Accuracy of every scorer by kind of contrast, and what the filter did to what it was taught from."""
    by_label: dict[tuple[str, tuple[tuple[str, str], ...]], list[Job]] = {}
    for job in jobs:
        if job.kind in {"choose", "reward"}:
            by_label.setdefault((job.kind, tuple(sorted(job.label.items()))), []).append(job)
    for (kind, label), asked in by_label.items():
        ended = [job for job in asked if job.key in done]
        words, missing = dict(label), 1 - len(ended) / len(asked)
        void = next((v for job in ended if (v := done[job.key]["figures"].get("void"))), None)
        if void:
            yield _finding("accuracy", Estimate.undefined(void, 0), words, missing, None)
        elif ended and kind == "reward":
            yield from _taught([done[job.key]["figures"] for job in ended], words, missing)
        elif ended:
            yield from _chosen([Choices.read(out / "jobs" / f"{job.key}.npz") for job in ended], words, missing, draws)


def _finding(
    metric: str, estimate: Estimate, words: Mapping[str, str], missing: float, contrasts: str | None, seeds: int = 0
) -> Finding:
    group = dict(words)
    scorer = group.pop("scorer", None) or group["reward"]
    if contrasts:
        group["contrasts"] = contrasts
    value, low, high = (None if x is None else round(x, 4) for x in (estimate.value, estimate.low, estimate.high))
    note = f"{estimate.reason.capitalize()}." if estimate.reason else ONE_SEED if seeds == 1 else None
    return Finding(
        "lab", metric, value, low, high, estimate.n, round(missing, 3), scorer=scorer, group=group, note=note
    )


def _taught(figures: Sequence[Mapping[str, float]], words: Mapping[str, str], missing: float) -> Iterator[Finding]:
    """Means over seeds of what the filter kept; no interval where there is one seed."""
    for metric, top, below in TAUGHT:
        shares = [f[top] / f[below] for f in figures if f[below]]
        if shares:
            estimate = CrossedDraws(len(shares), 1).estimate(np.array(shares)[:, None])
            yield _finding(metric, estimate, words, missing, None)
    wins = [f["faithful_wins"] for f in figures if f["faithful_wins"] is not None]
    if wins:
        yield _finding(
            "faithful_wins", CrossedDraws(len(wins), 1).estimate(np.array(wins)[:, None]), words, missing, None
        )


def _chosen(found: Sequence[Choices], words: Mapping[str, str], missing: float, draws: Draws) -> Iterator[Finding]:
    kinds = list(dict.fromkeys(found[0].kind.tolist()))
    pairs = [kind for kind in kinds if kind.startswith("pair: ")]
    for kind in kinds:
        rows = found[0].kind == kind
        yield _finding("accuracy", _accuracy(found, rows, draws), words, missing, kind, len(found))
        if kind in pairs:
            yield from _two_classes(found, rows, int(rows.sum()), words, missing, kind)
    if len(pairs) > 1:
        rows = np.isin(found[0].kind, pairs)
        each = int((found[0].kind == pairs[0]).sum())
        yield from _two_classes(found, rows, each, words, missing, POOLED)


def _accuracy(found: Sequence[Choices], rows: Flags, draws: Draws) -> Estimate:
    """Share of contrasts with an answer in which the scorer gives it; ties of the scorer are no right choice."""
    right = np.stack([(c.one - c.other)[rows] * np.sign(c.lead[rows]) > 0 for c in found]).astype(float)
    told = np.stack([c.lead[rows] != 0 for c in found]).astype(float)
    return draws(*right.shape).estimate(right * told, told, share=True)


def _two_classes(
    found: Sequence[Choices],
    rows: Flags,
    prompts: int,
    words: Mapping[str, str],
    missing: float,
    kind: str,
) -> Iterator[Finding]:
    """Balanced accuracy, F1 and AUROC: with one seed clustered by prompt, with several over seeds."""
    results = []
    for choices in found:
        told = rows & (choices.lead != 0)
        anti = choices.lead[told] > 0
        one, other = choices.one[told], choices.other[told]
        cluster = (np.arange(int(rows.sum())) % prompts)[(choices.lead[rows] != 0)]
        drawn = ClusterDraws(cluster) if len(found) == 1 else None
        chosen, default = np.where(anti, one, other), np.where(anti, other, one)
        results.append(contrast(chosen, default, truth_is_anti=anti, draws=drawn))
    names = ("balanced_accuracy", "f1", "auroc") + (("accuracy",) if kind == POOLED else ())
    for name in names:
        each: list[Estimate] = [getattr(result, name) for result in results]
        if len(each) == 1:
            yield _finding(name, each[0], words, missing, kind, 1)
            continue
        values = [e.value for e in each if e.value is not None]
        if values:
            yield _finding(name, CrossedDraws(len(values), 1).estimate(np.array(values)[:, None]), words, missing, kind)
