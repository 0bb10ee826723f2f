"""From what a chat endpoint said to the two texts that are wanted."""

from __future__ import annotations

from dataclasses import dataclass

from fauve.models.chat.replies import Fault, Said, objects_in

__all__ = ["Texts", "read_texts"]


@dataclass(frozen=True, slots=True)
class Texts:
    """What a rewriter wants out of an answer."""

    anti: str
    negative: str


def read_texts(said: Said) -> Texts:
    """The two texts in an answer, past fences, thinking aloud and a comma too many. Raises Fault where they are not."""
    whole = [candidate for candidate in objects_in(said) if {"anti", "negative"} <= candidate.keys()]
    if not whole:
        raise Fault("Its object lacks 'anti' or 'negative'.")
    anti, negative = whole[-1]["anti"], whole[-1]["negative"]
    if isinstance(negative, list) and all(isinstance(word, str) for word in negative):
        negative = ", ".join(negative)
    if not isinstance(anti, str) or not isinstance(negative, str):
        raise Fault("'anti' and 'negative' must be texts.")
    return Texts(" ".join(anti.split()), " ".join(negative.split()))
