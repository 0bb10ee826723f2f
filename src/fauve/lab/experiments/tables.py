"""Markdown from stored findings: the tables and the sentences with numbers of docs/lab.md, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fauve.lab.experiments.claims import claims_table
from fauve.lab.experiments.sentences import sentences
from fauve.lab.experiments.store import Results
from fauve.lab.experiments.wording import REWARDS, cell, table, void_mark
from fauve.records import Finding
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["BLOCKS"]

Stored = Mapping[str, Results]
GRID = (
    ("honoured", "requests honoured"),
    ("wholly", "wholly honoured"),
    ("success", "success"),
    ("level", "taste (level of Io)"),
    ("distinct", "distinct scenes"),
    ("hue_entropy", "hue entropy"),
    ("kl_plain", "KL, nats"),
)
NOTHING = "No results are stored for this yet."


def _rows(found: Iterable[list[str]], header: list[str]) -> str:
    rows = list(found)
    return table(header, rows) if rows else NOTHING


def costs(stored: Stored) -> str:
    """Every experiment with its command, jobs and processor time."""
    header = ["experiment", "question", "command", "jobs", "processor"]
    rows = [
        [
            name,
            r.head["question"],
            f"`{r.head['command']}`",
            f"{r.head['jobs_done']} of {r.head['jobs_planned']}",
            f"{r.head['cpu_seconds']:,.0f} s",
        ]
        for name, r in stored.items()
    ]
    machines = {tuple(r.head["machine"].items()) for r in stored.values()}
    told = "; ".join(", ".join(f"{k} {v}" for k, v in machine) for machine in sorted(machines))
    said = "Times are of one thread each, and of all jobs that the results rest on, shared ones among them."
    return f"{_rows(rows, header)}\n\nMachine: {told}. {said}"


def gates(stored: Stored) -> str:
    """The base's worst request and each placebo's loss."""
    rows = []
    for name, results in stored.items():
        for f in results.select("gate_base"):
            rows.append([name, f"base: {f.group['request']}", cell(f), "at least 0.95", f.group["passed"]])
        for f in results.select("gate_placebo"):
            setting = ", ".join(
                f"{k} {v}" for k, v in sorted(f.group.items()) if k in {"anti", "kl", "steps", "family"}
            )
            rows.append([name, f"placebo: {setting}", cell(f), "at most 0.02 lost", f.group["passed"]])
    return _rows(rows, ["experiment", "gate", "measured", "bound", "passed"])


def grid(stored: Stored) -> str:
    """Every arm of the grid with the measures that matter."""
    if "grid" not in stored:
        return NOTHING
    results = stored["grid"]
    rows = [["base", "", "", *(cell(results.one(m, generator="base", dimension=None)) for m, _ in GRID)]]
    for f in results.select("honoured", dimension=None, steering=None):
        if "reward" not in f.group or "against" in f.group:
            continue
        mine = {k: f.group.get(k) for k in ("reward", "method", "anti", "kl")}
        numbers = [results.one(m, dimension=None, steering=None, **mine) for m, _ in GRID]
        rows.append([_reward(f), _prompts(f), _leash(f) + void_mark(f), *(cell(x) for x in numbers)])
    return table(["reward", "anti requests in alignment", "KL weight", *(title for _, title in GRID)], rows)


def _reward(f: Finding) -> str:
    return REWARDS.get(f.group["reward"], f.group["reward"])


def _prompts(f: Finding) -> str:
    return (
        "as the annotators' prompts (DPO)"
        if f.group.get("method") == "dpo"
        else {"0": "none"}.get(f.group["anti"], f"{float(f.group['anti']):.0%}")
    )


def _leash(f: Finding) -> str:
    return "DPO β" if f.group.get("method") == "dpo" else f.group["kl"]


def dimensions(stored: Stored) -> str:
    """Requests honoured by dimension, without a leash and without anti requests."""
    if "grid" not in stored:
        return NOTHING
    results = stored["grid"]
    arms = [name for name in REWARDS if results.one("honoured", reward=name, anti="0", kl="0", dimension=None)]
    rows = []
    for d in PROMPT_DIMENSIONS:
        found = [results.one("honoured", reward=a, anti="0", kl="0", dimension=d, method="grpo") for a in arms]
        rows.append([d, cell(results.one("honoured", generator="base", dimension=d)), *(cell(f) for f in found)])
    return table(["asked at its low end", "base", *(REWARDS[a] for a in arms)], rows)


def emotions(stored: Stored) -> str:
    """Faces that show the emotion that is asked for: the paper's Table 9 in this world."""
    if "grid" not in stored:
        return NOTHING
    results = stored["grid"]
    names = ("happy", "calm", "sad", "angry", "scared")
    rows = [["base", "", *(cell(results.one("emotion_shown", generator="base", emotion=e)) for e in names)]]
    for reward in REWARDS:
        for kl in ("0", "0.05"):
            found = [results.one("emotion_shown", reward=reward, anti="0", kl=kl, emotion=e) for e in names]
            if any(found):
                rows.append([REWARDS[reward], kl, *(cell(f) for f in found)])
    return table(["reward (no anti requests)", "KL weight", *names], rows)


