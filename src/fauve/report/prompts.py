"""What a prompt asks for beyond the plain caption, as marked words."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

__all__ = ["Segment", "marked"]

Segment = tuple[str, bool]
"""A stretch of a prompt, and whether it asks for something that the plain caption does not."""

_WORDS = re.compile(r"\S+\s*")
_LETTERS = re.compile(r"\W+")
_SHARED_AT_LEAST = 0.2


def marked(prompt: str, plain: str | None) -> list[Segment]:
    """The prompt in stretches; words that ``plain`` does not have are marked as asked for.

    Nothing is marked where there is no plain caption, or where the two share less than a fifth of the prompt's words:
    then the prompt was written anew and marks would say nothing.
    """
    text = prompt.strip()
    words = _WORDS.findall(text)
    if not words or not plain:
        return [(text, False)]
    here, there = [_key(w) for w in words], [_key(w) for w in _WORDS.findall(plain)]
    asked = [True] * len(words)
    for block in SequenceMatcher(None, there, here, autojunk=False).get_matching_blocks():
        asked[block.b : block.b + block.size] = [False] * block.size
    if len(words) - sum(asked) < _SHARED_AT_LEAST * len(words):
        return [(text, False)]
    segments: list[Segment] = []
    for word, new in zip(words, asked, strict=True):
        if segments and segments[-1][1] == new:
            segments[-1] = (segments[-1][0] + word, new)
        else:
            segments.append((word, new))
    return segments


def _key(word: str) -> str:
    return _LETTERS.sub("", word).casefold()
