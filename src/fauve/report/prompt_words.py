"""The words of the prompts: by dimension those that tell a request apart, and those of the plain captions.

A cloud of words as a list that can be read aloud: each word stands with the count of prompts that hold it, and its size
is one of seven steps of their share. Which words are shown, and in which order, follows from the counts alone.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from fauve.ledger import Ledger, queries
from fauve.prompts.wording import content_words
from fauve.report.csv_cells import csv_text
from fauve.studies.evidence import STIMULI, Evidence
from fauve.vocabulary import DIMENSIONS

__all__ = ["PAGE", "Cloud", "Word", "clouds", "words_context", "words_csv"]

PAGE = "words.html"

MOST_WORDS = 18
MOST_CAPTION_WORDS = 40
FEWEST_PROMPTS = 5
"""Prompts that ask for a dimension, below which nothing tells it apart."""
FEWEST_HOLDING = 2
"""A word in one prompt is that prompt's."""
CLEAR = 2.0
"""Standard errors that the log odds of a word must lie above none."""
STEPS = 7

FIRST = "written"
"""The wording that pairs have which name none."""

_STEM = 4
_TEXT = """all any anything been being can could did do does each else even every everything here if itself just let
    like more most much neither no nobody none nor nothing of only ought rather should so such than them then there
    they too until very was were what when where whether which while whose will would yet"""
_EMPTY = frozenset(_TEXT.split())
"""Words that carry neither a scene nor a request, beside those that are small anyhow."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the count of prompts that hold it, and the step of its size: 1 is the smallest."""

    text: str
    prompts: int
    step: int


@dataclass(frozen=True, slots=True)
class Cloud:
    """The words of one dimension, or of the captions (``name`` empty), and how many prompts they are taken from."""

    name: str
    prompts: int
    words: tuple[Word, ...]


def clouds(ledger: Ledger, evidence: Evidence) -> list[Cloud]:
    """Captions first, then every dimension that has words of its own, in the order of the vocabulary.

    Distinct prompts count once; where there are several wordings only the first one's (``written`` before any other,
    which go by name). Words of a prompt's own caption are not among those of its request. Stimuli, whose prompts are
    made by one rule, and pairs without texts are left out.
    """
    asked = _prompts(ledger, evidence)
    if not asked:
        return []
    captions = _captions({caption for caption, _, _ in asked})
    known = [*DIMENSIONS, *sorted({name for _, _, names in asked for name in names} - set(DIMENSIONS))]
    told = [(_own_words(caption, request), names) for caption, request, names in asked]
    return [captions, *(cloud for name in known if (cloud := _cloud(name, told)) is not None)]


def _prompts(ledger: Ledger, evidence: Evidence) -> list[tuple[str, str, tuple[str, ...]]]:
    """Distinct (caption, anti prompt, dimensions) of pairs with texts, in one wording."""
    items = evidence.items.filter((pl.col("kind") == "pair") & (pl.col("generator") != STIMULI))
    wordings = [json.loads(groups).get("wording", FIRST) for groups in items["groups"]]
    first = min(wordings, key=lambda name: (name != FIRST, name), default=FIRST)
    rows = zip(wordings, items["cluster"], items["request"], items["dimensions"].to_list(), strict=True)
    keys = dict.fromkeys((po, pa, tuple(sorted(names))) for wording, po, pa, names in rows if wording == first)
    texts = queries.prompts(ledger, [key for po, pa, _ in keys for key in (po, pa)])
    return [(texts[po], texts[pa], names) for po, pa, names in keys if po in texts and pa in texts]


def _own_words(caption: str, request: str) -> frozenset[str]:
    """Words of a request that no form of is in its caption."""
    had = {_stem(word) for word in content_words(caption)}
    return frozenset(word for word in content_words(request) if word not in _EMPTY and _stem(word) not in had)


def _stem(word: str) -> str:
    return word.removesuffix("s")[:_STEM]


def _captions(captions: Iterable[str]) -> Cloud:
    texts = sorted(captions)
    counts = Counter(word for text in texts for word in set(content_words(text)) - _EMPTY)
    chosen = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_CAPTION_WORDS]
    return Cloud("", len(texts), _sized(chosen, max(counts.values(), default=1)))


def _cloud(name: str, told: Sequence[tuple[frozenset[str], tuple[str, ...]]]) -> Cloud | None:
    """The words that prompts which ask for a dimension hold more often than the others, the clearest first."""
    asking = [words for words, names in told if name in names]
    others = [words for words, names in told if name not in names]
    if len(asking) < FEWEST_PROMPTS:
        return None
    inside, outside = (Counter(word for words in part for word in words) for part in (asking, others))
    clear = {
        word: z
        for word, count in inside.items()
        if count >= FEWEST_HOLDING and (z := _apart(count, len(asking), outside[word], len(others))) >= CLEAR
    }
    chosen = sorted(clear, key=lambda word: (-clear[word], word))[:MOST_WORDS]
    if not chosen:
        return None
    return Cloud(name, len(asking), _sized([(word, inside[word]) for word in chosen], len(asking)))


def _apart(here: int, asking: int, there: int, others: int) -> float:
    """Log odds ratio with half a count added to every cell (Haldane 1956), over its standard error."""
    cells = [here + 0.5, asking - here + 0.5, there + 0.5, others - there + 0.5]
    ratio = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
    return ratio / math.sqrt(sum(1 / cell for cell in cells))


def _sized(counts: Sequence[tuple[str, int]], most: int) -> tuple[Word, ...]:
    """Sizes in steps of the square root of count / ``most``, so that area and not height follows it."""
    return tuple(Word(text, count, 1 + round((STEPS - 1) * math.sqrt(count / most))) for text, count in counts)


def words_context(found: Sequence[Cloud]) -> dict[str, Any]:
    """What ``words.html`` names."""
    captions, *dimensions = found
    meanings = {name: DIMENSIONS[name].low for name in (cloud.name for cloud in dimensions) if name in DIMENSIONS}
    return {"captions": captions, "clouds": dimensions, "meanings": meanings}


def words_csv(found: Sequence[Cloud]) -> str:
    """Every word shown, one a row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["dimension", "word", "prompts", "of"])
    for cloud in found:
        for word in cloud.words:
            writer.writerow([csv_text(cloud.name or "captions"), csv_text(word.text), word.prompts, cloud.prompts])
    return buffer.getvalue()
