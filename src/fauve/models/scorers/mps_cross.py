"""The cross module of MPS: image tokens attend to the words of the prompt, then to each other.

Four layers of two residual blocks, all multi-query (one key and value head for 16 query heads), without biases, with a
feed-forward part beside each attention that reads the same normalised input (Kwai-Kolors/MPS, CVPR 2024). Names of
parameters are those of the published checkpoint.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CrossModel"]


class CrossModel(nn.Module):
    """Image tokens that have read a prompt.

    Args:
        width: of a token (1024).
        depth: number of layers (4).
        heads: query heads (16) of ``head_width`` (64).
        expansion: inner width of the feed-forward parts over ``width``.
    """

    def __init__(
        self, width: int = 1024, depth: int = 4, heads: int = 16, head_width: int = 64, expansion: int = 4
    ) -> None:
        super().__init__()
        sizes = (width, heads, head_width, width * expansion)
        self.layers = nn.ModuleList(
            nn.ModuleList([_Residual(_ReadPrompt(*sizes)), _Residual(_ReadImage(*sizes))]) for _ in range(depth)
        )

    def forward(self, image: Tensor, prompt: Tensor, keep: Tensor) -> Tensor:
        """Image tokens after all layers.

        ``image`` (pairs, places, width), ``prompt`` (pairs, words, width), ``keep`` (pairs, words) false for words that
        are not to be read.
        """
        for layer in self.layers:
            blocks = list(layer.children())
            image = blocks[0](image, prompt, keep)
            image = blocks[1](image)
        return image

    def keep_precision(self) -> None:
        """Call after loading: rotary frequencies stay float32 whatever the module is cast to."""
        for module in self.modules():
            if isinstance(module, _Rotary):
                module.keep_precision()


class _Residual(nn.Module):
    """``x + fn(x)``; exists for its place in the names of parameters."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor, *further: Tensor) -> Tensor:
        change: Tensor = self.fn(x, *further)
        return x + change


class _Norm(nn.Module):
    """Layer normalisation with a weight; its bias is a constant zero that the checkpoint carries all the same."""

    bias: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.register_buffer("bias", torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], self.weight, self.bias, eps=1e-5)


class _Gate(nn.Module):
    """SwiGLU: the first half times the SiLU of the second."""

    def forward(self, x: Tensor) -> Tensor:
        value, gate = x.chunk(2, dim=-1)
        return value * functional.silu(gate)


class _ReadPrompt(nn.Module):
    """Cross attention from image tokens to the kept words, and a feed-forward part beside it."""

    def __init__(self, width: int, heads: int, head_width: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = _Norm(width)
        self.to_q = nn.Linear(width, heads * head_width, bias=False)
        self.to_kv = nn.Linear(width, 2 * head_width, bias=False)
        self.to_out = nn.Linear(heads * head_width, width, bias=False)
        self.ff = nn.Sequential(nn.Linear(width, 2 * inner, bias=False), _Gate(), nn.Linear(inner, width, bias=False))

    def forward(self, x: Tensor, prompt: Tensor, keep: Tensor) -> Tensor:
        x = self.norm(x)
        keys, values = self.to_kv(prompt).chunk(2, dim=-1)
        read = _multi_query(_split(self.to_q(x), self.heads), keys, values, keep[:, None, None, :])
        out: Tensor = self.to_out(read) + self.ff(x)
        return out


class _ReadImage(nn.Module):
    """Self attention with rotary positions, and a feed-forward part; one projection feeds all of it."""

    def __init__(self, width: int, heads: int, head_width: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.widths = (heads * head_width, head_width, head_width, 2 * inner)
        self.norm = _Norm(width)
        self.rotary_emb = _Rotary(head_width)
        self.fused_attn_ff_proj = nn.Linear(width, sum(self.widths), bias=False)
        self.attn_out = nn.Linear(heads * head_width, width, bias=False)
        self.ff_out = nn.Sequential(_Gate(), nn.Linear(inner, width, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        queries, keys, values, inner = self.fused_attn_ff_proj(self.norm(x)).split(self.widths, dim=-1)
        queries, keys = self.rotary_emb(_split(queries, self.heads)), self.rotary_emb(keys)
        out: Tensor = self.attn_out(_multi_query(queries, keys, values, None)) + self.ff_out(inner)
        return out


class _Rotary(nn.Module):
    """Rotary positions, first half of a head paired with its second (arXiv:2104.09864)."""

    inv_freq: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("inv_freq", 1.0 / (10000 ** (torch.arange(0, width, 2).float() / width)))
        self._frequencies: Tensor | None = None

    def keep_precision(self) -> None:
        """Remember the loaded frequencies in float32: in bfloat16 the 257th position would be radians off."""
        self._frequencies = self.inv_freq.detach().float()

    def forward(self, x: Tensor) -> Tensor:
        frequencies = self.inv_freq.float() if self._frequencies is None else self._frequencies.to(x.device)
        places = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)
        angles = torch.outer(places, frequencies).repeat(1, 2)
        first, second = x.chunk(2, dim=-1)
        turned = torch.cat((-second, first), dim=-1)
        return x * angles.cos().to(x.dtype) + turned * angles.sin().to(x.dtype)


def _split(x: Tensor, heads: int) -> Tensor:
    """(pairs, places, heads × width) to (pairs, heads, places, width)."""
    return x.reshape(*x.shape[:-1], heads, -1).transpose(1, 2)


def _multi_query(queries: Tensor, keys: Tensor, values: Tensor, keep: Tensor | None) -> Tensor:
    """Attention of many query heads with one key and value head; (pairs, places, heads × width)."""
    shared = (len(keys), queries.shape[1], *keys.shape[1:])
    read = functional.scaled_dot_product_attention(
        queries, keys[:, None].expand(shared), values[:, None].expand(shared), attn_mask=keep
    )
    return read.transpose(1, 2).flatten(2)
