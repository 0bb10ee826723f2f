"""What a generator did, prompt by prompt: the scenes themselves, from which every share can be counted again.

An outcome holds the scenes of all pairs, the divergences, the variety under bare prompts and the faces asked for an
emotion. It needs no torch: generators run in NumPy, and the truth is the scene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fauve.lab.captions import LabPair, describe, draw_pairs, encode
from fauve.lab.inference import Arrays, Guidance, log_softmaxes, scenes_from_uniforms
from fauve.lab.scene import DIMENSION_SLOTS, FACE, INDEX, SIZES, SLOTS
from fauve.lab.truth import honoured, levels, share_honoured, wholly_honoured
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["EMOTIONS", "Outcome", "Steering", "arrange", "draw_outcome", "measures", "pairs_of", "read_outcome"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Measure = tuple[Floats, Floats]
"""Sums and counts of each unit (prompt, subject or draw); the ratio of their totals is the number."""

EMOTIONS = SLOTS[INDEX["emotion"]].values
BARE_DRAWS = 128
"""Scenes of each bare subject, from which variety is measured."""

NAMED = tuple(SLOTS[column].name for column in DIMENSION_SLOTS)


@dataclass(frozen=True, slots=True)
class Steering:
    """How a generator is steered when anti pictures are drawn: plain or negative guidance of a strength, or not."""

    strength: float = 0.0
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One generator on n pairs.

    Attributes:
        original: scenes for the plain prompts, (n, S).
        anti: scenes for the anti prompts, (n, S).
        kl_plain: divergence from the base of each plain prompt's scene, nats, (n,); ``kl_anti`` of the anti prompts.
        hues: how often each hue came for each bare subject, (8, 8).
        distinct: share of distinct scenes among 128 of each bare subject, (8,).
        felt: the emotion that each face shows, (5 · draws,), asked in the order of the slot's values.
    """

    original: Ints
    anti: Ints
    kl_plain: Floats
    kl_anti: Floats
    hues: Ints
    distinct: Floats
    felt: Ints

    def write(self, path: Path) -> None:
        """Store compressed; scenes as bytes."""
        unfinished = path.with_name(path.name + ".part.npz")
        np.savez_compressed(
            unfinished,
            original=self.original.astype(np.int8),
            anti=self.anti.astype(np.int8),
            kl_plain=self.kl_plain.astype(np.float32),
            kl_anti=self.kl_anti.astype(np.float32),
            hues=self.hues.astype(np.int16),
            distinct=self.distinct.astype(np.float32),
            felt=self.felt.astype(np.int8),
        )
        unfinished.replace(path)


def read_outcome(path: Path) -> Outcome:
    """An outcome from its file."""
    whole = {"original", "anti", "hues", "felt"}
    with np.load(path) as stored:
        return Outcome(**{name: stored[name].astype(np.int64 if name in whole else np.float64) for name in stored})


@lru_cache(maxsize=4)
def pairs_of(n: int, seed: int) -> tuple[LabPair, ...]:
    """The pairs that everything is asked: drawn once."""
    return tuple(draw_pairs(n, seed))


def draw_outcome(
    weights: Arrays,
    base: Arrays,
    pairs: Sequence[LabPair],
    seed: int,
    *,
    emotion_draws: int,
    steering: Steering | None = None,
) -> Outcome:
    """Ask a generator everything, in reserved wording; the same seed gives all generators the same uniforms.

    Guidance acts on the anti prompts alone, and the divergence is that of the generator without it.
    """
    first, second = _rng(seed, 31).random((2, len(pairs), len(SIZES)))
    plain, anti = encode([p.prompt_original for p in pairs]), encode([p.prompt_anti for p in pairs])
    original = scenes_from_uniforms(weights, plain, first)
    wanted = scenes_from_uniforms(weights, anti, second, _guidance(steering, pairs))
    hues, distinct = _variety(weights, seed)
    return Outcome(
        original=original,
        anti=wanted,
        kl_plain=_divergence(weights, base, plain, original),
        kl_anti=_divergence(weights, base, anti, wanted),
        hues=hues,
        distinct=distinct,
        felt=_faces(weights, seed, emotion_draws),
    )


def _rng(seed: int, place: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, place]))


def _guidance(steering: Steering | None, pairs: Sequence[LabPair]) -> Guidance | None:
    if steering is None or steering.strength == 0:
        return None
    return Guidance(steering.strength, encode([p.negative for p in pairs]) if steering.negative else None)


