"""DPO: the generator learns from the panel's comparisons directly (Rafailov et al. 2023, arXiv 2305.18290, eq. 7)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fauve.lab.captions import anti_requests, describe, encode, plain_requests
from fauve.lab.inference.generator import sample_scenes
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.training.annotators import Annotators, panel, utilities
from fauve.lab.training.base import generator_from
from fauve.lab.training.loop import Schedule, arrays_of, fit, rng_at

__all__ = ["DpoData", "DpoRecipe", "draw_dpo_data", "train_dpo"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DpoRecipe:
    """How a generator is aligned by DPO.

    Attributes:
        annotators: their ``coverage`` is the share of prompts that ask for low ends; ``plural`` is of no use here.
        comparisons: of two scenes of the base, before the filter.
        beta: weight of the divergence from the base (0.1 is the publication's).
    """

    seed: int = 9
    annotators: Annotators = field(default_factory=Annotators)
    comparisons: int = 20_000
    beta: float = 0.1
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=200, rate=5e-4, batch=128))


@dataclass(frozen=True, slots=True)
class DpoData:
    """Kept comparisons: prompts (m, L), the winner's and the loser's scene (m, S), share of votes for the winner."""

    tokens: Ints
    winners: Ints
    losers: Ints
    share: NDArray[np.float64]


def draw_dpo_data(recipe: DpoRecipe, base: Arrays) -> DpoData:
    """Two scenes of the base under each prompt, and the verdict of the panel, filtered as for reward models."""
    rng, knobs = rng_at(recipe.seed, 1), recipe.annotators
    plain = plain_requests(rng, recipe.comparisons)
    anti = rng.random(recipe.comparisons) < knobs.coverage
    requests = np.where(anti[:, None], anti_requests(rng, plain), plain)
    tokens = encode(describe(requests, rng))
    one, two = sample_scenes(base, tokens, rng), sample_scenes(base, tokens, rng)
    people = panel(knobs, recipe.seed)
    votes = utilities(people, knobs, one, requests, rng) > utilities(people, knobs, two, requests, rng)
    asked = np.argsort(rng.random(votes.shape), axis=1) < knobs.raters
    share = (votes & asked).sum(1) / asked.sum(1)
    kept = (np.maximum(share, 1 - share) >= knobs.agreement - 1e-9) & (share != 0.5)
    first = (share > 0.5)[:, None]
    winners, losers = np.where(first, one, two), np.where(first, two, one)
    return DpoData(tokens[kept], winners[kept], losers[kept], np.maximum(share, 1 - share)[kept])


def train_dpo(recipe: DpoRecipe, base: Arrays) -> dict[str, NDArray[np.float32]]:
    """Weights of a generator aligned with the panel, with no reward model between."""
    data = draw_dpo_data(recipe, base)
    net, reference = generator_from(base), generator_from(base)

    def loss_at(step: int) -> Tensor:
        rows = rng_at(recipe.seed, 2, step).integers(0, len(data.tokens), recipe.schedule.batch)
        tokens = torch.from_numpy(data.tokens[rows])
        both = [torch.from_numpy(side[rows]) for side in (data.winners, data.losers)]
        own = [net.log_probs(tokens, scenes).sum(1) for scenes in both]
        with torch.no_grad():
            before = [reference.log_probs(tokens, scenes).sum(1) for scenes in both]
        margin = (own[0] - before[0]) - (own[1] - before[1])
        return -functional.logsigmoid(recipe.beta * margin).mean()

    fit(net, loss_at, recipe.schedule)
    return arrays_of(net)
