"""Requests in words: captions, the vocabulary that models read them with, and pairs of plain and anti prompts.

A request is an int64 row like a scene in which -1 means "not asked". The wording is in :mod:`fauve.lab.phrases`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.lab.phrases import OPENERS, PHRASES, POLISHED, RESERVED_OPENERS
from fauve.lab.scene import DIMENSION_SLOTS, FACE, INDEX, NEGATIVE_EMOTIONS, SIZES, SLOTS, check_scenes
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = [
    "LENGTH",
    "VOCABULARY",
    "LabPair",
    "anti_requests",
    "describe",
    "draw_pairs",
    "dropped",
    "encode",
    "evaluation_pairs",
    "mentions",
    "plain_requests",
    "words",
]

LENGTH = 36
"""Tokens of an encoded caption: enough for five dimensions in their longest words."""

_NOUN_SLOTS = ("subject", "hue", "layout")
_CLAUSES = tuple(i for i, slot in enumerate(SLOTS) if slot.name not in _NOUN_SLOTS)
_VEILS = frozenset({"clarity", "color brightness", "detail refinement", "detail realism"})
_ILLEGIBLE: tuple[frozenset[str], ...] = (
    frozenset({"clarity", "detail refinement"}),  # blocks have hard edges: the blur beneath them cannot be seen
    frozenset({"emotion", "clarity"}),  # nobody reads an expression in a blur
    frozenset({"emotion", "main object"}),  # or that of a speck
    frozenset({"main object", "clarity"}),  # a speck must be seen well to be told from another
    frozenset({"main object", "detail refinement"}),
    frozenset({"main object", "detail realism"}),
    frozenset({"main object", "background", "richness"}),  # nothing would be left of the picture
)
_WORD = re.compile(r"[a-z]+")
_TABLE = tuple(tuple(PHRASES[slot.name][value] for value in slot.values) for slot in SLOTS)


def words(text: str) -> list[str]:
    """The words of a text, lower-cased, without punctuation."""
    return _WORD.findall(text.lower())


def _vocabulary() -> tuple[str, ...]:
    phrases = [p for slot in _TABLE for value in slot for p in value]
    found = {w for text in (*OPENERS, *phrases, *POLISHED.values(), "a an and something") for w in words(text)}
    return ("<pad>", "<unknown>", *sorted(found))


VOCABULARY: tuple[str, ...] = _vocabulary()
"""Every word of the captions; index 0 pads and 1 stands for any other word."""

_TOKENS = {word: i for i, word in enumerate(VOCABULARY)}


def encode(texts: Sequence[str]) -> NDArray[np.int64]:
    """Word tokens, (n, ``LENGTH``) int64, padded with 0; words beyond ``LENGTH`` are cut (see :func:`dropped`)."""
    out = np.zeros((len(texts), LENGTH), dtype=np.int64)
    for row, text in zip(out, texts, strict=True):
        found = [_TOKENS.get(word, 1) for word in words(text)[:LENGTH]]
        row[: len(found)] = found
    return out


def dropped(texts: Sequence[str]) -> NDArray[np.int64]:
    """How many words of each text :func:`encode` cuts, (n,) int64."""
    return np.array([max(0, len(words(text)) - LENGTH) for text in texts], dtype=np.int64)


def describe(requests: NDArray[np.int64], rng: np.random.Generator, *, reserved: bool = False) -> list[str]:
    """Write one caption a request, such as "a gouache of a crimson boat, the shapes sagging like wax".

    Args:
        requests: (n, S) tokens, -1 where nothing is said.
        rng: Chooses the wording and the order of the clauses.
        reserved: Use only reserved wording; otherwise none of it.

    Raises:
        ValueError: A request asks for an emotion of something that is not a face.
    """
    check_scenes(requests, requests=True)
    subject, emotion = requests[:, INDEX["subject"]], requests[:, INDEX["emotion"]]
    wrong = (emotion >= 0) & (subject >= 0) & (subject != FACE)
    if wrong.any():
        raise ValueError(f"request {int(np.argmax(wrong))} asks for an emotion without a face: only faces show one")
    choice = rng.random((len(requests), len(SLOTS) + 1))
    order = np.argsort(rng.random((len(requests), len(_CLAUSES))), axis=1)
    rows = zip(requests.tolist(), choice.tolist(), order.tolist(), strict=True)
    return [_sentence(row, picks, turn, reserved) for row, picks, turn in rows]


def _pick(options: Sequence[str], u: float, reserved: bool, held_back: int = 1) -> str:
    free = len(options) - held_back
    return options[free + int(u * held_back)] if reserved else options[int(u * free)]


def _sentence(row: list[int], picks: list[float], turn: list[int], reserved: bool) -> str:
    def say(column: int) -> str:
        return _pick(_TABLE[column][row[column]], picks[column], reserved)

    subject, hue, layout = (INDEX[name] for name in _NOUN_SLOTS)
    noun = [say(hue)] if row[hue] >= 0 else []
    if row[subject] >= 0:
        noun.append(say(subject))
        noun.insert(0, "an" if noun[0][0] in "aeiou" else "a")
    else:
        noun.insert(0, "something")
    if row[layout] >= 0:
        noun.append(say(layout))
    parts = [" ".join((_pick(OPENERS, picks[-1], reserved, RESERVED_OPENERS), *noun))]
    clauses = [say(_CLAUSES[i]) for i in turn if row[_CLAUSES[i]] >= 0]
    if len(clauses) > 1:
        clauses[-2:] = [f"{clauses[-2]} and {clauses[-1]}"]
    return ", ".join(parts + clauses)


def mentions(
    rng: np.random.Generator, scenes: NDArray[np.int64], *, least: int = 0, most: int = 5
) -> NDArray[np.int64]:
    """What captions say of scenes: requests that name the subject, mostly the hue, and some dimensions.

    Args:
        rng: Chooses what is said.
        scenes: (n, S) tokens.
        least: Fewest dimensions named; ``most`` the most (at most 5 fit into ``LENGTH``).

    Returns:
        (n, S) int64: the scenes, with -1 where the caption says nothing. Emotion is named of faces only.
    """
    check_scenes(scenes)
    n = len(scenes)
    said = np.full(scenes.shape, -1, dtype=np.int64)
    for name, share in (("subject", 1.0), ("hue", 0.7), ("layout", 0.25)):
        column = INDEX[name]
        said[:, column] = np.where(rng.random(n) < share, scenes[:, column], -1)
    count = rng.integers(least, most + 1, n)
    keys = rng.random((n, len(DIMENSION_SLOTS)))
    # A face's emotion is what people mention of it first.
    face = scenes[:, INDEX["subject"]] == FACE
    keys[:, DIMENSION_SLOTS.index(INDEX["emotion"])] *= np.where(face, 0.3, np.inf)
    rank = np.argsort(np.argsort(keys, axis=1), axis=1)
    for place, column in enumerate(DIMENSION_SLOTS):
        named = (rank[:, place] < count) & np.isfinite(keys[:, place])
        said[:, column] = np.where(named, scenes[:, column], -1)
    return said


def plain_requests(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Plain prompts: a subject, a hue in 0.85 of them, a layout in 0.3; no dimension is named. (n, S) int64."""
    requests = np.full((n, len(SLOTS)), -1, dtype=np.int64)
    for name, share in (("subject", 1.0), ("hue", 0.85), ("layout", 0.3)):
        column = INDEX[name]
        requests[:, column] = np.where(rng.random(n) < share, rng.integers(0, SIZES[column], n), -1)
    return requests