def _divergence(weights: Arrays, base: Arrays, tokens: Ints, scenes: Ints) -> Floats:
    own, reference = log_softmaxes(weights, tokens, scenes), log_softmaxes(base, tokens, scenes)
    return np.asarray(sum((np.exp(p) * (p - q)).sum(-1) for p, q in zip(own, reference, strict=True)), np.float64)


def _variety(weights: Arrays, seed: int) -> tuple[Ints, Floats]:
    rng = _rng(seed, 32)
    requests = np.full((SIZES[0], len(SIZES)), -1, np.int64)
    requests[:, INDEX["subject"]] = np.arange(SIZES[0])
    tokens = np.repeat(encode(describe(requests, rng, reserved=True)), BARE_DRAWS, axis=0)
    scenes = scenes_from_uniforms(weights, tokens, rng.random((len(tokens), len(SIZES))))
    parts = scenes.reshape(SIZES[0], BARE_DRAWS, -1)
    hues = np.stack([np.bincount(part[:, INDEX["hue"]], minlength=SIZES[INDEX["hue"]]) for part in parts])
    return hues, np.array([len(np.unique(part, axis=0)) / BARE_DRAWS for part in parts])


def _faces(weights: Arrays, seed: int, draws: int) -> Ints:
    """Faces asked for one emotion and nothing else; -1 where no face came."""
    rng = _rng(seed, 35)
    requests = np.full((len(EMOTIONS) * draws, len(SIZES)), -1, np.int64)
    requests[:, INDEX["subject"]] = FACE
    requests[:, INDEX["emotion"]] = np.repeat(np.arange(len(EMOTIONS)), draws)
    tokens = encode(describe(requests, rng, reserved=True))
    scenes = scenes_from_uniforms(weights, tokens, rng.random((len(tokens), len(SIZES))))
    return np.where(scenes[:, INDEX["subject"]] == FACE, scenes[:, INDEX["emotion"]], -1)


def measures(outcome: Outcome, pairs: Sequence[LabPair]) -> dict[str, Measure]:
    """Every number of a generator as sums and counts over its units.

    ``honoured`` counts the low ends that anti prompts ask for, as a share of each prompt's; ``wholly`` is 1 where all
    that was asked came, subject and hue among it; ``success`` is the paper's: Ia meets strictly more than Io.
    """
    asked = np.stack([p.anti for p in pairs])
    met, met_before = (share_honoured(scenes, asked, NAMED) for scenes in (outcome.anti, outcome.original))
    dims = list(DIMENSION_SLOTS)
    wanted, came = asked[:, dims] >= 0, honoured(outcome.anti, asked)[:, dims].filled(False)
    free = np.where(wanted, 0, levels(outcome.anti))
    one = np.ones(len(pairs))
    found: dict[str, Measure] = {
        "honoured": (met, one),
        "wholly": (wholly_honoured(outcome.anti, asked).astype(float), one),
        "success": ((met > met_before).astype(float), one),
        "subject_kept": ((outcome.anti[:, 0] == asked[:, 0]).astype(float), one),
        "level": (levels(outcome.original).mean(1), one),
        "level_unasked": (free.sum(1).astype(float), (~wanted).sum(1).astype(float)),
        "kl_plain": (outcome.kl_plain, one),
        "kl_anti": (outcome.kl_anti, one),
        "distinct": (outcome.distinct, np.ones(len(outcome.distinct))),
        "hue_entropy": (np.array([_entropy(outcome.hues.sum(0))]), np.ones(1)),
    }
    for d, name in enumerate(PROMPT_DIMENSIONS):
        found[f"honoured: {name}"] = (came[:, d].astype(float), wanted[:, d].astype(float))
    draws = len(outcome.felt) // len(EMOTIONS)
    for e, name in enumerate(EMOTIONS):
        found[f"emotion: {name}"] = ((outcome.felt[e * draws : (e + 1) * draws] == e).astype(float), np.ones(draws))
    return found


def _entropy(counts: Ints) -> float:
    """Of the hue where the prompt names none; 1 = uniform."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts)))


def arrange(by_seed: Sequence[Mapping[str, Measure]]) -> dict[str, Measure]:
    """Measures of several training seeds side by side: sums and counts (seeds, units)."""
    return {
        name: (np.stack([m[name][0] for m in by_seed]), np.stack([m[name][1] for m in by_seed])) for name in by_seed[0]
    }
