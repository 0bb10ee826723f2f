"""A caption made as long as an anti prompt, by words that say nothing of how the picture looks.

Anti prompts are longer than captions, so a score that falls with a prompt's length would pass for one that minds the
aesthetics. Under the lengthened caption only the length differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fauve.errors import DataError
from fauve.keys import digest
from fauve.prompts.rewriting import RewriteRequest, Rewritten
from fauve.prompts.texts import PairText
from fauve.prompts.wording import word_count
from fauve.records import Outcome

__all__ = ["FILLERS", "NeutralRewriter", "lengthened", "neutral_prompt"]

FILLERS: tuple[str, ...] = (
    "This is usual.",
    "Nobody planned it.",
    "It happens often.",
    "No occasion is known.",
    "Similar moments come again.",
    "The year is not given.",
    "It lasts a few minutes.",
    "Its date was never noted.",
    "This is part of everyday life.",
    "Who recorded it is not known.",
    "It could have happened last week.",
    "Most people have come across this before.",
    "Afterwards the day went on as usual.",
    "Something of the kind happens every day.",
    "The name of the place is not given.",
    "Nothing about it was arranged for the occasion.",
    "It is described here exactly as it was.",
    "There is no particular story to go with it.",
    "The same could be found in many other towns.",
    "What came before and what follows is not recorded.",
)
"""Sentences of 3 to 9 words without a word on look, mood, light, colour, place in the frame or further things."""

_LEADS = {1: "Shown:", 2: "Shown here:"}


def lengthened(original: str, words: int) -> str:
    """The caption with neutral sentences after it, of exactly ``words`` words; as it is where it has as many already.

    Which sentences, and in which order, depends on caption and length alone.

    Raises:
        DataError: where ``words`` is more than the caption and all sentences have.
    """
    caption = original.strip()
    gap = words - word_count(caption)
    if gap <= 0:
        return caption
    if gap in _LEADS:
        return f"{_LEADS[gap]} {caption}"
    order = sorted(FILLERS, key=lambda sentence: digest([caption, words, sentence]))
    chosen = _of_length(order, gap)
    if chosen is None:
        most = word_count(caption) + sum(word_count(sentence) for sentence in FILLERS)
        raise DataError(
            f"the caption {caption!r} cannot be made {words} words long: {most} is the most. Shorten the anti prompt."
        )
    ended = caption if caption[-1] in ".!?" else f"{caption}."
    return " ".join([ended, *chosen])


def neutral_prompt(pair: PairText) -> str:
    """The original prompt of a pair, as long in words as its anti prompt. Raises DataError as :func:`lengthened`."""
    return lengthened(pair.original, word_count(pair.anti))


class NeutralRewriter:
    """Writes the lengthened caption where an anti prompt stands otherwise: a pair that differs in length alone."""

    length_matched = True
    """It asks for no dimension, and is told how long a prompt shall be."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The sentences that it may add."""
        return {"rewriter": "neutral", "fillers": digest([*FILLERS, *_LEADS.values()])}

    def rewrite(self, requests: Sequence[RewriteRequest]) -> list[Rewritten]:
        """One answer a request, in order; failed where there is no length, or the caption has it already."""
        return [_neutral(request) for request in requests]


def _neutral(request: RewriteRequest) -> Rewritten:
    if request.words is None:
        return Rewritten(Outcome.FAILED, reason="there is no anti prompt whose length could be matched")
    count = word_count(request.original)
    if count >= request.words:
        reason = f"the caption has {count} words and the anti prompt {request.words}: there is nothing to add"
        return Rewritten(Outcome.FAILED, reason=reason)
    try:
        return Rewritten(Outcome.OK, lengthened(request.original, request.words))
    except DataError as error:
        return Rewritten(Outcome.FAILED, reason=str(error))


def _of_length(sentences: Sequence[str], words: int) -> list[str] | None:
    """The first sentences, each at most once, that have exactly so many words in all; None where none do."""
    reached: dict[int, list[str]] = {0: []}
    for sentence in sentences:
        size = word_count(sentence)
        for total, chosen in list(reached.items()):
            if total + size <= words:
                reached.setdefault(total + size, [*chosen, sentence])
    return reached.get(words)