def scorers(stored: Stored) -> str:
    """Which picture scorers choose: the paper's Tables 1 and 5 in this world."""
    kinds = ("pair: base", "controlled", "face: sad", "face: angry", "face: scared")
    titles = (
        "Ia or Io of the base",
        "same scene, request met or polished",
        "sad or happy",
        "angry or happy",
        "scared or happy",
    )
    rows = []
    for name in ("paper", "grid"):
        results = stored.get(name)
        if results is None:
            continue
        for f in results.select("accuracy", contrasts=kinds[0], knob=None):
            found = [results.one("accuracy", scorer=f.scorer, contrasts=k, knob=None) for k in kinds]
            balanced = results.one("balanced_accuracy", scorer=f.scorer, contrasts="all generators")
            area = results.one("auroc", scorer=f.scorer, contrasts="all generators")
            who = "shipped" if name == "paper" else "retrained by seed"
            rows.append([str(f.scorer), who, *(cell(x) for x in found), cell(balanced), cell(area)])
    header = ["scorer", "", *titles, "balanced accuracy, all generators", "AUROC, all generators"]
    return _rows(rows, header)


def family(stored: Stored) -> str:
    """The shipped generators: the paper's Table 2 in this world."""
    results = stored.get("paper")
    if results is None:
        return NOTHING
    rows = []
    for f in results.select("honoured", dimension=None, steering=None, against=None):
        numbers = [results.one(m, generator=f.generator, dimension=None, steering=None) for m, _ in GRID]
        rows.append([str(f.generator), *(cell(x) for x in numbers)])
    return table(["generator", *(title for _, title in GRID)], rows)


def steering(stored: Stored) -> str:
    """Dial and guidance: the paper's Table 6 in this world."""
    rows = []
    for name, results in stored.items():
        for f in results.select("honoured", dimension=None):
            if "steering" not in f.group or "against" in f.group:
                continue
            mine = {**{k: f.group.get(k) for k in ("steering", "strength", "reward", "anti", "kl", "knob")}}
            where = {"dimension": None, "generator": f.generator, **mine}
            numbers = [results.one(m, **where) for m in ("wholly", "success", "level", "level_unasked")]
            rows.append([name, _arm(f), f.group["steering"], f.group["strength"], cell(f), *(cell(x) for x in numbers)])
    header = ["experiment", "generator", "steering", "strength", "requests honoured", "wholly honoured", "success"]
    return _rows(rows, [*header, "taste (level of Io)", "level of Ia where nothing was asked"])


def doses(stored: Stored) -> str:
    """What more steps of alignment buy and cost."""
    return _arms(stored, "dose", {"steps": "steps"})


def high_rate(stored: Stored) -> str:
    """The arms that were aligned at a rate too high for the placebo."""
    return _arms(stored, "high-rate", {"anti": "share of anti requests", "kl": "KL weight"})


