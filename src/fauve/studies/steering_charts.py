"""The figures of the study of steering: a line over strengths where there are several, a row where there is one."""

from __future__ import annotations

from collections.abc import Sequence

from fauve.models.steering.steered_name import SteeredName
from fauve.naming import generator_name, scorer_kind, scorer_name
from fauve.records import Finding
from fauve.studies.charting import NO_CHANGE, mark
from fauve.studies.families import steering_of
from fauve.studies.protocol import Chart, Mark
from fauve.studies.steered import unguided

__all__ = ["steering_charts"]

_TITLES = {
    "anti": "the anti picture under its own prompt",
    "original": "the anti picture under the plain prompt",
    "plain": "the plain picture under the plain prompt",
}

_AXES = {"guidance": "strength of the guidance", "dial": "dial: 0 the base model, 1 the aligned one"}

_Line = list[tuple[float, Finding]]


def steering_charts(study: str, findings: Sequence[Finding]) -> list[Chart]:
    """For every model under study (every scorer where there is none) under each prompt, and for every judge."""
    shifts = [f for f in findings if f.metric in {"shift", "plain_shift"} and f.estimate is not None]
    shifts = [f for f in shifts if not {"source", "dimension"} & set(f.group)]
    scorers = sorted({f.scorer for f in shifts if f.scorer})
    charts: list[Chart] = []
    for scorer in [s for s in scorers if scorer_kind(s) == "model"] or scorers:
        shown, axis = scorer_name(scorer), f"change of {scorer_name(scorer)} against unsteered"
        for prompt, title in _TITLES.items():
            drawn = [f for f in shifts if f.scorer == scorer and _pictured(f) == prompt]
            charts += _draw(f"{study}-{scorer.replace(':', '-')}-{prompt}", f"{shown}: {title}", axis, drawn)
    for judge in dict.fromkeys(f.group["judge"] for f in shifts if "judge" in f.group):
        drawn = [f for f in shifts if f.group.get("judge") == judge]
        title = f"Level of what was requested, as “{judge}” sees it"
        charts += _draw(f"{study}-judge-{judge}", title, "change of J against unsteered: below 0 as asked", drawn)
    return charts


def _pictured(finding: Finding) -> str:
    return "plain" if finding.metric == "plain_shift" else finding.group.get("prompt", "")


def _draw(name: str, title: str, axis: str, findings: Sequence[Finding]) -> list[Chart]:
    lines = _lines(findings)
    charts: list[Chart] = []
    for kind, x_axis in _AXES.items():
        swept = {rest: line for (rest, what), line in sorted(lines.items()) if what == kind and len(line) > 1}
        marks = tuple(m for rest, line in swept.items() for m in _line(rest, line, kind))
        if marks:
            charts.append(Chart(f"{name}-{kind}", "dose", f"{title}, by {kind}", axis, marks, NO_CHANGE, x_axis))
    alone = sorted((line[0][1] for line in lines.values() if len(line) == 1), key=lambda f: -(f.estimate or 0.0))
    rows = tuple(mark(f, f.generator or "", f.generator or "") for f in alone)
    single = f"{title}, methods of one strength"
    return [*charts, Chart(name, "intervals", single, axis, rows, NO_CHANGE)] if rows else charts


def _lines(findings: Sequence[Finding]) -> dict[tuple[str, str], _Line]:
    """What belongs on one line, by its name and by what varies along it."""
    lines: dict[tuple[str, str], _Line] = {}
    for f in findings:
        steering = steering_of(f.generator or "")
        if steering is not None:
            kind, dose = ("dial", steering.dial) if steering.scale is None else ("guidance", steering.scale)
            lines.setdefault((_rest(steering), kind), []).append((dose or 0.0, f))
    return lines


def _rest(steering: SteeredName) -> str:
    """Everything of the generator but the strength that varies along its line."""
    if steering.scale is None:
        return generator_name(steering.base)
    return f"{generator_name(unguided(steering))} with {(steering.guidance or '').upper()}"


def _line(rest: str, line: _Line, kind: str) -> list[Mark]:
    marks = [mark(f, rest, rest, x=dose) for dose, f in line]
    if kind == "dial" and all(m.x != 1.0 for m in marks):
        # The generator itself stands at 1 of its dial: no change, by definition.
        marks.append(Mark(rest, rest, 0.0, 0.0, 0.0, x=1.0))
    return sorted(marks, key=lambda m: m.x or 0.0)
