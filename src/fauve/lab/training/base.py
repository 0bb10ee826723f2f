"""The base generator: maximum likelihood on captioned scenes of the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fauve.lab.captions import VOCABULARY
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.nets.generator import SceneGenerator
from fauve.lab.scene import SIZES
from fauve.lab.training.loop import Schedule, arrays_of, fit, load_arrays, rng_at, seeded
from fauve.lab.training.world_batches import CaptionMix, caption_batch

__all__ = ["BaseRecipe", "generator_from", "new_generator", "train_base"]


@dataclass(frozen=True, slots=True)
class BaseRecipe:
    """How the base generator is trained.

    ``null`` is the share of captions that are dropped, from which the null prompt is learnt that guidance needs.
    """

    seed: int = 1
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1900, rate=4e-3, batch=160))
    captions: CaptionMix = field(default_factory=CaptionMix)
    null: float = 0.1


def new_generator(seed: int) -> SceneGenerator:
    """An untrained generator for this world."""
    return seeded(lambda: SceneGenerator(len(VOCABULARY), SIZES), seed)


def generator_from(arrays: Arrays) -> SceneGenerator:
    """A generator with stored weights."""
    net = new_generator(0)
    load_arrays(net, arrays)
    return net


def train_base(recipe: BaseRecipe, checkpoint: Path | None = None) -> dict[str, NDArray[np.float32]]:
    """Weights of the base generator."""
    net = new_generator(recipe.seed)

    def loss_at(step: int) -> Tensor:
        rng = rng_at(recipe.seed, step)
        scenes, tokens = caption_batch(rng, recipe.schedule.batch, recipe.captions)
        tokens[rng.random(len(tokens)) < recipe.null] = 0
        return -net.log_probs(torch.from_numpy(tokens), torch.from_numpy(scenes)).sum(1).mean()

    fit(net, loss_at, recipe.schedule, checkpoint=checkpoint)
    return arrays_of(net)
