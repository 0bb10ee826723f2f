"""What the findings on wordings say, and the figures that they deserve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fauve.naming import generator_name, scorer_kind, scorer_name
from fauve.records import Finding
from fauve.studies.charting import CHANCE, NO_CHANGE, interval_chart, mark
from fauve.studies.evidence import NEUTRAL
from fauve.studies.protocol import Chart
from fauve.studies.surest import surest
from fauve.studies.wording import interval, leading, number, percent, range_percent

__all__ = ["charts", "sentences"]

MOST_SENTENCES = 4

_SPOKEN = {"written": "as written", "template": "by template", NEUTRAL: "neutral, as long"}


def spoken(wording: str) -> str:
    """A wording as a reader meets it; one of a stranger stands as it is."""
    return _SPOKEN.get(wording, wording)


def sentences(findings: Sequence[Finding]) -> list[str]:
    """Beyond length first, the same plain picture next, then wordings among themselves, accuracies, lengths."""
    widest = _widest(findings)
    beyond = [f for f in widest if f.metric == "shift_between" and f.group["against"] == NEUTRAL]
    plain = [f for f in widest if f.metric == "prompt_shift_between" and f.group["against"] == NEUTRAL]
    worded = [f for f in widest if f.metric == "shift_between" and f.group["against"] != NEUTRAL]
    chosen = [f for f in widest if f.metric == "accuracy_between"]
    levels = {_at(f): f for f in findings if "against" not in f.group}
    said = [_beyond(f, levels) for f in _once(surest(beyond))[:MOST_SENTENCES]]
    said += [_plain(f) for f in surest(plain)[:1]]
    said += [_worded(f) for f in surest(worded)[:1]]
    said += [_chosen(f, levels) for f in surest(chosen)[:2]]
    return said + _lengths(findings)


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """The first one of every scorer."""
    return list({f.scorer: f for f in reversed(findings)}.values())[::-1]


def _at(f: Finding) -> tuple[str, str | None, str | None, str]:
    return f.metric, f.scorer, f.generator, f.group.get("wording", "")


def _widest(findings: Sequence[Finding]) -> list[Finding]:
    """Of each scorer the findings over all generators where there are such, else those of each generator."""
    pooled = {f.scorer for f in findings if f.scorer and f.generator is None}
    return [f for f in findings if f.scorer and (f.generator is None) is (f.scorer in pooled)]


def _by(f: Finding) -> str:
    return "" if f.generator is None else f" by {generator_name(f.generator)}"


def _signed(f: Finding) -> str:
    return number(f.estimate or 0.0, f.low, f.high, signed=True)


def _beyond(f: Finding, levels: Mapping[tuple[str, str | None, str | None, str], Finding]) -> str:
    wording = f.group["wording"]
    asked, neutral = (levels[("shift", f.scorer, f.generator, w)] for w in (wording, NEUTRAL))
    return (
        f"With pictures of anti prompts ({spoken(wording)}){_by(f)}, {scorer_name(f.scorer or '')} changes by "
        f"{_signed(asked)} from the plain picture; with those of prompts as long that ask for nothing, by "
        f"{_signed(neutral)}: {_signed(f)} is not length ({interval(f)}, n = {f.n:,})."
    )


def _plain(f: Finding) -> str:
    return (
        f"On one and the same plain picture{_by(f)}, {scorer_name(f.scorer or '')} differs by {_signed(f)} between the "
        f"anti prompt ({spoken(f.group['wording'])}) and a neutral one as long ({interval(f)}, n = {f.n:,})."
    )


def _worded(f: Finding) -> str:
    return (
        f"Worded {spoken(f.group['wording'])} instead of {spoken(f.group['against'])}, the same requests change the "
        f"shift of {scorer_name(f.scorer or '')}{_by(f)} by {_signed(f)} ({interval(f)}, n = {f.n:,})."
    )


def _chosen(f: Finding, levels: Mapping[tuple[str, str | None, str | None, str], Finding]) -> str:
    wordings = (f.group["wording"], f.group["against"])
    first, second = (levels[("accuracy", f.scorer, f.generator, w)] for w in wordings)
    return (
        f"{scorer_name(f.scorer or '')} chose the picture that was asked for in {percent(first.estimate or 0.0)} of "
        f"pairs{_by(f)} worded {spoken(wordings[0])} ({range_percent(first)}) and in {percent(second.estimate or 0.0)} "
        f"of those worded {spoken(wordings[1])} ({range_percent(second)})."
    )


def _lengths(findings: Sequence[Finding]) -> list[str]:
    words = {f.group["wording"]: f.estimate for f in findings if f.metric == "words" and f.estimate is not None}
    caption = words.pop("caption", None)
    if not words:
        return []
    told = ", ".join(f"{count:.1f} {spoken(name)}" for name, count in words.items())
    start = "" if caption is None else f"Captions have {caption:.1f} words on average; "
    return [f"{start or 'On average '}the prompts made of them have {told}."]


def charts(study: str, findings: Sequence[Finding]) -> list[Chart]:
    """For every model (every scorer where there is none): shift by wording, beyond length; accuracy by wording."""
    named = [f for f in findings if f.scorer and "source" not in f.group]
    models = [f for f in named if scorer_kind(f.scorer or "") == "model"] or named
    drawn: list[Chart] = []
    for scorer in dict.fromkeys(f.scorer or "" for f in models):
        mine = [f for f in models if f.scorer == scorer and f.estimate is not None]
        stem, shown = f"{study}-{scorer.replace(':', '-')}", scorer_name(scorer)
        shifts = [f for f in mine if f.metric == "shift"]
        beyond = [f for f in mine if f.metric == "shift_between" and f.group["against"] == NEUTRAL]
        for name, title, axis, chosen in (
            ("shift", "change from the plain picture, by wording", f"change of {shown} under the plain prompt", shifts),
            ("beyond", "what is left once length is taken away", "change minus that of a prompt as long", beyond),
        ):
            if chosen:
                marks = tuple(mark(f, _wording_row(f), scorer) for f in chosen)
                drawn.append(Chart(f"{stem}-{name}", "intervals", f"{shown}: {title}", axis, marks, NO_CHANGE))
    accuracy = leading([f for f in _widest(named) if f.metric == "accuracy"])
    return drawn + interval_chart(
        f"{study}-accuracy",
        "How often each scorer chose the picture that was asked for, by wording",
        "share of pairs",
        accuracy,
        lambda f: f"{scorer_name(f.scorer or '')}, {_wording_row(f, alone=True)}",
        lambda f: f.scorer or "",
        lines=CHANCE,
    )


def _wording_row(f: Finding, *, alone: bool = False) -> str:
    """``SDXL, as written``; where several generators are pooled that is said, unless there is no other row."""
    by = "" if alone else "all together"
    maker = by if f.generator is None else generator_name(f.generator)
    return ", ".join(filter(None, [maker, spoken(f.group["wording"])]))
