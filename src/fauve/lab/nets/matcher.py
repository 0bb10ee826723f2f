"""The matcher: how well a picture fits a prompt, as a sum over the words of the prompt."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauve.lab.nets.text import TextEncoder

__all__ = ["Matcher"]


class Matcher(nn.Module):
    """Frozen picture features (n, F) and prompts (n, L) -> scores (n,), one for each row.

    Every word in its context asks the picture in two ways: by a product of the two (which is learnt soon) and through
    a gate that opens some of the picture's features (which can say "and not"). The verdicts of the words are added
    up. Padding has no verdict; a null prompt scores 0 whatever the picture.

    Args:
        words: size of the vocabulary.
        features: width of the picture features.
        width: of the text encoder.
        hidden: of each of the two meetings of word and picture.
    """

    def __init__(self, words: int, features: int, width: int = 48, hidden: int = 96) -> None:
        super().__init__()
        self.text = TextEncoder(words, width)
        self.gate = nn.Linear(width, hidden)
        self.shift = nn.Linear(width, hidden)
        self.look = nn.Linear(features, hidden)
        self.key = nn.Linear(width, hidden)
        self.see = nn.Linear(features, hidden)
        self.verdict = nn.Linear(2 * hidden, 1)
        nn.init.normal_(self.text.embed.weight)
        nn.init.constant_(self.verdict.weight[:, hidden:], hidden**-0.5)

    def meet(self, features: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What each word of a prompt (n, L) sees in each of its pictures (n, C, F), and where there are words.

        Returns:
            (n, C, L, 2 · hidden) and (n, 1, L).
        """
        words, there = self.text(tokens)
        look: Tensor = self.look(features)[:, :, None]
        see: Tensor = self.see(features)[:, :, None]
        gated = functional.relu(self.gate(words)[:, None] * look + self.shift(words)[:, None])
        return torch.cat([gated, self.key(words)[:, None] * see], -1), there[:, None]

    def forward(self, features: Tensor, tokens: Tensor) -> Tensor:
        """Scores of the rows, (n,)."""
        return self.of_pictures(features[:, None], tokens)[:, 0]

    def of_captions(self, features: Tensor, tokens: Tensor) -> Tensor:
        """Scores of each picture (n, F) under its own candidates (n, C, L): (n, C)."""
        n, candidates, _ = tokens.shape
        scores: Tensor = self(torch.repeat_interleave(features, candidates, 0), tokens.flatten(0, 1))
        return scores.view(n, candidates)

    def of_pictures(self, features: Tensor, tokens: Tensor) -> Tensor:
        """Scores of each caption (n, L) with its own candidates (n, C, F): (n, C)."""
        seen, there = self.meet(features, tokens)
        verdicts: Tensor = self.verdict(seen)[..., 0]
        return (verdicts * there).sum(2)
