"""GRPO: alignment of the generator with any reward, with the exact divergence from the base as its leash.

Group-relative advantages as in DeepSeekMath (arXiv 2402.03300, section 4.1), one gradient step a batch, so that the
importance ratio is 1 and nothing is clipped. Two departures, both from trouble seen in prototypes: the spread of a
group is never taken to be smaller than one standard deviation of the scorer under pictures of the base (else groups
that hardly differ are torn apart for noise), and the divergence is exact, summed over all values of all slots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fauve.lab.captions import anti_requests, describe, encode, plain_requests
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.nets.generator import SceneGenerator
from fauve.lab.scene import SIZES
from fauve.lab.training.base import generator_from
from fauve.lab.training.loop import Schedule, arrays_of, fit, rng_at
from fauve.lab.training.world_batches import pictures_of

__all__ = ["GrpoRecipe", "GrpoRun", "Reward", "Snapshot", "alignment_prompts", "exact_kl", "train_grpo"]

Ints = NDArray[np.int64]
Reward = Callable[[NDArray[np.uint8], Sequence[str]], NDArray[np.floating]]
"""Pictures uint8 (n, 48, 48, 3) and their prompts -> rewards (n,), any real numbers."""


@dataclass(frozen=True, slots=True)
class GrpoRecipe:
    """How a generator is aligned.

    Attributes:
        prompts: a step; ``group`` scenes are drawn for each and compared among themselves.
        anti_share: share of alignment prompts that ask for low ends; 0 = never, as in aesthetic fine-tuning.
        kl_weight: of the divergence from the base in the loss.
        stops: divergences under plain prompts (nats a scene) at which the weights are kept; training ends at the last.
        kl_every: steps between measurements of that divergence.
        probe: prompts on which the divergence, and the scorer's unit under pictures of the base, are measured.
        schedule: its batch is unused; the rate does not fall, so that a stop does not depend on the planned length.
    """

    seed: int = 8
    prompts: int = 16
    group: int = 12
    anti_share: float = 0.0
    kl_weight: float = 0.03
    stops: tuple[float, ...] = ()
    kl_every: int = 1
    probe: int = 384
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=120, rate=3e-4, batch=0, warmup=10, floor=1.0))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Weights after a number of steps, with the divergence from the base measured there (nats a scene)."""

    arrays: dict[str, NDArray[np.float32]]
    step: int
    kl: float


@dataclass(frozen=True, slots=True)
class GrpoRun:
    """What a run gave.

    Attributes:
        stops: for each stop that was reached, in order, the weights there.
        final: the weights at the end.
        spread: standard deviation of the scorer under pictures of the base, the unit of its rewards.
        rewards: mean reward of each step, in that unit.
    """

    stops: tuple[Snapshot, ...]
    final: Snapshot
    spread: float
    rewards: tuple[float, ...]


def alignment_prompts(rng: np.random.Generator, n: int, anti_share: float) -> list[str]:
    """Prompts to align on, none in reserved wording; a share asks for low ends."""
    plain = plain_requests(rng, n)
    anti = rng.random(n) < anti_share
    requests = np.where(anti[:, None], anti_requests(rng, plain), plain) if anti_share > 0 else plain
    return describe(requests, rng)


def exact_kl(net: SceneGenerator, base: SceneGenerator, tokens: Tensor, scenes: Tensor) -> Tensor:
    """Divergence KL(net ‖ base) along scenes drawn from the net, exact in each slot, (n,) nats."""
    with torch.no_grad():
        reference = base.log_softmaxes(tokens, scenes)
    own = net.log_softmaxes(tokens, scenes)
    return torch.stack([(p.exp() * (p - q)).sum(-1) for p, q in zip(own, reference, strict=True)], 1).sum(1)


def _draw(net: SceneGenerator, tokens: Tensor, rng: np.random.Generator) -> Tensor:
    return net.sample(tokens, torch.from_numpy(rng.random((len(tokens), len(SIZES))).astype(np.float32)))


class _Alignment:
    """The state of one run: the two generators, the scorer's unit, what was kept."""

    def __init__(self, recipe: GrpoRecipe, base: Arrays, reward: Reward) -> None:
        self.recipe, self.reward = recipe, reward
        self.net, self.base = generator_from(base), generator_from(base)
        rng = rng_at(recipe.seed, 1)
        self.probe = torch.from_numpy(encode(alignment_prompts(rng, recipe.probe, 0.0)))
        prompts = alignment_prompts(rng, recipe.probe, recipe.anti_share)
        scenes = _draw(self.base, torch.from_numpy(encode(prompts)), rng).numpy()
        self.spread = float(np.std(self.scored(scenes, prompts, rng)))
        if self.spread == 0:
            raise ValueError("the reward is the same for all pictures of the base: it cannot align anything")
        self.kept: list[Snapshot] = []
        self.means: list[float] = []

    def scored(self, scenes: Ints, prompts: Sequence[str], rng: np.random.Generator) -> NDArray[np.float64]:
        pictures = pictures_of(scenes, rng.integers(0, 2**31, len(scenes)))
        return np.asarray(self.reward(pictures, prompts), np.float64)

    def loss_at(self, step: int) -> Tensor:
        recipe, rng = self.recipe, rng_at(self.recipe.seed, 2, step)
        prompts = [p for p in alignment_prompts(rng, recipe.prompts, recipe.anti_share) for _ in range(recipe.group)]
        tokens = torch.from_numpy(encode(prompts))
        scenes = _draw(self.net, tokens, rng)
        rewards = self.scored(scenes.numpy(), prompts, rng).reshape(recipe.prompts, recipe.group) / self.spread
        self.means.append(float(rewards.mean()))
        centred = rewards - rewards.mean(1, keepdims=True)
        advantages = centred / np.maximum(rewards.std(1, keepdims=True), 1.0)
        weights = torch.from_numpy(advantages.reshape(-1).astype(np.float32))
        loss = -(weights * self.net.log_probs(tokens, scenes).sum(1)).mean()
        if recipe.kl_weight > 0:
            loss = loss + recipe.kl_weight * exact_kl(self.net, self.base, tokens, scenes).mean()
        return loss

    @torch.no_grad()
    def kl(self) -> float:
        """The divergence under fixed plain prompts with fixed uniforms, so that steps compare."""
        scenes = _draw(self.net, self.probe, rng_at(self.recipe.seed, 3))
        return float(exact_kl(self.net, self.base, self.probe, scenes).mean())

    def after(self, step: int) -> bool:
        stops = self.recipe.stops
        if step % self.recipe.kl_every or len(self.kept) == len(stops):
            return False
        now = self.kl()
        while len(self.kept) < len(stops) and now >= stops[len(self.kept)]:
            self.kept.append(Snapshot(arrays_of(self.net), step, now))
        return len(self.kept) == len(stops)


def train_grpo(recipe: GrpoRecipe, base: Arrays, reward: Reward) -> GrpoRun:
    """Align a generator with a reward.

    Raises:
        ValueError: the reward does not tell the base's pictures apart.
    """
    run = _Alignment(recipe, base, reward)
    steps = fit(run.net, run.loss_at, recipe.schedule, after=run.after)
    return GrpoRun(tuple(run.kept), Snapshot(arrays_of(run.net), steps, run.kl()), run.spread, tuple(run.means))
