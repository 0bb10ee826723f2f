"""Words of a prompt: how many, which carry the scene, how much two texts share."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["content_words", "kept_share", "nearest_texts", "overlap", "word_count"]

_TEXT = """a an the and or but of in on at to with by is are its his her their from for that this under over beside near
    behind two three four into onto as no up out off it one who while through past along across against between before
    after toward around outside inside above below down next front other some has have be not"""
_SMALL_WORDS = frozenset(_TEXT.split())
_STEM = 4
"""Letters by which *carries* and *carried* are taken for one word; longer ones would part irregular forms."""


def word_count(text: str) -> int:
    """Words between white space: what every limit of a prompt's length here counts."""
    return len(text.split())


def content_words(text: str) -> list[str]:
    """The words that carry a scene, in lower case and order, without small words and possessive endings."""
    words = (word.removesuffix("'s").strip("'-") for word in re.findall(r"[^\W\d_][\w'’-]*", text.lower()))
    return [word for word in words if word and word not in _SMALL_WORDS]


def kept_share(original: str, anti: str) -> float:
    """Share of the original's content words, in [0, 1], of which the anti prompt has a form; 1 where it has none."""
    wanted = content_words(original)
    have = _stems(anti)
    return sum(_stem(word) in have for word in wanted) / len(wanted) if wanted else 1.0


def overlap(first: str, second: str) -> float:
    """Shared content words over all content words of both (Jaccard), in [0, 1]."""
    return _shared(_stems(first), _stems(second))


def nearest_texts(texts: Mapping[str, str]) -> tuple[float, str, str]:
    """The largest overlap among texts by id, and the two ids. Raises ValueError for fewer than two."""
    stems = {name: _stems(text) for name, text in texts.items()}
    return max((_shared(stems[a], stems[b]), a, b) for a, b in combinations(stems, 2))


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(_stem, content_words(text)))


def _stem(word: str) -> str:
    return word.removesuffix("s")[:_STEM]


def _shared(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 1.0
