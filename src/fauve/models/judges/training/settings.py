"""How a judge is trained; the defaults are what is published of arXiv 2512.11883, and our choice where nothing is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from fauve.errors import ConfigError

__all__ = ["Balance", "TrainingSettings"]

Balance = Literal["none", "class"]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Published: rank, epochs, learning rate, cosine, weight decay, attention projections. Ours: the rest.

    Attributes:
        rank: of the adapter.
        alpha: the adapter is added with the factor alpha / rank.
        dropout: of the adapter's input.
        targets: modules that get an adapter, by the end of their names.
        epochs: passes over the training rows.
        learning_rate: at the start; it falls along half a cosine to 0.
        warmup: share of the steps over which it first rises from 0.
        weight_decay: of AdamW.
        clip: largest norm of a step's gradient.
        batch: rows that a device takes at a time.
        accumulate: batches that make one step.
        balance: ``class`` counts a row by the inverse of how often its class occurs in its dimension.
        seed: of the adapter's start, the order of rows, and what falls to validation.
        save_every: steps between saved states, from which training resumes.
        checkpointing: compute activations again in the backward pass, which saves memory.
    """

    rank: int = 32
    alpha: int = 64
    dropout: float = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    epochs: int = 5
    learning_rate: float = 2e-5
    warmup: float = 0.0
    weight_decay: float = 0.01
    clip: float = 1.0
    batch: int = 8
    accumulate: int = 1
    balance: Balance = "none"
    seed: int = 0
    save_every: int = 200
    checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in ("rank", "alpha", "epochs", "batch", "accumulate", "save_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is at least 1, not {getattr(self, name)}.")
        if not self.learning_rate > 0 or not self.clip > 0 or self.weight_decay < 0:
            raise ConfigError("learning_rate and clip are above 0, weight_decay is at least 0.")
        if not 0 <= self.dropout < 1 or not 0 <= self.warmup < 1:
            raise ConfigError("dropout and warmup are at least 0 and below 1.")
        if self.balance not in ("none", "class"):
            raise ConfigError(f"balance is none or class, not {self.balance!r}.")
        if not self.targets:
            raise ConfigError("targets names no module: nothing would be trained.")

    def as_plain(self) -> dict[str, Any]:
        """Plain values, for the record and the key."""
        return {**dataclasses.asdict(self), "targets": list(self.targets)}
