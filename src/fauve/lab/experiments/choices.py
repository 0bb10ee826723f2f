"""Which picture a scorer chooses: pairs of generators, pairs that differ in the request alone, and faces.

Scores are kept pair by pair. The pictures do not depend on the scorer, so they are drawn and looked at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fauve.lab.captions import LabPair, anti_requests, describe, encode
from fauve.lab.experiments.outcomes import Outcome
from fauve.lab.inference import Arrays, at_eye_size, trunk_features
from fauve.lab.render import render_many
from fauve.lab.scene import DIMENSION_SLOTS, FACE, INDEX, NEGATIVE_EMOTIONS, SIZES, SLOTS, token
from fauve.lab.truth import share_honoured

__all__ = ["Choices", "Contrasts", "Score", "choose", "contrasts_of_faces", "contrasts_of_outcome", "controlled"]

Ints = NDArray[np.int64]
Floats32 = NDArray[np.float32]
Score = Callable[[Floats32, Ints], NDArray[np.floating]]
"""Picture features (n, F) and prompts (n, L) -> scores (n,)."""

DRAWN_AT = 96
"""Pixels a side of the drawings, as in training: encoders see them averaged to their size."""


@dataclass(frozen=True, slots=True)
class Contrasts:
    """n prompts with two pictures each, seen through the trunk.

    Attributes:
        one: features of the anti (or otherwise faithful) picture, (n, F).
        other: of the original (or happy, or polished) picture.
        tokens: the prompts, (n, L).
        lead: by how much more of the request ``one`` meets, (n,); 0 is a tie of the truth.
        kind: what sort of contrast each is.
    """

    one: Floats32
    other: Floats32
    tokens: Ints
    lead: NDArray[np.float64]
    kind: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Choices:
    """Scores of the two pictures of each contrast, with the truth: (n,) each."""

    one: NDArray[np.float64]
    other: NDArray[np.float64]
    lead: NDArray[np.float64]
    kind: NDArray[np.str_]

    def write(self, path: Path) -> None:
        """Store compressed."""
        unfinished = path.with_name(path.name + ".part.npz")
        np.savez_compressed(
            unfinished,
            one=self.one.astype(np.float32),
            other=self.other.astype(np.float32),
            lead=self.lead.astype(np.float32),
            kind=self.kind,
        )
        unfinished.replace(path)

    @classmethod
    def read(cls, path: Path) -> Choices:
        """Choices from their file."""
        with np.load(path) as stored:
            numbers = {name: stored[name].astype(np.float64) for name in ("one", "other", "lead")}
            return cls(**numbers, kind=stored["kind"])


def choose(score: Score, parts: Mapping[str, Contrasts]) -> Choices:
    """What a scorer gives both pictures of every contrast."""
    found = list(parts.values())
    return Choices(
        np.concatenate([np.asarray(score(c.one, c.tokens), np.float64) for c in found]),
        np.concatenate([np.asarray(score(c.other, c.tokens), np.float64) for c in found]),
        np.concatenate([c.lead for c in found]),
        np.concatenate([c.kind for c in found]),
    )


def _rng(seed: int, place: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, place]))


def _seen(trunk: Arrays, scenes: Ints, seeds: Ints) -> Floats32:
    parts = [
        np.stack([at_eye_size(p) for p in render_many(scenes[i : i + 64], seeds[i : i + 64], DRAWN_AT)])
        for i in range(0, len(scenes), 64)
    ]
    return trunk_features(trunk, np.concatenate(parts))


def contrasts_of_outcome(trunk: Arrays, pairs: Sequence[LabPair], outcome: Outcome, seed: int, kind: str) -> Contrasts:
    """Ia against Io under pa, as a generator made them; the truth counts everything asked."""
    asked = np.stack([p.anti for p in pairs])
    seeds = _rng(seed, 34).integers(0, 2**31, (2, len(pairs)))
    return Contrasts(
        _seen(trunk, outcome.anti, seeds[1]),
        _seen(trunk, outcome.original, seeds[0]),
        encode([p.prompt_anti for p in pairs]),
        share_honoured(outcome.anti, asked) - share_honoured(outcome.original, asked),
        np.full(len(pairs), kind),
    )


def controlled(trunk: Arrays, pairs: Sequence[LabPair], seed: int) -> Contrasts:
    """Two pictures that are alike but for the request: low where the anti prompt asks, or polished there."""
    rng = _rng(seed, 33)
    asked = np.stack([p.anti for p in pairs])
    scenes = np.stack([rng.integers(0, size, len(pairs)) for size in SIZES], 1)
    dims = list(DIMENSION_SLOTS)
    scenes[:, dims] = 1 + (rng.random((len(pairs), len(dims))) < 0.6)
    scenes[:, INDEX["emotion"]] = token("emotion", "calm")
    faithful = np.where(asked >= 0, asked, scenes)
    polished = faithful.copy()
    high = np.array([2 if SLOTS[c].name != "emotion" else token("emotion", "happy") for c in dims])
    polished[:, dims] = np.where(asked[:, dims] >= 0, high, faithful[:, dims])
    seeds = rng.integers(0, 2**31, len(pairs))
    return Contrasts(
        _seen(trunk, faithful, seeds),
        _seen(trunk, polished, seeds),
        encode([p.prompt_anti for p in pairs]),
        np.ones(len(pairs)),
        np.full(len(pairs), "controlled"),
    )


def contrasts_of_faces(trunk: Arrays, draws: int, seed: int) -> Contrasts:
    """The same face twice, with the negative emotion that is asked for and happy; alone and beside other requests."""
    rng = _rng(seed, 36)
    n = 2 * len(NEGATIVE_EMOTIONS) * draws
    moods = np.tile(np.repeat(NEGATIVE_EMOTIONS, draws), 2)
    alone = np.arange(n) < n // 2
    scenes = np.stack([rng.integers(0, size, n) for size in SIZES], 1)
    scenes[:, INDEX["subject"]] = FACE
    for column in DIMENSION_SLOTS:
        scenes[:, column] = 1 + (rng.random(n) < 0.6)
    plain = np.full_like(scenes, -1)
    plain[:, INDEX["subject"]] = FACE
    more = anti_requests(rng, plain)
    asked = np.where(alone[:, None], plain, more)
    asked[:, INDEX["emotion"]] = moods
    asked[:, INDEX["main object"]] = -1  # a tiny face shows no expression
    faithful = np.where(asked >= 0, asked, scenes)
    happy = faithful.copy()
    happy[:, INDEX["emotion"]] = token("emotion", "happy")
    seeds = rng.integers(0, 2**31, n)
    names = [f"{SLOTS[-1].values[m]}{'' if a else ' and more'}" for m, a in zip(moods, alone, strict=True)]
    return Contrasts(
        _seen(trunk, faithful, seeds),
        _seen(trunk, happy, seeds),
        encode(describe(asked, rng, reserved=True)),
        np.ones(n),
        np.array([f"face: {name}" for name in names]),
    )
