"""The scene-program generator: words in, a scene out, slot by slot, with exact log-probabilities.

It writes the program of a picture (fauve.lab.scene), which the renderer draws; it paints no pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauve.lab.nets.text import TextEncoder

__all__ = ["EPSILON", "SceneGenerator"]

EPSILON = 1e-5
HEADS = 4


class SceneGenerator(nn.Module):
    """p(scene | prompt) = Π_s p(slot s | slots before it, prompt).

    Every slot asks the prompt one attention question of its own; a learnt key that is always there answers where the
    prompt says nothing, and alone for the null prompt (all padding). The slots drawn so far enter as a running sum
    of embeddings, so one pass gives the exact log-probability of a whole scene.

    Args:
        words: size of the vocabulary.
        sizes: number of values of each slot, in the order of emission.
        width: of all features.
    """

    def __init__(self, words: int, sizes: tuple[int, ...], width: int = 64) -> None:
        super().__init__()
        self.sizes, self.width = sizes, width
        self.text = TextEncoder(words, width)
        self.question = nn.Parameter(torch.randn(len(sizes), width) * 0.5)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.null_key = nn.Parameter(torch.zeros(width))
        self.null_value = nn.Parameter(torch.zeros(width))
        self.slot = nn.Parameter(torch.randn(len(sizes), width) * 0.3)
        self.drawn = nn.Parameter(torch.randn(sum(sizes), width) * 0.1)
        self.wide = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(2))
        self.back = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(2))
        self.out = nn.Parameter(torch.randn(sum(sizes), width) * 0.05)
        self.bias = nn.Parameter(torch.zeros(sum(sizes)))
        self.starts = [sum(sizes[:s]) for s in range(len(sizes))]

    def context(self, tokens: Tensor) -> Tensor:
        """What the prompt answers to each slot: (n, L) -> (n, S, width)."""
        words, there = self.text(tokens)
        n = len(words)
        keys = torch.cat([self.null_key.expand(n, 1, -1), self.key(words)], 1)
        values = torch.cat([self.null_value.expand(n, 1, -1), self.value(words)], 1)
        part = self.width // HEADS
        question = self.question.view(-1, HEADS, part).transpose(0, 1)  # (H, S, part)
        keys = keys.view(n, -1, HEADS, part).permute(0, 2, 3, 1)  # (n, H, part, 1+L)
        scores = question @ keys / part**0.5
        hidden = torch.cat([torch.zeros_like(there[:, :1]), ~there], 1)[:, None, None, :]
        weights = scores.masked_fill(hidden, -1e9).softmax(-1)
        answers: Tensor = weights @ values.view(n, -1, HEADS, part).transpose(1, 2)  # (n, H, S, part)
        return answers.transpose(1, 2).reshape(n, -1, self.width) + self.slot

    def state(self, context: Tensor, drawn: Tensor) -> Tensor:
        """Features from which slots are read: context (…, width) and sum of drawn embeddings (…, width)."""
        z = context + drawn
        for wide, back in zip(self.wide, self.back, strict=True):
            z = z * torch.rsqrt((z * z).mean(-1, keepdim=True) + EPSILON)
            z = z + back(functional.relu(wide(z)))
        return z

    def slot_logits(self, state: Tensor, s: int) -> Tensor:
        """Logits of slot s: (n, width) -> (n, sizes[s])."""
        rows = slice(self.starts[s], self.starts[s] + self.sizes[s])
        return state @ self.out[rows].T + self.bias[rows]

    def log_softmaxes(self, tokens: Tensor, scenes: Tensor) -> list[Tensor]:
        """Per slot the log-probabilities of all its values, given the scene's slots before it: S × (n, K_s)."""
        codes = scenes + torch.tensor(self.starts)
        embedded = functional.embedding(codes, self.drawn)  # (n, S, width)
        before = embedded.cumsum(1) - embedded
        state = self.state(self.context(tokens), before)
        return [self.slot_logits(state[:, s], s).log_softmax(-1) for s in range(len(self.sizes))]

    def log_probs(self, tokens: Tensor, scenes: Tensor) -> Tensor:
        """Exact log-probability of each slot of each scene, (n, S); their sum is that of the scene."""
        tables = self.log_softmaxes(tokens, scenes)
        return torch.stack([t.gather(1, scenes[:, s : s + 1])[:, 0] for s, t in enumerate(tables)], 1)

    @torch.no_grad()
    def sample(self, tokens: Tensor, uniforms: Tensor) -> Tensor:
        """Scenes at temperature 1 by inverting the distribution at given uniforms (n, S) in [0, 1): int64 (n, S)."""
        context = self.context(tokens)
        drawn = torch.zeros(len(tokens), self.width)
        scenes = []
        for s, start in enumerate(self.starts):
            below = self.slot_logits(self.state(context[:, s], drawn), s).softmax(-1).cumsum(-1)
            value = (uniforms[:, s : s + 1] >= below[:, :-1]).sum(1)
            drawn = drawn + self.drawn[start + value]
            scenes.append(value)
        return torch.stack(scenes, 1)
