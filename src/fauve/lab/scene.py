"""Scenes: the tokens that say everything about a picture of the lab's world.

A scene is an int64 row of ``len(SLOTS)`` tokens, a batch of scenes an array of shape (n, ``len(SLOTS)``). Ten of
the slots are the dimensions of :data:`fauve.vocabulary.PROMPT_DIMENSIONS` at three levels (0 low, 1 middle, 2 high);
the eleventh dimension, emotion, has five values and shows in faces only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = [
    "CALM",
    "DIMENSION_SLOTS",
    "FACE",
    "INDEX",
    "NEGATIVE_EMOTIONS",
    "SIZES",
    "SLOTS",
    "Slot",
    "canonical",
    "check_scenes",
    "draw_scenes",
    "name_values",
    "token",
]

LEVELS = ("low", "middle", "high")


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a scene, with the names of its values; a token is an index into ``values``."""

    name: str
    values: tuple[str, ...]


SLOTS: tuple[Slot, ...] = (
    Slot("subject", ("face", "cat", "bird", "tree", "house", "boat", "flower", "bottle")),
    Slot("hue", ("red", "orange", "yellow", "green", "turquoise", "blue", "violet", "pink")),
    Slot("palette", ("kindred", "opposite", "triad", "pale")),
    Slot("layout", ("hills", "sea", "meadow", "mountains", "desert", "town", "room", "window")),
    Slot("corner", ("upper left", "upper right", "lower left", "lower right")),
    *(Slot(name, LEVELS) for name in PROMPT_DIMENSIONS if name != "emotion"),
    Slot("emotion", ("happy", "calm", "sad", "angry", "scared")),
)
"""All slots, in the order in which a generator emits them.

``palette`` says how the companions of the hue are chosen, ``layout`` where the subject stands, ``corner`` from where
the light falls and to which side a subject leans that does not hold the middle.
"""

SIZES: tuple[int, ...] = tuple(len(slot.values) for slot in SLOTS)
"""How many values each slot has."""

INDEX: dict[str, int] = {slot.name: i for i, slot in enumerate(SLOTS)}
"""The column of each slot."""

DIMENSION_SLOTS: tuple[int, ...] = tuple(INDEX[name] for name in PROMPT_DIMENSIONS)
"""The columns of the eleven dimensions, in the order of ``PROMPT_DIMENSIONS``."""

FACE = SLOTS[0].values.index("face")
CALM = SLOTS[-1].values.index("calm")
NEGATIVE_EMOTIONS: tuple[int, ...] = tuple(SLOTS[-1].values.index(name) for name in ("sad", "angry", "scared"))


def token(slot: str, value: str) -> int:
    """The token of a value; raises ``KeyError`` or ``ValueError`` for a name that the world lacks."""
    return SLOTS[INDEX[slot]].values.index(value)


def name_values(scene: NDArray[np.int64]) -> dict[str, str]:
    """The values of one scene or request by slot name; what a request does not ask (-1) is left out."""
    return {slot.name: slot.values[int(t)] for slot, t in zip(SLOTS, scene, strict=True) if t >= 0}


def check_scenes(scenes: NDArray[np.int64], *, requests: bool = False) -> None:
    """Raise ``ValueError`` unless ``scenes`` is (n, S) of tokens that exist; ``requests`` may hold -1."""
    if scenes.ndim != 2 or scenes.shape[1] != len(SLOTS):
        raise ValueError(f"scenes have the shape (n, {len(SLOTS)}), not {scenes.shape}: pass one row a scene")
    floor = -1 if requests else 0
    bad = (scenes < floor) | (scenes >= np.array(SIZES))
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"scene {row} has the token {int(scenes[row, column])} in {SLOTS[column].name!r}: "
            f"tokens there go from {floor} to {SIZES[column] - 1}"
        )


def canonical(scenes: NDArray[np.int64]) -> NDArray[np.int64]:
    """A copy in which every scene without a face has the emotion "calm", as nothing else can show one."""
    out = scenes.copy()
    out[out[:, INDEX["subject"]] != FACE, INDEX["emotion"]] = CALM
    return out


def draw_scenes(rng: np.random.Generator, n: int, *, low: float = 0.13, faces: float = 0.35) -> NDArray[np.int64]:
    """Draw the world's pictures: mostly passable and good ones, as on the web.

    Args:
        rng: The source of every draw.
        n: How many.
        low: Share of low levels, for each dimension by itself; the middle has 0.35 of the rest.
        faces: Share of faces; the other subjects share what is left, and emotions are uniform among faces.

    Returns:
        (n, S) int64, canonical.
    """
    if not 0 <= low <= 1 or not 0 <= faces <= 1:
        raise ValueError(f"low={low} and faces={faces} are shares: give numbers from 0 to 1")
    scenes = np.stack([rng.integers(0, size, n) for size in SIZES], axis=1).astype(np.int64)
    others = rng.integers(1, SIZES[0], n)
    scenes[:, INDEX["subject"]] = np.where(rng.random(n) < faces, FACE, (FACE + others) % SIZES[0])
    edges = np.array([low, low + 0.35 * (1 - low)])
    for column in DIMENSION_SLOTS:
        if SLOTS[column].name != "emotion":
            scenes[:, column] = np.searchsorted(edges, rng.random(n), side="right")
    return canonical(scenes)
