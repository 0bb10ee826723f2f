"""From what a chat endpoint said to the two texts that are wanted."""

from __future__ import annotations

from dataclasses import dataclass

from fauve.models.chat.replies import objects
from fauve.prompts.checks import Fault

__all__ = ["Texts", "read_texts"]


@dataclass(frozen=True, slots=True)
class Texts:
    """What a rewriter wants out of an answer."""

    anti: str
    negative: str


def read_texts(text: str) -> Texts | Fault:
    """The object in an answer, past fences, thinking aloud and a comma too many; or why there is none."""
    found = objects(text)
    whole = [candidate for candidate in found if {"anti", "negative"} <= candidate.keys()]
    if not whole:
        kind = "Its object lacks 'anti' or 'negative'." if found else "There is no JSON object in it."
        return Fault("form", kind)
    anti, negative = whole[-1]["anti"], whole[-1]["negative"]
    if isinstance(negative, list) and all(isinstance(word, str) for word in negative):
        negative = ", ".join(negative)
    if not isinstance(anti, str) or not isinstance(negative, str):
        return Fault("form", "'anti' and 'negative' must be texts.")
    return Texts(" ".join(anti.split()), " ".join(negative.split()))
