"""What a chat service said: the text, why it stopped, the tokens, and the JSON objects inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fauve.models.generators.api_answers import NoPicture, dig
from fauve.records import Outcome

__all__ = ["Fault", "Said", "objects", "objects_in", "read_said"]


class Fault(Exception):
    """Why an answer cannot be used; said to the model when it is asked again.

    ``outcome`` is that of the question where the last answer has this fault.
    """

    def __init__(self, told: str, outcome: Outcome = Outcome.UNPARSABLE) -> None:
        self.outcome = outcome
        super().__init__(told)


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one call.

    Attributes:
        text: of the answer; empty where it says nothing.
        cut: whether it was cut off at the token limit.
        tokens: in and out (0: not told).
        answer: the whole object that the service sent.
    """

    text: str
    cut: bool
    tokens: tuple[int, int]
    answer: Mapping[str, Any] = field(repr=False)


def read_said(answer: Mapping[str, Any]) -> Said:
    """What an answer of ``/chat/completions`` says; empty text where it says nothing.

    Raises:
        NoPicture: refused or filtered, where the model or the service will not answer this.
    """
    first = dig(answer, "choices", 0)
    refusal, stopped = dig(first, "message", "refusal"), dig(first, "finish_reason")
    if isinstance(refusal, str) and refusal.strip():
        raise NoPicture(Outcome.REFUSED, refusal)
    if stopped == "content_filter":
        raise NoPicture(Outcome.FILTERED, "the service filtered the answer")
    tokens = tuple(dig(answer, "usage", name) for name in ("prompt_tokens", "completion_tokens"))
    told, written = (count if isinstance(count, int) and count > 0 else 0 for count in tokens)
    return Said(_text(dig(first, "message", "content")), stopped == "length", (told, written), answer)


def objects_in(said: Said) -> list[dict[str, Any]]:
    """The JSON objects in an answer, as :func:`objects` finds them. Raises Fault where there is none."""
    found = objects(said.text)
    if not found:
        raise Fault("It was cut off: be brief." if said.cut else "There is no JSON object in it.")
    return found


def objects(text: str) -> list[dict[str, Any]]:
    """Every JSON object in an answer, outermost ones in order, past prose, fences, thinking aloud and a comma too many.

    A key that one object states twice with different values has the tuple of them, which is no value that a reader
    takes: of two answers none is chosen here.
    """
    # what a model thought aloud may hold drafts that it dropped
    spoken = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    for version in dict.fromkeys([spoken, re.sub(r",(\s*[}\]])", r"\1", spoken)]):
        found = [value for value in _decoded(version) if isinstance(value, dict)]
        if found:
            return found
    return []


def _text(content: Any) -> str:
    if isinstance(content, list):  # some services send parts
        return "".join(part for part in (dig(one, "text") for one in content) if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _decoded(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(strict=False, object_pairs_hook=_object), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
        else:
            yield value
            at = text.find("{", end)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        made[key] = (made[key], value) if key in made and made[key] != value else value
    return made
