"""A comparison in sentences: the surest difference first, and what could have been found where none was."""

from __future__ import annotations

import unicodedata

from fauve.naming import generator_name, scorer_name, sentence
from fauve.numbers import fixed
from fauve.studies.comparing import POWER, Comparison, Difference
from fauve.studies.wording import number, percent

__all__ = ["ALPHA", "ORDER", "by_whom", "headline", "label", "measured", "sentences"]

ALPHA = 0.05
"""Corrected p below which a difference is called one."""

MOST = 8

ORDER = (
    "shift",
    "accuracy",
    "margin",
    "score",
    "level",
    "honoured",
    "wholly_honoured",
    "success",
    "rank_shift",
    "fell",
)
"""Metrics as readers meet them."""

_PICTURE = {"original": "plain picture", "anti": "picture that was asked for"}
_PROMPT = {"original": "plain prompt", "anti": "prompt that asked for it"}
_WHAT = {
    "shift": "change from the plain picture to the one that was asked for under the plain prompt",
    "margin": "margin of the picture that was asked for",
    "level": "judged level of what was requested",
    "accuracy": "share of choices that fell on the picture that was asked for",
    "success": "share of selections of the picture made for the anti prompt",
    "honoured": "share of visible requests delivered",
    "wholly_honoured": "share of pictures with every visible request delivered",
    "rank_shift": "places won by obeying, as a share of all pictures",
    "fell": "share of pairs in which obeying lowered the score",
}


def label(comparison: Comparison, second: bool) -> str:
    """How a side is called in a sentence."""
    name = _shown(comparison.labels[second])
    if comparison.about == "runs":
        return f"“{name}”"
    return generator_name(name) if comparison.about == "generators" else scorer_name(name)


def measured(difference: Difference) -> str:
    """What was measured, in words, with who says so."""
    finding = difference.finding
    metric = finding.metric.removesuffix("_difference")
    if metric == "score":
        what = f"score of the {_PICTURE[finding.group['image']]} under the {_PROMPT[finding.group['prompt']]}"
        if (finding.group["image"], finding.group["prompt"]) == ("original", "anti"):
            what = "score of the plain picture under the anti prompt"
    else:
        what = _WHAT[metric]
    return what


def by_whom(difference: Difference) -> str:
    """Scorer, judge or selector, the source where it is another, and the generator of a part."""
    finding = difference.finding
    told = [sentence(scorer_name(finding.scorer))] if finding.scorer else []
    told += [f"{key} “{finding.group[key]}”" for key in ("judge", "selector") if key in finding.group]
    told += [f"source {finding.group['source']}"] if "source" in finding.group else []
    told += [generator_name(finding.generator)] if finding.generator else []
    return _shown(", ".join(told))


def _shown(name: str) -> str:
    """A name without control characters: one that turns the direction of writing would turn the whole sentence."""
    return "".join("\ufffd" if unicodedata.category(letter)[0] == "C" else letter for letter in name)


def headline(comparison: Comparison) -> str:
    """The finding as one sentence."""
    first, second = label(comparison, False), label(comparison, True)
    stated = _surest(comparison)
    if not stated:
        return f"{first} and {second} have nothing in common that could be compared."
    if _is_sure(stated[0]):
        return _told(comparison, stated[0])
    tests = sum(1 for d in stated if d.finding.test is not None)
    if not tests:
        return f"{first} and {second} do not differ in any of {len(stated)} measures, row by row."
    return f"None of {tests} tests tells {first} from {second}.{_could_have_been_found(stated[0])}"


def _could_have_been_found(surest: Difference) -> str:
    if surest.smallest is None:
        return ""
    size = f"{fixed(100 * surest.smallest, 0)} points" if surest.share else number(surest.smallest)
    whose = by_whom(surest)
    where = f"{measured(surest)} ({whose})" if whose else measured(surest)
    return f" The surest is the {where}; there, {size} would have been found with a chance of {percent(POWER)}."


def sentences(comparison: Comparison) -> list[str]:
    """The other differences that hold after correction, the surest first."""
    sure = [d for d in _surest(comparison) if _is_sure(d)]
    told = [_told(comparison, d) for d in sure[1 : MOST + 1]]
    if len(sure) > MOST + 1:
        told.append(f"{len(sure) - MOST - 1} more differences hold after correction; they are in the table.")
    return told


def _surest(comparison: Comparison) -> list[Difference]:
    """Those with an estimate, the least corrected p first, then in the order of :data:`ORDER`."""

    def key(d: Difference) -> tuple[float, int, str]:
        p = 1.0 if d.finding.test is None or d.finding.test.p_adjusted is None else d.finding.test.p_adjusted
        return p, ORDER.index(d.finding.metric.removesuffix("_difference")), d.finding.scorer or ""

    return sorted((d for d in comparison.differences if d.finding.estimate is not None), key=key)


def _is_sure(difference: Difference) -> bool:
    test = difference.finding.test
    return test is not None and test.p_adjusted is not None and test.p_adjusted < ALPHA


def _told(comparison: Comparison, d: Difference) -> str:
    first, second = label(comparison, False), label(comparison, True)
    f = d.finding
    whose = by_whom(d)
    subject = f"According to {whose}, the {measured(d)}" if whose else f"The {measured(d)}"
    estimate = f.estimate or 0.0
    if estimate == 0:
        how = f"is the same with {second} as with {first}"
    else:
        by = f"{fixed(100 * abs(estimate), 0)} points" if d.share else number(abs(estimate), f.low, f.high)
        how = f"is {by} {'higher' if estimate > 0 else 'lower'} with {second} than with {first}"
    sides = f"{percent(d.second or 0.0)} and {percent(d.first or 0.0)}, " if d.share else ""
    return f"{subject} {how} ({sides}difference {_interval(d)}, n = {f.n:,})."


def _interval(d: Difference) -> str:
    f = d.finding
    if f.low is None or f.high is None:
        return "without interval"
    if d.share:
        return f"95 % interval {fixed(100 * f.low, 0)} to {fixed(100 * f.high, 0)}"
    low, high = (number(bound, f.low, f.high) for bound in (f.low, f.high))
    return f"95 % interval {low} to {high}"
