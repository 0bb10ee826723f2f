"""The image encoders: supervised on the attributes of scenes; the judge apart, from other scenes and another seed.

The scorers' trunk is frozen after this. It was told what the attributes are, so the matcher and the reward models see
better than models that learnt from captions alone would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fauve.lab.nets.judge import JudgeNet
from fauve.lab.nets.trunk import Trunk, folded
from fauve.lab.scene import FACE, INDEX, SIZES, draw_scenes
from fauve.lab.training.loop import Schedule, arrays_of, fit, rng_at, seeded
from fauve.lab.training.world_batches import pictures_of
from fauve.lab.truth import levels
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["EncoderRecipe", "as_tensor", "train_judge", "train_trunk"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EncoderRecipe:
    """How an encoder is trained.

    Attributes:
        pictures: drawn once; the schedule goes over them several times, because drawing costs as much as learning.
        low: share of low levels, far above the world's 0.13: an encoder has to know them all.
        faces: share of faces, which alone show emotions.
    """

    seed: int = 2
    pictures: int = 24_000
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1800, rate=3e-3, batch=64, clip=5.0))
    low: float = 0.3
    faces: float = 0.4


def as_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures uint8 (n, 48, 48, 3) as the networks take them: float (n, 3, 48, 48) in [−1, 1]."""
    scaled = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float() * (2 / 255) - 1
    return scaled.contiguous(memory_format=torch.channels_last)


def _pictures(recipe: EncoderRecipe) -> tuple[Ints, NDArray[np.uint8]]:
    rng = rng_at(recipe.seed, 1)
    scenes = draw_scenes(rng, recipe.pictures, low=recipe.low, faces=recipe.faces)
    return scenes, pictures_of(scenes, rng.integers(0, 2**31, recipe.pictures))


def _batches(recipe: EncoderRecipe) -> Callable[[int], Ints]:
    """Rows of the pictures for each step: every picture once an epoch, in another order each time."""
    size = recipe.schedule.batch
    per_epoch = max(1, recipe.pictures // size)

    def rows(step: int) -> Ints:
        epoch, place = divmod(step, per_epoch)
        order = rng_at(recipe.seed, 2, epoch).permutation(recipe.pictures)
        return np.asarray(order[place * size : (place + 1) * size])

    return rows


def _emotion_loss(logits: Tensor, scenes: Tensor) -> Tensor:
    """Cross-entropy of the emotion among faces; 0 where a batch has none."""
    face = (scenes[:, INDEX["subject"]] == FACE).float()
    each = functional.cross_entropy(logits, scenes[:, INDEX["emotion"]], reduction="none")
    return (each * face).sum() / face.sum().clamp(min=1)


def train_trunk(recipe: EncoderRecipe, checkpoint: Path | None = None) -> dict[str, NDArray[np.float32]]:
    """Weights of the scorers' trunk, with the heads that it was trained with (one for each slot)."""
    net = seeded(lambda: Trunk(SIZES, normed=True), recipe.seed).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    scenes, pictures = _pictures(recipe)
    rows = _batches(recipe)

    def loss_at(step: int) -> Tensor:
        chosen = rows(step)
        truth = torch.from_numpy(scenes[chosen])
        logits = net.attributes(net(as_tensor(pictures[chosen])))
        total = _emotion_loss(logits[INDEX["emotion"]], truth)
        for s, part in enumerate(logits):
            if s != INDEX["emotion"]:
                total = total + functional.cross_entropy(part, truth[:, s])
        return total

    fit(net, loss_at, recipe.schedule, checkpoint=checkpoint)
    return arrays_of(folded(net))


def train_judge(recipe: EncoderRecipe, checkpoint: Path | None = None) -> dict[str, NDArray[np.float32]]:
    """Weights of the judge: eleven levels, the subject, the emotion."""
    dimensions = len(PROMPT_DIMENSIONS)
    kinds, moods = SIZES[INDEX["subject"]], SIZES[INDEX["emotion"]]
    made = seeded(lambda: JudgeNet(dimensions, kinds, moods, normed=True), recipe.seed)
    net = made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    scenes, pictures = _pictures(recipe)
    truths, rows = levels(scenes), _batches(recipe)

    def loss_at(step: int) -> Tensor:
        chosen = rows(step)
        truth = torch.from_numpy(scenes[chosen])
        answers, subjects, emotions = net(as_tensor(pictures[chosen]))
        graded = (
            functional.cross_entropy(answers.flatten(0, 1), torch.from_numpy(truths[chosen]).flatten()) * dimensions
        )
        return graded + functional.cross_entropy(subjects, truth[:, INDEX["subject"]]) + _emotion_loss(emotions, truth)

    fit(net, loss_at, recipe.schedule, checkpoint=checkpoint)
    net.trunk = folded(net.trunk)
    return arrays_of(net)
