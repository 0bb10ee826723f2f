"""From what a chat endpoint sent to the two texts: what it said, why it stopped, and the object inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fauve.models.generators.api_answers import NoPicture, dig
from fauve.prompts.checks import Fault
from fauve.records import Outcome

__all__ = ["Said", "Texts", "read_said", "read_texts"]


@dataclass(frozen=True, slots=True)
class Said:
    """The text of an answer, whether it was cut off at the token limit, and the tokens in and out (0: not told)."""

    text: str
    cut: bool
    tokens: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Texts:
    """What a rewriter wants out of an answer."""

    anti: str
    negative: str


def read_said(answer: Any) -> Said:
    """What an answer of ``/chat/completions`` says; empty text where it says nothing.

    Raises:
        NoPicture: refused or filtered, where the model or the service will not write this.
    """
    first = dig(answer, "choices", 0)
    refusal, stopped = dig(first, "message", "refusal"), dig(first, "finish_reason")
    if isinstance(refusal, str) and refusal.strip():
        raise NoPicture(Outcome.REFUSED, refusal)
    if stopped == "content_filter":
        raise NoPicture(Outcome.FILTERED, "the service filtered the answer")
    tokens = tuple(dig(answer, "usage", name) for name in ("prompt_tokens", "completion_tokens"))
    told, written = (count if isinstance(count, int) and count > 0 else 0 for count in tokens)
    return Said(_text(dig(first, "message", "content")), stopped == "length", (told, written))


def read_texts(text: str) -> Texts | Fault:
    """The object in an answer, past fences, thinking aloud and a comma too many; or why there is none."""
    found = [candidate for candidate in _objects(text) if isinstance(candidate, dict)]
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


def _text(content: Any) -> str:
    if isinstance(content, list):  # some endpoints send parts
        return "".join(part for part in (dig(one, "text") for one in content) if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _objects(text: str) -> Iterator[Any]:
    """Every JSON value that starts with a brace, outermost first; the text as it is, then without a comma too many."""
    # what a model thought aloud may hold drafts that it dropped
    spoken = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    for version in dict.fromkeys([spoken, re.sub(r",(\s*[}\]])", r"\1", spoken)]):
        found = list(_decoded(version))
        if found:
            yield from found
            return


def _decoded(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
        else:
            yield value
            at = text.find("{", end)
