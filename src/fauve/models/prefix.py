"""Keys and values of text and pictures that were read once, for any number of later reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers.cache_utils import Cache, DynamicLayer

__all__ = ["Packed", "Prefix", "packed", "stacked"]


class _ReadOnlyLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values that later tokens may look at and never add to."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keys, self.values = keys, values
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """The kept ones and the new ones together; nothing is kept of the new ones."""
        kept: tuple[Any, Any] = self.keys, self.values
        return torch.cat([kept[0], key_states], dim=-2), torch.cat([kept[1], value_states], dim=-2)


class Prefix:
    """What a language model keeps of a row of tokens: of each layer keys and values, shape (1, heads, tokens, width).

    Attributes:
        length: tokens.
        position: rotary position of the text that comes next: the number of tokens, unless a picture is numbered by
            rows and columns.
    """

    def __init__(self, cache: Any, position: int | None = None) -> None:
        self.length = int(cache.get_seq_length())
        self.position = self.length if position is None else position
        self.layers: list[tuple[Tensor, Tensor]] = [(layer.keys, layer.values) for layer in cache.layers]

    def cache(self) -> Cache:
        """A view for one pass of the language model."""
        return Cache(layers=[_ReadOnlyLayer(keys, values) for keys, values in self.layers])


def stacked(prefixes: Sequence[Prefix]) -> tuple[Cache, Tensor]:
    """Several prefixes as the rows of one cache, filled up at their ends to the longest; and which places are real.

    The second is of shape (prefixes, longest), true where a key belongs to the prefix.
    """
    longest = max(prefix.length for prefix in prefixes)

    def row(values: Tensor) -> Tensor:
        return functional.pad(values, (0, 0, 0, longest - values.shape[2]))

    layers: list[Any] = []
    for depth in range(len(prefixes[0].layers)):
        keys = torch.cat([row(prefix.layers[depth][0]) for prefix in prefixes])
        values = torch.cat([row(prefix.layers[depth][1]) for prefix in prefixes])
        layers.append(_ReadOnlyLayer(keys, values))
    lengths = torch.tensor([prefix.length for prefix in prefixes], device=layers[0].keys.device)
    return Cache(layers=layers), torch.arange(longest, device=lengths.device)[None, :] < lengths[:, None]


@dataclass(frozen=True, slots=True)
class Packed:
    """Several texts behind one prefix, in one row behind each other; each sees the prefix and itself.

    So nothing is padded, and the prefix is not copied for every text.

    Attributes:
        positions: of every token, from the one after the prefix on, shape (tokens).
        mask: true where a token (row) may look at a key (column), shape (1, 1, tokens, prefix + tokens).
        last: the place of each text's last token, shape (texts).
    """

    positions: Tensor
    mask: Tensor
    last: Tensor


def packed(prefix: Prefix, texts: Sequence[Sequence[int]], device: torch.device) -> Packed:
    """How texts, given as tokens, stand behind a prefix."""
    lengths = torch.tensor([len(text) for text in texts], device=device)
    owner = torch.repeat_interleave(torch.arange(len(texts), device=device), lengths)
    ends = lengths.cumsum(0)
    within = torch.arange(len(owner), device=device) - (ends - lengths)[owner]
    own = (owner[:, None] == owner[None, :]) & (within[:, None] >= within[None, :])
    mask = torch.cat([own.new_ones(len(owner), prefix.length), own], dim=1)[None, None]
    return Packed(prefix.position + within, mask, ends - 1)
