"""Prompts read back: the request that a caption of the lab's grammar makes, phrase by phrase.

The grammar has no two values with a common phrase, so that its captions have one meaning. Words that it does not know
are counted, not guessed at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fauve.lab.captions import words
from fauve.lab.phrases import OPENERS, PHRASES
from fauve.lab.scene import INDEX, SLOTS, token

__all__ = ["Reading", "read_request"]

_SILENT = frozenset({"a", "an", "and", "something"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text asks of the lab's world: a request row (S,), -1 where it says nothing, and the words left over."""

    request: NDArray[np.int64]
    unread: tuple[str, ...]


def read_request(text: str) -> Reading:
    """The request of a caption, by its longest phrases first; a value that is named twice is the last one named."""
    spoken, longest = _phrases()
    found = np.full(len(SLOTS), -1, dtype=np.int64)
    unread: list[str] = []
    heard, place = words(text), 0
    while place < len(heard):
        for length in range(min(longest, len(heard) - place), 0, -1):
            meaning = spoken.get(tuple(heard[place : place + length]))
            if meaning is not None:
                if meaning[0]:
                    found[INDEX[meaning[0]]] = token(*meaning)
                place += length
                break
        else:
            if heard[place] not in _SILENT:
                unread.append(heard[place])
            place += 1
    return Reading(found, tuple(unread))


@cache
def _phrases() -> tuple[dict[tuple[str, ...], tuple[str, str]], int]:
    """What each sequence of words means (slot, value), openers nothing; and the length of the longest."""
    spoken = {
        tuple(words(phrase)): (slot, value)
        for slot, values in PHRASES.items()
        for value, phrases in values.items()
        for phrase in phrases
    }
    spoken |= {tuple(words(opener)): ("", "") for opener in OPENERS}
    return spoken, max(map(len, spoken))
