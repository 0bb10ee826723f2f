"""Where a scorer stands: its accuracy beside chance, the controls, and what was published for other models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fauve.charting import Chart, Mark
from fauve.naming import is_untrained, scorer_kind, scorer_name, sentence
from fauve.records import Finding, Published
from fauve.studies.charting import CHANCE, mark
from fauve.studies.comparability import AGREES, DIFFERS
from fauve.studies.evidence import STIMULI
from fauve.studies.published import published_scorers
from fauve.studies.wording import count, range_percent, where_from

__all__ = ["headline", "main_accuracy", "standing", "standing_chart"]

_THINGS = {
    "reward_classification": "pairs",
    "photographs": "photographs",
    "emotion_reward": "negative emotions",
    "critique": "prompts of social critique",
}
"""Studies whose accuracy can stand for a scorer, the first one first, and what each counts."""

_COIN = 0.5


def main_accuracy(scorer: str, findings: Sequence[Finding]) -> Finding | None:
    """The accuracy that speaks for a scorer.

    Over generators' pairs pooled if it was tried on several, else over the most pairs of one; where there are none,
    over contrasts in the order of their studies; over stimuli only where there is nothing else. Scores computed here
    come before imported ones.
    """
    mine = [f for f in findings if f.scorer == scorer and f.metric == "accuracy" and f.estimate is not None]
    whole = [f for f in mine if f.study in _THINGS and not set(f.group) - {"source"}]
    order = {study: place for place, study in enumerate(_THINGS)}

    def rank(f: Finding) -> tuple[bool, int, bool, bool, int, str]:
        return (f.generator == STIMULI, order[f.study], f.generator is not None, bool(f.group), -f.n, f.generator or "")

    return min(whole, key=rank, default=None)


def headline(scorer: str, main: Finding | None) -> str:
    """The sentence that a scorecard opens with."""
    name = scorer_name(scorer)
    if main is None or main.estimate is None:
        return sentence(f"{name} has not been tried on a choice between two pictures.")
    where = where_from(main)
    return sentence(
        f"{name} chose the picture that was asked for in {count(main)} {_THINGS[main.study]}{where}, {_verdict(main)} "
        f"({range_percent(main)})."
    )


def _verdict(main: Finding) -> str:
    if main.low is not None and main.low > _COIN:
        return "more often than a coin would"
    if main.high is not None and main.high < _COIN:
        return "less often than a coin would"
    return "which a coin might do as well"


def standing(main: Finding, findings: Sequence[Finding]) -> list[str]:
    """What the controls did on the same choices, in a sentence each."""
    told = {
        "polish": "A control that sees only how polished a picture is, and never reads the prompt, did so in {share}.",
        "random": "A control that draws its scores by chance did so in {share}.",
    }
    beside = {f.scorer: f for f in _beside(main, findings)}
    return [
        text.format(share=f"{count(beside[name])} ({range_percent(beside[name])})")
        for name, text in told.items()
        if name in beside
    ]


def standing_chart(scorer: str, main: Finding, findings: Sequence[Finding]) -> Chart:
    """The scorer, the controls on the same choices, and published figures; none of these beside random weights."""
    stated = {} if is_untrained(scorer) else published_scorers("reward_classification", "accuracy")
    own = stated.get(scorer)
    controls = _beside(main, findings)
    marks = [_plain(main, own), *(_plain(f, None) for f in controls)]
    marks += [_quoted(name, fact) for name, fact in stated.items() if name != scorer]
    marks.sort(key=lambda m: (-m.estimate, m.label))
    sources = "; ".join(dict.fromkeys(fact.source for fact in stated.values()))
    note = f"Published figures, {_pictures(main)}: {sources}." if stated else ""
    others = ["chance", *(["controls"] if controls else []), *(["published models"] if stated else [])]
    title = f"Beside {', '.join(others[:-1])} and {others[-1]}" if len(others) > 1 else "Beside chance"
    axis = "share in which the picture that was asked for scored higher"
    return Chart("standing", "intervals", title, axis, tuple(marks), CHANCE, note=note)


def _pictures(main: Finding) -> str:
    beside = main.published
    same = beside is not None and beside.verdict in (AGREES, DIFFERS)
    return "over the same set of pictures" if same else "over other pictures than these"


def _plain(finding: Finding, own: Published | None) -> Mark:
    name = finding.scorer or ""
    return replace(mark(finding, name, name), published=own.value if own else None)


def _quoted(scorer: str, fact: Published) -> Mark:
    return Mark(f"{scorer_name(scorer)}, published", "", fact.value, None, None, quoted=True)


def _beside(main: Finding, findings: Sequence[Finding]) -> list[Finding]:
    return [
        f
        for f in findings
        if (f.study, f.metric, f.generator) == (main.study, main.metric, main.generator)
        and scorer_kind(f.scorer or "") == "control"
        and not f.group
        and f.estimate is not None
    ]
