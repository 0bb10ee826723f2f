"""The matcher: which caption belongs to which picture, nobody's taste involved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fauve.lab.captions import VOCABULARY
from fauve.lab.inference.encoders import trunk_features
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.nets.matcher import Matcher
from fauve.lab.scene import INDEX, SIZES, draw_scenes
from fauve.lab.training.loop import Schedule, arrays_of, fit, rng_at, seeded
from fauve.lab.training.world_batches import mixed_requests, pictures_of, worded
from fauve.lab.truth import wholly_honoured

__all__ = ["MatcherRecipe", "Pool", "PoolRecipe", "draw_pool", "hard_negatives", "train_matcher"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PoolRecipe:
    """Which pictures the matcher and the annotators are shown: the same for all, seen through the frozen trunk.

    ``low`` is above the world's 0.13, so that what is asked for rarely is seen often enough to be known.
    """

    seed: int = 4
    pictures: int = 16_000
    low: float = 0.3
    faces: float = 0.4


@dataclass(frozen=True, slots=True)
class Pool:
    """Scenes (n, S) and what the trunk sees of them (n, F)."""

    scenes: Ints
    features: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MatcherRecipe:
    """How the matcher is trained.

    Attributes:
        negatives: captions per picture that are wrong in one value, besides one wrong in two. Captions
            of other pictures alone are told apart by the subject, and nothing else is learnt.
        others: pictures per caption that do not fit it. Without them the score of one caption says nothing across
            pictures, which is what a contrast compares.
        short: share of captions of one to three values.
        reserved: share in reserved wording.
    """

    seed: int = 5
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1000, rate=5e-3, batch=64))
    negatives: int = 3
    others: int = 6
    short: float = 0.5
    reserved: float = 0.3


def draw_pool(recipe: PoolRecipe, trunk: Arrays) -> Pool:
    """Draw the pictures of a pool and look at them."""
    rng = rng_at(recipe.seed, 1)
    scenes = draw_scenes(rng, recipe.pictures, low=recipe.low, faces=recipe.faces)
    seeds = rng.integers(0, 2**31, recipe.pictures)
    parts = [
        trunk_features(trunk, pictures_of(scenes[i : i + 512], seeds[i : i + 512]))
        for i in range(0, recipe.pictures, 512)
    ]
    return Pool(scenes, np.concatenate(parts))


def hard_negatives(rng: np.random.Generator, requests: Ints, changes: int) -> Ints:
    """The same requests with up to ``changes`` of the asked values replaced by others of their slots."""
    keys = np.where(requests >= 0, rng.random(requests.shape), 2.0)
    felt = requests[:, INDEX["emotion"]] >= 0
    keys[felt, INDEX["subject"]] = 2.0  # only faces are asked for an emotion
    rank = np.argsort(np.argsort(keys, axis=1), axis=1)
    sizes = np.array(SIZES)
    other = (requests + 1 + (rng.random(requests.shape) * (sizes - 1)).astype(np.int64)) % sizes
    return np.asarray(np.where((rank < changes) & (keys < 2), other, requests), np.int64)


def train_matcher(recipe: MatcherRecipe, pool: Pool, checkpoint: Path | None = None) -> dict[str, NDArray[np.float32]]:
    """Weights of the matcher, from a pool seen through the frozen trunk."""
    net = seeded(lambda: Matcher(len(VOCABULARY), pool.features.shape[1]), recipe.seed)
    size = recipe.schedule.batch

    def loss_at(step: int) -> Tensor:
        rng = rng_at(recipe.seed, 2, step)
        rows = rng.integers(0, len(pool.scenes), size)
        scenes, features = pool.scenes[rows], torch.from_numpy(pool.features[rows])
        requests = mixed_requests(rng, scenes, recipe.short)
        wrong = [hard_negatives(rng, requests, 1) for _ in range(recipe.negatives)]
        wrong.append(hard_negatives(rng, requests, 2))
        candidates = np.stack([requests, *wrong], 1)  # (n, C, S)
        tokens = torch.from_numpy(worded(rng, candidates.reshape(-1, len(SIZES)), recipe.reserved))
        captions = tokens.view(size, len(wrong) + 1, -1)
        fits = np.stack([wholly_honoured(scenes, c) for c in wrong], 1)
        by_caption = _own_first(net.of_captions(features, captions), fits)
        # Each caption has to prefer its picture to the next ones of the batch, unless they fit as well.
        shifts = range(1, recipe.others + 1)
        pictures = torch.stack([features, *(features.roll(-k, 0) for k in shifts)], 1)
        fits = np.stack([wholly_honoured(np.roll(scenes, -k, axis=0), requests) for k in shifts], 1)
        return by_caption + _own_first(net.of_pictures(pictures, captions[:, 0]), fits)

    fit(net, loss_at, recipe.schedule, checkpoint=checkpoint)
    return arrays_of(net)


def _own_first(scores: Tensor, also_fits: NDArray[np.bool_]) -> Tensor:
    """Cross-entropy of the first column; others that fit as well are no negatives."""
    hidden = torch.from_numpy(np.concatenate([np.zeros((len(also_fits), 1), np.bool_), also_fits], 1))
    return functional.cross_entropy(scores.masked_fill(hidden, -1e9), torch.zeros(len(scores), dtype=torch.int64))
