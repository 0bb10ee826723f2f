"""What alignment did: requests honoured, taste gained, variety lost; and which picture of a pair a scorer chooses.

The truth is the scene, so no judge is needed. Every generator is asked the same prompts, in reserved wording, with
the same uniforms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.lab.captions import LabPair, describe, encode
from fauve.lab.inference.generator import Guidance, log_softmaxes, scenes_from_uniforms
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.scene import DIMENSION_SLOTS, INDEX, SIZES, SLOTS
from fauve.lab.training.grpo import Reward
from fauve.lab.training.loop import rng_at
from fauve.lab.training.world_batches import pictures_of
from fauve.lab.truth import levels, share_honoured, wholly_honoured
from fauve.stats import contrast

__all__ = [
    "ContrastReport",
    "GeneratorReport",
    "PairScenes",
    "classify",
    "controlled_pairs",
    "draw_pair_scenes",
    "report",
]

Ints = NDArray[np.int64]
NAMED = tuple(SLOTS[column].name for column in DIMENSION_SLOTS)
BARE_DRAWS = 128
"""Scenes of each bare subject, from which variety is measured."""


@dataclass(frozen=True, slots=True)
class PairScenes:
    """Scenes of a generator for plain and anti prompts, (n, S) each, drawn with different uniforms."""

    original: Ints
    anti: Ints


@dataclass(frozen=True, slots=True)
class GeneratorReport:
    """One generator on n pairs.

    Attributes:
        honoured: mean share of the low ends asked by the anti prompts that are met.
        honoured_all: the same over everything asked, subject and hue among it.
        wholly: share of anti prompts of which everything is met.
        success: share of pairs whose anti picture meets strictly more of the low ends than the original one: the
            paper's measure, which a generator can win while it drops half of what was asked.
        level: mean level of the original pictures over the dimensions, in [0, 2].
        level_anti: of the anti pictures, over the dimensions that were not asked for.
        hue_entropy: of the hue where the prompt names none, 1 = uniform.
        distinct: distinct scenes of 128 draws of one prompt, as a share, mean over subjects.
        kl_plain, kl_anti: divergence from the base, nats a scene.
    """

    n: int
    honoured: float
    honoured_all: float
    wholly: float
    success: float
    level: float
    level_anti: float
    hue_entropy: float
    distinct: float
    kl_plain: float
    kl_anti: float


@dataclass(frozen=True, slots=True)
class ContrastReport:
    """How a scorer chooses between the faithful and the other picture under the anti prompt; None = undefined."""

    n: int
    ties_dropped: int
    accuracy: float
    balanced_accuracy: float | None
    auroc: float | None


def draw_pair_scenes(
    weights: Arrays, pairs: Sequence[LabPair], seed: int, *, guidance: float = 0.0, negative: bool = False
) -> PairScenes:
    """Io and Ia of every pair; guidance acts on the anti prompts (``negative``: away from the pair's negative)."""
    rng = rng_at(seed, 31)
    first, second = rng.random((2, len(pairs), len(SIZES)))
    plain, anti = encode([p.prompt_original for p in pairs]), encode([p.prompt_anti for p in pairs])
    away = encode([p.negative for p in pairs]) if negative else None
    steer = Guidance(guidance, away) if guidance else None
    return PairScenes(scenes_from_uniforms(weights, plain, first), scenes_from_uniforms(weights, anti, second, steer))


def report(weights: Arrays, base: Arrays, pairs: Sequence[LabPair], scenes: PairScenes, seed: int) -> GeneratorReport:
    """Everything about one generator, from the scenes that it gave for the pairs."""
    asked = np.stack([p.anti for p in pairs])
    met, met_before = (share_honoured(s, asked, NAMED) for s in (scenes.anti, scenes.original))
    free = asked[:, DIMENSION_SLOTS] < 0
    entropy, distinct = _variety(weights, seed)
    plain, anti = encode([p.prompt_original for p in pairs]), encode([p.prompt_anti for p in pairs])
    return GeneratorReport(
        n=len(pairs),
        honoured=float(met.mean()),
        honoured_all=float(share_honoured(scenes.anti, asked).mean()),
        wholly=float(wholly_honoured(scenes.anti, asked).mean()),
        success=float((met > met_before).mean()),
        level=float(levels(scenes.original).mean()),
        level_anti=float(levels(scenes.anti)[free].mean()),
        hue_entropy=entropy,
        distinct=distinct,
        kl_plain=_divergence(weights, base, plain, scenes.original),
        kl_anti=_divergence(weights, base, anti, scenes.anti),
    )


def _divergence(weights: Arrays, base: Arrays, tokens: Ints, scenes: Ints) -> float:
    own, reference = log_softmaxes(weights, tokens, scenes), log_softmaxes(base, tokens, scenes)
    return float(sum((np.exp(p) * (p - q)).sum(-1).mean() for p, q in zip(own, reference, strict=True)))


def _variety(weights: Arrays, seed: int) -> tuple[float, float]:
    """Entropy of the hue and share of distinct scenes under prompts that name only a subject."""
    rng = rng_at(seed, 32)
    requests = np.full((SIZES[0], len(SIZES)), -1, np.int64)
    requests[:, INDEX["subject"]] = np.arange(SIZES[0])
    tokens = np.repeat(encode(describe(requests, rng, reserved=True)), BARE_DRAWS, axis=0)
    scenes = scenes_from_uniforms(weights, tokens, rng.random((len(tokens), len(SIZES))))
    counts = np.bincount(scenes[:, INDEX["hue"]], minlength=SIZES[INDEX["hue"]])
    shares = counts[counts > 0] / counts.sum()
    distinct = [len(np.unique(part, axis=0)) / BARE_DRAWS for part in scenes.reshape(SIZES[0], BARE_DRAWS, -1)]
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts))), float(np.mean(distinct))