def _allowed(plain: NDArray[np.int64], chosen: set[str], name: str) -> bool:
    """Whether the renderer can show ``name`` at its low end legibly beside what is asked already."""
    asked = chosen | {name}
    if name == "emotion" and plain[INDEX["subject"]] != FACE:
        return False
    if "background" in asked and plain[INDEX["layout"]] >= 0:
        return False  # a place that is wiped out is no longer seen
    if any(group <= asked for group in _ILLEGIBLE):
        return False
    return len(asked & _VEILS) <= (1 if "emotion" in asked else 2)


def _choose(
    plain: NDArray[np.int64], count: int, keys: NDArray[np.float64], first: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The ``count`` dimensions with the smallest keys that go together, after those of ``first``."""
    chosen = set(first)
    for place in np.argsort(keys, kind="stable"):
        name = PROMPT_DIMENSIONS[int(place)]
        if len(chosen) < count and name not in chosen and _allowed(plain, chosen, name):
            chosen.add(name)
    return tuple(name for name in PROMPT_DIMENSIONS if name in chosen)


def _ask_low(plain: NDArray[np.int64], names: Sequence[str], emotion: int) -> NDArray[np.int64]:
    request = plain.copy()
    for name in names:
        request[INDEX[name]] = emotion if name == "emotion" else 0
    return request


def anti_requests(rng: np.random.Generator, plain: NDArray[np.int64]) -> NDArray[np.int64]:
    """Plain requests that also ask for two to four dimensions at their low end, (n, S) int64.

    Faces are asked for a negative emotion half of the time. Combinations that the renderer cannot show legibly are
    never drawn: an expression of a tiny face, a place whose background is wiped out, blur
    under blocks, a speck that is blurred, broken up or melted.
    """
    check_scenes(plain, requests=True)
    counts = rng.integers(2, 5, len(plain))
    keys = rng.random((len(plain), len(PROMPT_DIMENSIONS)))
    feel = rng.random(len(plain)) < 0.5
    moods = rng.choice(NEGATIVE_EMOTIONS, len(plain))
    out = plain.copy()
    for i, row in enumerate(plain):
        first = ("emotion",) if row[INDEX["subject"]] == FACE and feel[i] else ()
        out[i] = _ask_low(row, _choose(row, int(counts[i]), keys[i], first), int(moods[i]))
    return out


@dataclass(frozen=True, slots=True)
class LabPair:
    """A plain and an anti prompt, with the requests that they put into words.

    ``original`` and ``anti`` are (S,) request rows; ``negative`` is what guidance steers away from, the polished
    opposite of what is asked in at most six words; ``dimensions`` are those asked at their low end.
    """

    id: str
    original: NDArray[np.int64]
    anti: NDArray[np.int64]
    prompt_original: str
    prompt_anti: str
    negative: str
    dimensions: tuple[str, ...]


def evaluation_pairs() -> list[LabPair]:
    """The 300 pairs that runs and reports ask with; alignment never sees a phrase of them."""
    return draw_pairs(300, seed=2512)


def draw_pairs(n: int, seed: int) -> list[LabPair]:
    """Draw ``n`` pairs in reserved wording, balanced over dimensions and subjects.

    Two to four dimensions a pair, in equal shares. A quarter of the pairs are faces, because only they can be asked
    for an emotion, and each of them is (sadness, anger and fear in turn); the other subjects share the rest equally.
    Prompt and anti prompt of a pair have the same words for what they share.
    """
    rng = np.random.default_rng([seed, 11])
    plain = plain_requests(rng, n)
    others = [i for i in range(SIZES[0]) if i != FACE]
    cycle = np.arange(n)
    plain[:, INDEX["subject"]] = np.where(
        cycle % 4 == 0, FACE, np.array(others)[(cycle - cycle // 4 - 1) % len(others)]
    )
    counts = rng.permutation(2 + cycle % 3)
    used = np.zeros(len(PROMPT_DIMENSIONS))
    pairs = []
    for i, row in enumerate(plain):
        face = row[INDEX["subject"]] == FACE
        keys = used + rng.random(len(used))  # the least used first, ties at random
        names = _choose(row, int(counts[i]), keys, ("emotion",) if face else ())
        used += [name in names for name in PROMPT_DIMENSIONS]
        anti = _ask_low(row, names, NEGATIVE_EMOTIONS[(i // 4) % len(NEGATIVE_EMOTIONS)])
        before, after = (describe(r[None], np.random.default_rng([seed, i]), reserved=True)[0] for r in (row, anti))
        negative = ", ".join(POLISHED[name] for name in names)
        pairs.append(LabPair(f"lab-{seed}-{i:04d}", row, anti, before, after, negative, names))
    return pairs
