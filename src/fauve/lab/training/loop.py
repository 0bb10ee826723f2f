"""The training loop that every network shares: fixed steps, one thread, and a checkpoint it can go on from."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fauve.errors import ModelError

__all__ = ["Schedule", "arrays_of", "fit", "load_arrays", "one_thread", "rng_at", "seeded"]

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. The rate rises over ``warmup`` steps and falls on a cosine to ``floor`` of itself."""

    steps: int
    rate: float
    batch: int
    warmup: int = 30
    floor: float = 0.03
    clip: float = 1.0
    """Largest norm of a gradient: single hard batches otherwise throw small networks off course."""

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = 0.5 * (1 + math.cos(math.pi * step / max(1, self.steps)))
        return self.rate * rise * (self.floor + (1 - self.floor) * fall)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one fixed order: torch with several threads is not bitwise repeatable."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def rng_at(seed: int, *place: int) -> np.random.Generator:
    """The source of the draws of one place (a step, an epoch); no draw depends on what was drawn before it."""
    return np.random.Generator(np.random.PCG64([seed, *place]))


def seeded(make: Callable[[], N], seed: int) -> N:
    """A network with initial weights from a seed, without touching torch's global state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def arrays_of(net: nn.Module) -> dict[str, NDArray[np.float32]]:
    """A copy of the weights by name."""
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}


def load_arrays(net: nn.Module, arrays: Mapping[str, NDArray[np.float32]]) -> None:
    """Put weights into a network of the same architecture."""
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})


def fit(
    net: nn.Module,
    loss_at: Callable[[int], Tensor],
    schedule: Schedule,
    *,
    checkpoint: Path | None = None,
    every: int = 200,
    after: Callable[[int], bool] | None = None,
) -> int:
    """Minimise ``loss_at(step)`` with Adam, and return the number of steps taken.

    Args:
        net: is trained in place.
        loss_at: the loss of a step; must draw only from the step's own source (:func:`rng_at`).
        schedule: steps, rate.
        checkpoint: file from which an interrupted training goes on, to the same bits; removed at the end.
        every: steps between checkpoints.
        after: called with the number of steps taken; True ends the training.

    Raises:
        ModelError: the loss is no longer finite.
    """
    with one_thread():
        optimiser = torch.optim.Adam(net.parameters(), lr=schedule.rate, betas=(0.9, 0.99))
        first = _restore(checkpoint, net, optimiser)
        for step in range(first, schedule.steps):
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate_at(step)
            loss = loss_at(step)
            if not torch.isfinite(loss):
                raise ModelError(f"training diverged at step {step}: the loss is {loss.item()}. Lower the rate.")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), schedule.clip)
            optimiser.step()
            if checkpoint is not None and (step + 1) % every == 0:
                _save(checkpoint, net, optimiser, step + 1)
            if after is not None and after(step + 1):
                return step + 1
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return schedule.steps


def _save(path: Path, net: nn.Module, optimiser: torch.optim.Optimizer, steps: int) -> None:
    unfinished = path.with_name(path.name + ".part")
    torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "steps": steps}, unfinished)
    os.replace(unfinished, path)


def _restore(path: Path | None, net: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    if path is None or not path.exists():
        return 0
    stored: dict[str, Any] = torch.load(path, weights_only=True)
    net.load_state_dict(stored["net"])
    optimiser.load_state_dict(stored["optimiser"])
    return int(stored["steps"])
