"""The matcher and the reward models in NumPy: picture features and prompts in, scores out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.lab.inference.weights_io import Arrays
from fauve.lab.inference.words import Floats, linear, relu, text_features, trimmed

__all__ = ["match", "reward", "reward_for"]

Ints = NDArray[np.int64]
ROWS = 256
"""Rows at a time: (rows, words, hidden) in float32 stays near the size of the cache."""


def match(weights: Arrays, features: Floats, tokens: Ints) -> Floats:
    """How well each picture fits the prompt of its row: features (n, F), ids (n, L) -> (n,). Any real number."""
    return _verdicts(weights, "", features, tokens)[:, 0]


def reward(weights: Arrays, features: Floats, tokens: Ints) -> Floats:
    """The reward for every group of annotators: features (n, F), ids (n, L) -> (n, groups). Any real number."""
    taste = linear(weights, "taste_verdict", relu(linear(weights, "taste_look", features)))
    return _verdicts(weights, "match.", features, tokens) + taste


def reward_for(weights: Arrays, features: Floats, tokens: Ints, group: int | None = None) -> Floats:
    """The reward (n,) for one group of annotators; None gives every group one voice (the mean over groups)."""
    values = reward(weights, features, tokens)
    return values.mean(1, dtype=np.float32) if group is None else values[:, group]


def _verdicts(weights: Arrays, prefix: str, features: Floats, tokens: Ints) -> Floats:
    rows, inverse = np.unique(tokens, axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    rows = trimmed(rows)
    words, there = text_features(weights, f"{prefix}text.", rows)
    gates, shifts = linear(weights, f"{prefix}gate", words), linear(weights, f"{prefix}shift", words)
    present = there.astype(np.float32)
    keys = np.einsum("nlh,nl->nh", linear(weights, f"{prefix}key", words), present)
    looks, sees = (linear(weights, f"{prefix}{name}", features) for name in ("look", "see"))
    verdict, bias = weights[f"{prefix}verdict.weight"], weights[f"{prefix}verdict.bias"]
    parts = [np.zeros((0, len(bias)), np.float32)]
    for first in range(0, len(tokens), ROWS):
        which, some = inverse[first : first + ROWS], slice(first, first + ROWS)
        gated = relu(gates[which] * looks[some, None] + shifts[which])
        # the verdict is linear, so the words may be summed before it
        seen = np.concatenate([np.einsum("nlh,nl->nh", gated, present[which]), keys[which] * sees[some]], 1)
        parts.append(seen @ verdict.T + present[which].sum(1)[:, None] * bias)
    return np.concatenate(parts)
