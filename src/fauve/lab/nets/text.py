"""The text encoder that the generator and the matcher each own a copy of: words in their neighbourhood."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["TextEncoder", "neighbours"]

BLOCKS = 2
"""Two windows of three words see five words, the length of most phrases of the grammar."""


def neighbours(words: Tensor) -> Tensor:
    """Each word beside the one before and the one after it, (n, L, d) -> (n, L, 3d); zeros beyond the ends."""
    before, after = functional.pad(words, (0, 0, 1, 0))[:, :-1], functional.pad(words, (0, 0, 0, 1))[:, 1:]
    return torch.cat([before, words, after], dim=-1)


class TextEncoder(nn.Module):
    """Token ids (n, L) -> features of the words in context (n, L, d) and where there are words (n, L).

    Residual blocks over windows of three words instead of attention: the phrases of a caption do not refer to one
    another, and convolution costs a fraction. Padding (id 0) stays zero, so that the length of the row is immaterial.
    """

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.wide = nn.ModuleList(nn.Linear(3 * width, 2 * width) for _ in range(BLOCKS))
        self.back = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(BLOCKS))
        nn.init.normal_(self.embed.weight, std=0.3)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the words, and where there are words."""
        longest = max(1, int((tokens != 0).sum(1).max()))
        tokens = tokens[:, :longest]
        there = tokens != 0
        keep = there[..., None].to(self.embed.weight.dtype)
        words = self.embed(tokens) * keep
        for wide, back in zip(self.wide, self.back, strict=True):
            words = words + back(functional.relu(wide(neighbours(words)))) * keep
        return words, there
