"""The text encoder in NumPy: the same arithmetic as fauve.lab.nets.text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.lab.inference.weights_io import Arrays

__all__ = ["linear", "relu", "text_features", "trimmed"]

Floats = NDArray[np.float32]


def linear(weights: Arrays, name: str, x: Floats) -> Floats:
    """x · Wᵀ + b of the layer of that name."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def relu(x: Floats) -> Floats:
    """max(x, 0), in place."""
    return np.maximum(x, np.float32(0), out=x)


def trimmed(tokens: NDArray[np.int64]) -> NDArray[np.int64]:
    """Without the columns in which no prompt of the batch has a word; one column at least."""
    return tokens[:, : max(1, int((tokens != 0).sum(1).max(initial=0)))]


def text_features(weights: Arrays, prefix: str, tokens: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
    """Words in context (n, L, d) and where there are words (n, L), for ids (n, L) with padding 0."""
    there = tokens != 0
    keep = there[..., None].astype(np.float32)
    words = weights[f"{prefix}embed.weight"][tokens] * keep
    n, length, width = words.shape
    block = 0
    while f"{prefix}wide.{block}.weight" in weights:
        beside = np.zeros((n, length, 3 * width), np.float32)
        beside[:, 1:, :width] = words[:, :-1]
        beside[:, :, width : 2 * width] = words
        beside[:, :-1, 2 * width :] = words[:, 1:]
        hidden = relu(linear(weights, f"{prefix}wide.{block}", beside.reshape(n * length, 3 * width)))
        words = words + linear(weights, f"{prefix}back.{block}", hidden).reshape(n, length, width) * keep
        block += 1
    return words, there
