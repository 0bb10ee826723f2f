"""What one experiment found, for whoever has just run it: gates, arms, scorers, and how far the intervals reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fauve.lab.experiments.store import Results
from fauve.lab.experiments.wording import REWARDS, cell, table, void_mark
from fauve.records import Finding

__all__ = ["answer"]

_ARMS = (("honoured", "requests honoured"), ("wholly", "wholly honoured"), ("level", "taste (level of Io)"))
_CONTRASTS = (
    ("pair: base", "Ia or Io of the base"),
    ("controlled", "same scene, request met or polished"),
    ("face: scared", "scared or happy"),
)
_SETTINGS = ("knob", "value", "anti", "kl", "steps", "method", "steering", "strength")
"""What may tell one arm from another, in the order in which it is said."""


def answer(results: Results) -> str:
    """The results of one experiment as Markdown: its question, then all that was measured for it."""
    head = results.head
    parts = [f"{results.name}: {head['question']}", _reach(results)]
    parts += [part for part in (_gates(results), _arms(results), _scorers(results)) if part]
    return "\n\n".join(parts)


def _reach(results: Results) -> str:
    """What the intervals cover, and what is not done yet."""
    head = results.head
    seeds = len(head["settings"].get("seeds") or ())
    if seeds > 1:
        told = f"Intervals cover {seeds} training seeds and the prompts."
    elif seeds == 1:
        told = "One training seed: intervals are over prompts alone, and another seed may say something else."
    else:
        told = "The family as it is: intervals are over prompts alone."
    if head["jobs_done"] < head["jobs_planned"]:
        told += f" {head['jobs_done']} of {head['jobs_planned']} jobs are done; the same command goes on."
    return f"{told} A made-up world: a mechanism, no evidence about real models."


def _gates(results: Results) -> str:
    failed = [
        f
        for metric in ("gate_base", "gate_placebo")
        for f in results.select(metric)
        if f.group.get("passed") == "no" and f.estimate is not None
    ]
    told = [
        f"- VOID, the base honours {f.group.get('request', 'a request')} only {f.estimate:.3f} of the time."
        if f.metric == "gate_base"
        else f"- VOID, the placebo ({_settings(f)}) lost {f.estimate:.3f} of the requests, and 0.02 is allowed."
        for f in failed
    ]
    return "\n".join(told)


def _arms(results: Results) -> str:
    rows = []
    for f in results.select("honoured", dimension=None, emotion=None, against=None):
        mine = {**f.group, "dimension": None, "emotion": None, "against": None}
        mine |= {key: None for key in ("reward", *_SETTINGS) if key not in f.group}
        found = [results.one(metric, generator=f.generator, **mine) for metric, _ in _ARMS]
        drift = results.one("honoured_difference", generator=f.generator, **{**mine, "against": "placebo"})
        name = f.generator or _reward(f.group)
        rows.append([name + void_mark(f), _settings(f), *(cell(x) for x in found), cell(drift, signed=True)])
    header = ["generator", "setting", *(title for _, title in _ARMS), "requests honoured, minus placebo"]
    return table(header, rows) if rows else ""


def _scorers(results: Results) -> str:
    kept: dict[tuple[str, str], dict[str, Finding]] = {}
    for f in results.select("accuracy"):
        kept.setdefault((f.scorer or "", _settings(f)), {})[f.group.get("contrasts", "")] = f
    rows = []
    for (scorer, setting), found in kept.items():
        undone = found.get("")
        if undone is not None and undone.estimate is None:
            rows.append([scorer, setting, (undone.note or "void").split(" Made-up")[0], "", ""])
        elif any(kind in found for kind, _ in _CONTRASTS):
            rows.append([scorer, setting, *(cell(found.get(kind)) for kind, _ in _CONTRASTS)])
    told = "Which of two pictures a scorer prefers under the prompt that asks for low ends; chance is 0.5."
    header = ["scorer", "setting", *(title for _, title in _CONTRASTS)]
    return f"{told}\n\n{table(header, rows)}" if rows else ""


def _reward(group: Mapping[str, str]) -> str:
    reward = group.get("reward", "")
    return f"aligned with {REWARDS.get(reward, reward)}" if reward else "base"


def _settings(f: Finding) -> str:
    told: Iterable[str] = (f"{key} {f.group[key]}" for key in _SETTINGS if key in f.group and f.group[key] != "grpo")
    return ", ".join(told).replace("knob ", "").replace(", value ", " = ")
