"""The image encoder: a small CNN on 48 × 48 RGB, trained on the attributes of scenes and then frozen."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SIZE", "Trunk", "folded"]

SIZE = 48
"""Pixels a side that the encoders see; larger pictures are averaged down to it."""

CHANNELS = ((3, 32, 5, 2), (32, 32, 3, 1), (32, 64, 3, 2), (64, 64, 3, 1), (64, 96, 3, 2), (96, 32, 1, 1))
"""(in, out, kernel, stride): 48 → 24 → 24 → 12 → 12 → 6 → 6. Two layers at 24 pixels see grain and soft edges."""

LAST = 6
NORM_EPSILON = 1e-5


class Trunk(nn.Module):
    """Pictures (n, 3, 48, 48) in [−1, 1] -> features (n, width), and from them logits of every attribute.

    Args:
        sizes: number of values of each attribute that a head reads.
        width: of the features.
        normed: with batch normalisation behind every layer, which halves the training needed. Only for training:
            :func:`folded` gives the same function without it.
    """

    def __init__(self, sizes: tuple[int, ...], width: int = 160, *, normed: bool = False) -> None:
        super().__init__()
        self.sizes, self.width, self.normed = sizes, width, normed
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, s, k // 2, bias=not normed) for i, o, k, s in CHANNELS)
        self.join = nn.Linear(CHANNELS[-1][1] * LAST * LAST, width, bias=not normed)
        self.heads = nn.Linear(width, sum(sizes))
        for layer in (*self.convs, self.join):
            nn.init.kaiming_normal_(cast(Tensor, layer.weight), nonlinearity="relu")
        if normed:
            self.norms = nn.ModuleList(
                [
                    *(nn.BatchNorm2d(channels[1], NORM_EPSILON) for channels in CHANNELS),
                    nn.BatchNorm1d(width, NORM_EPSILON),
                ]
            )

    def forward(self, pictures: Tensor) -> Tensor:
        """Features of pictures."""
        x = pictures
        for i, conv in enumerate(self.convs):
            x = conv(x)
            x = functional.relu(self.norms[i](x)) if self.normed else functional.relu(x)
        joined = self.join(x.flatten(1))
        return functional.relu(self.norms[-1](joined) if self.normed else joined)

    def attributes(self, features: Tensor) -> tuple[Tensor, ...]:
        """Logits of each attribute, a tuple of (n, K)."""
        return cast("tuple[Tensor, ...]", self.heads(features).split(self.sizes, dim=-1))


@torch.no_grad()
def folded(net: Trunk) -> Trunk:
    """The same function with the running statistics of the normalisations multiplied into the layers before them."""
    plain = Trunk(net.sizes, net.width)
    had = net.state_dict()
    layers = [*(f"convs.{i}" for i in range(len(CHANNELS))), "join"]
    weights = {name: value for name, value in had.items() if name.startswith("heads.")}
    for i, layer in enumerate(layers):
        norm, weight = f"norms.{i}", had[f"{layer}.weight"]
        scale = had[f"{norm}.weight"] / torch.sqrt(had[f"{norm}.running_var"] + NORM_EPSILON)
        weights[f"{layer}.weight"] = weight * scale.view(-1, *[1] * (weight.dim() - 1))
        weights[f"{layer}.bias"] = had[f"{norm}.bias"] - had[f"{norm}.running_mean"] * scale
    plain.load_state_dict(weights)
    return plain
