"""The image encoders in NumPy: what the scorers see and what the judge answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from PIL import Image
from scipy.special import softmax

from fauve.lab.inference.weights_io import Arrays
from fauve.lab.inference.words import Floats, linear, relu

__all__ = ["EYE", "Answers", "at_eye_size", "attributes", "judge", "trunk_features"]

EYE = 48
"""Pixels a side that the encoders see."""

STRIDES = (2, 1, 2, 1, 2, 1)
BATCH = 32
"""Pictures at a time, so that the columns of a convolution stay in the cache."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Probabilities of a judge: levels (n, 11, 3) from low to high, subjects (n, 8), emotions (n, 5)."""

    levels: Floats
    subjects: Floats
    emotions: Floats

    @property
    def expected(self) -> Floats:
        """Expected level of each dimension, (n, 11) in [0, 2]."""
        return np.asarray(self.levels @ np.arange(3, dtype=np.float32), np.float32)


def at_eye_size(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A square RGB picture (s, s, 3) of any size averaged to what the encoders see, (48, 48, 3)."""
    if picture.shape[:2] == (EYE, EYE):
        return picture
    return np.asarray(Image.fromarray(picture).resize((EYE, EYE), Image.Resampling.BOX), np.uint8)


def trunk_features(weights: Arrays, pictures: NDArray[np.uint8], prefix: str = "") -> Floats:
    """Features (n, F) of pictures uint8 (n, 48, 48, 3)."""
    kernels = [_kernel(weights, f"{prefix}convs.{i}") for i in range(len(STRIDES))]
    parts = [
        _features(weights, prefix, kernels, pictures[first : first + BATCH]) for first in range(0, len(pictures), BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(weights[f"{prefix}join.bias"])), np.float32)


def attributes(weights: Arrays, features: Floats, sizes: tuple[int, ...], prefix: str = "") -> list[Floats]:
    """Probabilities of the values of each attribute that the trunk was trained on, [(n, K)]."""
    logits = linear(weights, f"{prefix}heads", features)
    return [softmax(part, axis=-1) for part in np.split(logits, np.cumsum(sizes)[:-1], axis=1)]


def judge(weights: Arrays, pictures: NDArray[np.uint8], dimensions: int = 11, subjects: int = 8) -> Answers:
    """What the judge says of pictures uint8 (n, 48, 48, 3); it sees no prompt."""
    logits = linear(weights, "trunk.heads", trunk_features(weights, pictures, "trunk."))
    levels, kinds, emotions = np.split(logits, [3 * dimensions, 3 * dimensions + subjects], axis=1)
    levels = levels.reshape(-1, dimensions, 3)
    return Answers(softmax(levels, axis=-1), softmax(kinds, axis=-1), softmax(emotions, axis=-1))


def _kernel(weights: Arrays, name: str) -> tuple[Floats, Floats, int]:
    """Weights as (k·k·in, out) for channels-last columns, bias, and k."""
    kernel = weights[f"{name}.weight"]
    columns = np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)).reshape(-1, kernel.shape[0])
    return columns, weights[f"{name}.bias"], kernel.shape[2]


def _features(
    weights: Arrays, prefix: str, kernels: list[tuple[Floats, Floats, int]], pictures: NDArray[np.uint8]
) -> Floats:
    x = pictures.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    for (kernel, bias, k), stride in zip(kernels, STRIDES, strict=True):
        x = relu(_convolve(x, kernel, bias, k, stride))
    flat = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).reshape(len(x), -1)  # the order of channels that torch has
    return relu(linear(weights, f"{prefix}join", flat))


def _convolve(x: Floats, kernel: Floats, bias: Floats, k: int, stride: int) -> Floats:
    """Convolution of (n, H, W, C) with zero padding k // 2 as one matrix product."""
    n, height, width, channels = x.shape
    if k == 1:
        return np.asarray(x @ kernel + bias, np.float32)
    margin = k // 2
    padded = np.zeros((n, height + 2 * margin, width + 2 * margin, channels), np.float32)
    padded[:, margin:-margin, margin:-margin] = x
    rows, columns = (height - 1) // stride + 1, (width - 1) // stride + 1
    per_picture, per_row, per_column, one = padded.strides
    run = k * channels  # a row of the window is contiguous in memory
    windows = as_strided(
        padded,
        (n, rows, columns, k, run),
        (per_picture, stride * per_row, stride * per_column, per_row, one),
        writeable=False,
    )
    product = np.ascontiguousarray(windows).reshape(-1, k * run) @ kernel
    return np.asarray(product.reshape(n, rows, columns, -1) + bias, np.float32)
