"""Value Sign Flip as it is meant: what an image token takes from the negative prompt is subtracted.

arXiv 2508.10931. For an image row with scores s over positive text P, image I and negative text N, scale a, offset b:

    o = [ Σ_{P,I} e^s v − a Σ_N e^{s−b} v ] / [ Σ_{P,I} e^s + Σ_N e^{s−b} ]

Positive text sees P and I alone; negative text sees N and I alone, with its own values unflipped, so that it keeps a
meaning through the depth. The strength follows the softmax: it differs by head, layer, step and pixel. a = 0 is not the
plain model, as N still takes its share of the softmax; b → ∞ is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere
from torch import Tensor

from fauve.errors import ConfigError
from fauve.models.steering.split_attention import (
    Parts,
    attend,
    attend_with_mass,
    has_mass,
    hide_negative,
    merge_flipped,
)

__all__ = ["Dose", "Schedule", "flip_values"]

Schedule = Callable[[int], tuple[float, float]]
"""Denoising step, from 0, to (scale, offset)."""


@dataclass(slots=True)
class Dose:
    """Scale and offset that hold at present; a schedule changes them from step to step.

    Raises ConfigError where one of them is negative or no number. An offset of infinity is the plain model.
    """

    scale: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        self.set(self.scale, self.offset)

    def set(self, scale: float, offset: float) -> None:
        """Change both."""
        if not (math.isfinite(scale) and scale >= 0):
            raise ConfigError(f"Value Sign Flip with scale {scale}: give a finite number of 0 or more.")
        if math.isnan(offset) or offset < 0:
            raise ConfigError(f"Value Sign Flip with offset {offset}: give 0 or more; infinity is the plain model.")
        self.scale, self.offset = scale, offset


def flip_values(dose: Dose) -> Callable[[Parts, Parts, Parts], Parts]:
    """The rule under a dose that is read anew at every call: three calls of attention, no mask of tokens by tokens."""

    def rule(query: Parts, key: Parts, value: Parts) -> Parts:
        if math.isinf(dose.offset):
            return hide_negative(query, key, value)
        # In the order N, I, P, N each kind of row sees one run of keys, so that nothing is copied twice.
        n, p = key.negative.shape[2], key.positive.shape[2]
        keys = torch.cat([key.negative, key.image, key.positive, key.negative], dim=2)
        flipped = value.negative * -dose.scale
        values = torch.cat([value.negative, value.image, value.positive, flipped], dim=2)
        seen = slice(n, keys.shape[2] - n)
        positive = attend(query.positive, keys[:, :, seen], values[:, :, seen])
        negative = attend(query.negative, keys[:, :, : -p - n], values[:, :, : -p - n])
        if dose.offset == 0:
            image = attend(query.image, keys[:, :, n:], values[:, :, n:])
        elif has_mass(query.image):
            plain = attend_with_mass(query.image, keys[:, :, seen], values[:, :, seen])
            avoided, mass = attend_with_mass(query.image, key.negative, value.negative)
            image = merge_flipped(*plain, avoided, mass - dose.offset, dose.scale)
        else:
            image = _attend_less(query.image, keys[:, :, n:], values[:, :, n:], n, dose.offset)
        return Parts(positive, negative, image)

    return rule


def _attend_less(query: Tensor, key: Tensor, value: Tensor, last: int, offset: float) -> Tensor:
    """Attention with ``offset`` taken from the scores of the last keys, by one row of biases for all queries."""
    bias = query.new_zeros(1, 1, 1, key.shape[2])
    bias[..., -last:] = -offset
    return F.scaled_dot_product_attention(query, key, value, attn_mask=bias.expand(1, 1, query.shape[2], -1))
