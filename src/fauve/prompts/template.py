"""The rewriter that needs no model: the vocabulary's own requests, joined to a caption in one of several ways.

Deterministic and offline; which way a caption gets depends on the caption and its dimensions alone. It is the plain
wording against which one by a language model, or by hand, can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fauve.keys import digest, seed_from
from fauve.prompts.checks import MOST_ANTI_WORDS, MOST_NEGATIVE_WORDS
from fauve.prompts.rewriting import RewriteRequest, Rewritten
from fauve.prompts.wording import word_count
from fauve.records import Outcome
from fauve.vocabulary import dimension

__all__ = ["TemplateRewriter"]

_FRAMES = (
    "{Effects}. That comes first; the scene comes second: {caption}.",
    "{Caption}. More important than the scene: {effects}.",
    "Before anything else, {effects}. The scene: {caption}.",
    "{Caption}. Above all, {effects}.",
    "{Effects}, and this outweighs what is shown: {caption}.",
    "What matters most is that {effects}. What is shown: {caption}.",
    "{Caption}. Yet {effects}, and that is the point.",
    "Let it be seen at once that {effects}. Shown is this: {caption}.",
)
_SHORTEST = "{Effects}. {Caption}."

_DETERMINERS = """a an the one two three four five six seven eight nine ten several some many people children men women
    this that these those there"""
_MAY_BE_LOWER = frozenset(_DETERMINERS.split())


class TemplateRewriter:
    """Joins the requests of the vocabulary to a caption."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Frames and rules; the vocabulary's wording shows in the texts themselves."""
        return {"rewriter": "template", "frames": digest([*_FRAMES, _SHORTEST])}

    def rewrite(self, requests: Sequence[RewriteRequest]) -> list[Rewritten]:
        """One answer a request, in order; failed where a text would be too long or nothing is asked for.

        Raises:
            UnknownName: for a dimension that does not exist.
        """
        return [_rewritten(request) for request in requests]


def _rewritten(request: RewriteRequest) -> Rewritten:
    if not request.dimensions or not request.original.strip():
        return Rewritten(Outcome.FAILED, reason="there is no caption, or no dimension to ask for")
    asked = [dimension(name) for name in request.dimensions]
    negative = ", ".join(word for one in asked if (word := one.negative))
    order = sorted(asked, key=lambda one: digest([request.original, one.name]))
    effects = _joined([one.request for one in order])
    frame = _FRAMES[seed_from(request.original, sorted(request.dimensions)) % len(_FRAMES)]
    anti = _filled(frame, request.original, effects)
    if word_count(anti) > MOST_ANTI_WORDS:
        anti = _filled(_SHORTEST, request.original, effects)
    if word_count(anti) > MOST_ANTI_WORDS:
        return Rewritten(Outcome.FAILED, reason=f"the prompt would have {word_count(anti)} words: shorten the caption")
    if not negative or word_count(negative) > MOST_NEGATIVE_WORDS:
        return Rewritten(Outcome.FAILED, reason=f"the negative prompt would be {negative!r}: ask for fewer dimensions")
    return Rewritten(Outcome.OK, anti, negative)


def _joined(clauses: Sequence[str]) -> str:
    # clauses may hold commas and an "and" of their own, so only semicolons keep more than two apart
    if len(clauses) <= 2:
        return ", and ".join(clauses)
    return "; ".join([*clauses[:-1], f"and {clauses[-1]}"])


def _filled(frame: str, original: str, effects: str) -> str:
    caption = original.strip().rstrip(".").strip()
    first = caption.split()[0]
    lower = caption[0].lower() + caption[1:] if first.lower() in _MAY_BE_LOWER else caption
    upper = caption[0].upper() + caption[1:]
    return frame.format(Effects=effects[0].upper() + effects[1:], effects=effects, caption=lower, Caption=upper)