def controlled_pairs(pairs: Sequence[LabPair], seed: int) -> PairScenes:
    """Two scenes a pair that are alike but for the request: low where the anti prompt asks, or polished there."""
    rng = rng_at(seed, 33)
    asked = np.stack([p.anti for p in pairs])
    scenes = np.stack([rng.integers(0, size, len(pairs)) for size in SIZES], 1)
    dims = list(DIMENSION_SLOTS)
    scenes[:, dims] = 1 + (rng.random((len(pairs), len(dims))) < 0.6)
    scenes[:, INDEX["emotion"]] = SLOTS[INDEX["emotion"]].values.index("calm")
    faithful = np.where(asked >= 0, asked, scenes)
    polished = faithful.copy()
    high = np.array([2 if SLOTS[c].name != "emotion" else 0 for c in dims])  # the first emotion is "happy"
    polished[:, dims] = np.where(asked[:, dims] >= 0, high, faithful[:, dims])
    return PairScenes(polished, faithful)


def classify(
    reward: Reward, pairs: Sequence[LabPair], scenes: PairScenes, seed: int, *, alike: bool = False
) -> ContrastReport:
    """Which of the two pictures a scorer prefers under the anti prompt; faithful = meets more of everything asked.

    ``alike`` draws both pictures of a pair from one seed, so that they differ in what the scenes differ in alone.
    """
    asked = np.stack([p.anti for p in pairs])
    lead = share_honoured(scenes.anti, asked) - share_honoured(scenes.original, asked)
    told = lead != 0
    seeds = rng_at(seed, 34).integers(0, 2**31, (2, len(pairs)))
    prompts = [p.prompt_anti for p in pairs]
    if alike:
        seeds[1] = seeds[0]
    original = np.asarray(reward(pictures_of(scenes.original, seeds[0]), prompts), np.float64)[told]
    anti = np.asarray(reward(pictures_of(scenes.anti, seeds[1]), prompts), np.float64)[told]
    truth = lead[told] > 0
    found = contrast(np.where(truth, anti, original), np.where(truth, original, anti), truth_is_anti=truth)
    return ContrastReport(
        n=found.n,
        ties_dropped=int((~told).sum()),
        accuracy=float(found.wins / found.n),
        balanced_accuracy=found.balanced_accuracy.value,
        auroc=found.auroc.value,
    )
