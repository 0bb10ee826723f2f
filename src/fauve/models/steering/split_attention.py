"""Attention over three kinds of tokens: positive text (P), negative text (N) and image (I).

A rule says who sees whom. What :mod:`~fauve.models.steering.flux_host` and :mod:`~fauve.models.steering.sd3_host` know
is how their blocks make queries, keys and values; every rule here works on both. Shapes: (batch, heads, tokens, head
width) throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere
from torch import Tensor

__all__ = ["Parts", "Rule", "attend", "attend_with_mass", "has_mass", "hide_negative", "merge_flipped"]


class Parts(NamedTuple):
    """Queries, keys, values or outputs by kind of token, in the order of the text: positive before negative."""

    positive: Tensor
    negative: Tensor
    image: Tensor

    def rows(self, start: int, stop: int) -> Parts:
        """The same for some rows of the batch."""
        return Parts(self.positive[start:stop], self.negative[start:stop], self.image[start:stop])


Rule = Callable[[Parts, Parts, Parts], Parts]
"""Takes queries, keys and values; gives the attention's output for every token."""


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Ordinary attention without a mask, by whatever kernel torch finds quickest."""
    return F.scaled_dot_product_attention(query, key, value)


def has_mass(query: Tensor) -> bool:
    """Whether a kernel on this device gives the log-sum-exp: on the CPU, and for 16-bit numbers on CUDA."""
    if query.device.type == "cpu":
        return True
    return query.device.type == "cuda" and query.element_size() == 2 and query.shape[-1] % 8 == 0


def attend_with_mass(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Attention, and the log-sum-exp of each query's scores, shape (batch, heads, queries), float32 or wider.

    Only where :func:`has_mass`. These are the kernels that :func:`attend` chooses too.
    """
    if query.device.type == "cpu":
        output, mass = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value)
    else:
        output, mass, *_ = torch.ops.aten._scaled_dot_product_flash_attention(query, key, value)
    return output, mass


def merge_flipped(plain: Tensor, mass: Tensor, negative: Tensor, negative_mass: Tensor, scale: float) -> Tensor:
    """One softmax over two sets of keys, put together from each set's own, the second set's values times −scale.

    (1 − w)·plain − scale·w·negative with w = sigmoid(negative_mass − mass): exact, and no mask is needed.
    """
    share = torch.sigmoid(negative_mass - mass).unsqueeze(-1).to(plain.dtype)
    return torch.lerp(plain, negative * -scale, share)


def hide_negative(query: Parts, key: Parts, value: Parts) -> Parts:
    """The plain model with negative tokens carried along: nobody sees them, and they see themselves and the image."""
    keys = torch.cat([key.negative, key.image, key.positive], dim=2)
    values = torch.cat([value.negative, value.image, value.positive], dim=2)
    count, texts = query.negative.shape[2], query.positive.shape[2]
    seen = attend(torch.cat([query.positive, query.image], dim=2), keys[:, :, count:], values[:, :, count:])
    negative = attend(query.negative, keys[:, :, : -key.positive.shape[2]], values[:, :, : -key.positive.shape[2]])
    return Parts(seen[:, :, :texts], negative, seen[:, :, texts:])
