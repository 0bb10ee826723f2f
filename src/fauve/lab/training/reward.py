"""Reward models: Bradley–Terry on the panel's comparisons, beginning from the matcher."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fauve.lab.captions import VOCABULARY
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.nets.matcher import Matcher
from fauve.lab.nets.reward import RewardModel
from fauve.lab.training.annotators import Annotators
from fauve.lab.training.loop import Schedule, arrays_of, fit, load_arrays, rng_at, seeded
from fauve.lab.training.matching import Pool
from fauve.lab.training.preferences import Comparisons, FilterCounts, draw_comparisons

__all__ = ["PLURAL", "UNIVERSAL", "RewardRecipe", "TrainedReward", "held_out_accuracy", "train_reward"]


@dataclass(frozen=True, slots=True)
class RewardRecipe:
    """How a reward model is trained.

    Attributes:
        comparisons: drawn before the filter; a further tenth is held out for the accuracy on the panel's own votes.
        decay: weight decay towards 0 of the squared weights, small, so that the start from the matcher counts.
    """

    seed: int = 6
    annotators: Annotators = field(default_factory=Annotators)
    comparisons: int = 40_000
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=700, rate=1e-3, batch=256))
    decay: float = 1e-5


UNIVERSAL = RewardRecipe()
"""One taste for all: the majority's, where it is nearly unanimous."""

PLURAL = RewardRecipe(
    seed=7, annotators=Annotators(agreement=0.5, coverage=0.5, plural=True), schedule=Schedule(1000, 1e-3, 256)
)
"""A reward for each group, every comparison kept, low ends asked for in half of the prompts.

It differs from the universal one in three knobs (filter, coverage, conditioning); the grid changes them singly.
"""


@dataclass(frozen=True, slots=True)
class TrainedReward:
    """Weights, accuracy on held-out comparisons (one for each group), and what the filter did."""

    arrays: dict[str, NDArray[np.float32]]
    accuracy: tuple[float, ...]
    counts: FilterCounts


def train_reward(recipe: RewardRecipe, pool: Pool, matcher: Arrays, checkpoint: Path | None = None) -> TrainedReward:
    """A reward model on the votes of a simulated panel."""
    data = draw_comparisons(recipe.annotators, pool.scenes, recipe.comparisons * 11 // 10, recipe.seed)
    cut = len(data.rows) * 10 // 11
    words, width = len(VOCABULARY), pool.features.shape[1]
    start = Matcher(words, width)
    load_arrays(start, matcher)
    net = seeded(lambda: RewardModel(words, width, groups=data.votes.shape[1]), recipe.seed)
    net.start_from(start)

    def loss_at(step: int) -> Tensor:
        rows = rng_at(recipe.seed, 3, step).integers(0, cut, recipe.schedule.batch)
        margin = _margins(net, data, pool, rows)
        size = sum((p * p).sum() for p in net.parameters())
        votes, heard = torch.from_numpy(data.votes[rows]), torch.from_numpy(data.heard[rows])
        return functional.binary_cross_entropy_with_logits(margin, votes, heard) + recipe.decay * size

    fit(net, loss_at, recipe.schedule, checkpoint=checkpoint)
    return TrainedReward(
        arrays_of(net), held_out_accuracy(net, data, pool, np.arange(cut, len(data.rows))), data.counts
    )


def _margins(net: RewardModel, data: Comparisons, pool: Pool, rows: NDArray[np.int64]) -> Tensor:
    """R(first) − R(second) for every group, (n, groups)."""
    both = net.of_pictures(torch.from_numpy(pool.features[data.rows[rows]]), torch.from_numpy(data.tokens[rows]))
    return both[:, 0] - both[:, 1]


@torch.no_grad()
def held_out_accuracy(net: RewardModel, data: Comparisons, pool: Pool, rows: NDArray[np.int64]) -> tuple[float, ...]:
    """Share of comparisons in which the reward agrees with the majority of each group; undecided ones set aside."""
    margins = torch.cat([_margins(net, data, pool, part) for part in np.array_split(rows, max(1, len(rows) // 512))])
    votes = data.votes[rows]
    shares = []
    for g in range(votes.shape[1]):
        decided = (votes[:, g] != 0.5) & (data.heard[rows, g] > 0)
        right = (margins[:, g].numpy() > 0) == (votes[:, g] > 0.5)
        shares.append(float(right[decided].mean()))
    return tuple(shares)