def _arms(stored: Stored, name: str, keys: Mapping[str, str]) -> str:
    """Every arm of an experiment, told apart by its reward and by ``keys`` (key of a finding's group -> title)."""
    results, rows = stored.get(name), []
    for f in results.select("honoured", dimension=None, steering=None) if results else []:
        if "reward" not in f.group or "against" in f.group:
            continue
        mine = {"reward": f.group["reward"], **{key: f.group.get(key) for key in keys}}
        numbers = [results.one(m, dimension=None, steering=None, **mine) for m, _ in GRID]  # type: ignore[union-attr]
        rows.append([_reward(f) + void_mark(f), *(mine[key] or "" for key in keys), *(cell(x) for x in numbers)])
    return _rows(rows, ["reward", *keys.values(), *(title for _, title in GRID)])


def remedies(stored: Stored) -> str:
    """Every other reward or leash that a remedy could be, and what it costs in taste under plain prompts."""
    rows = []
    for name in ("remedies", "kl"):
        results = stored.get(name)
        for f in results.select("honoured", dimension=None, steering=None) if results else []:
            if "reward" not in f.group or "against" in f.group:
                continue
            mine = {k: f.group.get(k) for k in ("reward", "anti", "kl", "method", "knob", "value")}
            numbers = [results.one(m, dimension=None, steering=None, **mine) for m in ("wholly", "level", "distinct")]  # type: ignore[union-attr]
            rows.append([name, _arm(f) + void_mark(f), cell(f), *(cell(x) for x in numbers)])
    header = ["experiment", "arm", "requests honoured", "wholly honoured", "taste (level of Io)", "distinct scenes"]
    return _rows(rows, header)


def _arm(f: Finding) -> str:
    if f.generator:
        return f.generator
    words = [_reward(f)]
    words += [f"{f.group['knob']} {f.group['value']}"] if "knob" in f.group else []
    words += [f"anti {f.group['anti']}", f"KL {f.group['kl']}"] if "anti" in f.group else ["DPO"]
    return ", ".join(words)


def knobs(stored: Stored) -> str:
    """One knob of the annotators at a time, on what the reward model then chooses."""
    rows = []
    for name, results in stored.items():
        kept = {}
        for f in results.select("kept"):
            kept[f.group.get("knob"), f.group.get("value")] = f
        turned = [
            f for f in results.select("accuracy") if "knob" in f.group and f.group.get("contrasts") != "controlled"
        ]
        asked = {(f.group["knob"], f.group["value"]): f for f in turned if "contrasts" not in f.group}
        asked |= {(f.group["knob"], f.group["value"]): f for f in turned if f.group.get("contrasts") == "pair: base"}
        if asked:
            rows.append(_knob_row(results, name, "as it was", "", None, kept.get((None, None))))
        for (knob, value), f in asked.items():
            rows.append(_knob_row(results, name, knob, value, f, kept.get((knob, value))))
    header = ["experiment", "knob", "value", "comparisons kept", "Ia or Io of the base", "request met or polished"]
    return _rows(rows, [*header, "scared or happy"])


def _knob_row(
    results: Results, name: str, knob: str, value: str, found: Finding | None, kept: Finding | None
) -> list[str]:
    where = {"knob": None, "value": None} if found is None else {"knob": knob, "value": value}
    of = results.head["settings"]["knobs"]["of"]
    numbers = [
        results.one("accuracy", scorer=of, contrasts=k, **where) for k in ("pair: base", "controlled", "face: scared")
    ]
    if found is not None and found.estimate is None:
        return [name, knob, value, cell(kept), found.note.split(" Made-up")[0] if found.note else "", "", ""]
    return [name, knob, value, cell(kept), *(cell(n) for n in numbers)]


BLOCKS: dict[str, Callable[[Stored], str]] = {
    "claims": claims_table,
    "costs": costs,
    "gates": gates,
    "grid": grid,
    "reward": lambda stored: sentences("reward", stored),
    "prompts": lambda stored: sentences("prompts", stored),
    "leash": lambda stored: sentences("leash", stored),
    "drift": lambda stored: sentences("drift", stored),
    "doses": doses,
    "high-rate": high_rate,
    "dimensions": dimensions,
    "emotions": emotions,
    "scorers": scorers,
    "family": family,
    "steering": steering,
    "remedies": remedies,
    "knobs": knobs,
}
"""Block of docs/lab.md -> what writes it."""
