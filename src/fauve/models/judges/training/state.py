"""The state of a training between two steps: written whole or not at all, and read back bit for bit."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fauve.errors import ConfigError, ModelError

__all__ = ["History", "State", "read_state", "write_state"]


@dataclass(slots=True)
class History:
    """What was measured on the way: the loss of every step; the mean loss and held-out errors of every epoch."""

    loss: list[float] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        """Plain values."""
        return {"loss": self.loss, "epochs": self.epochs}


@dataclass(frozen=True, slots=True)
class State:
    """After ``step`` steps: the adapter's weights, the optimiser's memory, the random numbers, and the history."""

    step: int
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]
    history: History


def write_state(path: Path, key: str, state: State) -> None:
    """Write a state in the place of the one before it."""
    held = {
        "key": key,
        "step": state.step,
        "weights": {name: weight.detach().cpu() for name, weight in state.weights.items()},
        "optimizer": state.optimizer,
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        "history": json.dumps(state.history.as_plain()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(held, part)
    part.replace(path)


def read_state(path: Path, key: str) -> State | None:
    """The state on file, with torch's random numbers set back to it; None where there is none.

    Raises:
        ConfigError: it belongs to a training with other settings or other rows.
        ModelError: it cannot be read.
    """
    if not path.is_file():
        return None
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
        if held["key"] != key:
            raise ConfigError(
                f"{path.parent.parent} holds a training with other settings, rows or weights. Give another --out, or "
                "remove that folder."
            )
        torch.set_rng_state(held["random"])
        if held["random_cuda"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(held["random_cuda"])
        return State(held["step"], held["weights"], held["optimizer"], History(**json.loads(held["history"])))
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError, OSError) as error:
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}). Remove it to train from the start."
        ) from error
