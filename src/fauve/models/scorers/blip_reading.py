"""BLIP's text tower as a reader of pictures: one pass over a prompt that attends to an image's tokens in every layer.

The weights are those of transformers' ``BlipTextModel``; the pass is written out here because that class wants the
image once for every prompt. Here an image's keys and values are made once a batch, however many prompts read it, which
is two thirds of the work of a cell.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["lengths_mask", "read"]


def read(
    text: Any, ids: Tensor, mask: Tensor | None, images: Tensor | None = None, rows: Tensor | None = None
) -> Tensor:
    """Last hidden state of the first token, ``[CLS]``, shape (prompts, width).

    Args:
        text: a ``BlipTextModel`` with cross-attention.
        ids: token ids, shape (prompts, places). ``[CLS]`` stays first: the published code, ImageReward's and that of
            transformers never put ``[ENC]`` there, although BLIP was trained with it.
        mask: which places are tokens and not padding, boolean, shape (prompts, places); None where all are.
        images: tokens of the images, shape (images, tokens, width of the image tower); None to read the prompt alone.
        rows: for every prompt the row of its image, shape (prompts,).
    """
    seen = None if mask is None else mask[:, None, None, :]
    hidden = text.embeddings(input_ids=ids)
    for layer in text.encoder.layer:
        hidden = _attend(layer.attention, hidden, hidden, seen)
        if images is not None:
            hidden = _attend(layer.crossattention, hidden, images, None, rows)
        hidden = layer.feed_forward_chunk(hidden)
    first: Tensor = hidden[:, 0]
    return first


def _attend(block: Any, hidden: Tensor, context: Tensor, mask: Tensor | None, rows: Tensor | None = None) -> Tensor:
    heads = block.self.num_attention_heads
    query = _split(block.self.query(hidden), heads)
    key, value = _split(block.self.key(context), heads), _split(block.self.value(context), heads)
    if rows is not None:
        key, value = key[rows], value[rows]
    attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    merged = attended.transpose(1, 2).flatten(2)
    out: Tensor = block.output(merged, hidden)
    return out


def _split(projected: Tensor, heads: int) -> Tensor:
    rows, length, width = projected.shape
    return projected.reshape(rows, length, heads, width // heads).transpose(1, 2)


def lengths_mask(ids: Tensor, pad: int) -> Tensor | None:
    """True for every place up to the last one that is no padding; None where no row is padded.

    Padding stands at the end: a prompt that spells out the padding token keeps it.
    """
    places = torch.arange(ids.shape[1], device=ids.device)
    lengths = torch.where(ids != pad, places + 1, 0).amax(dim=1)
    mask = places[None, :] < lengths[:, None]
    return None if bool(mask.all()) else mask
