"""Qwen3-VL in transformers' own modules: sizes, weights, and the passes of a judgement.

The vision tower and the language model are called one by one, so that each is run once for what it is needed for: the
tower once a picture, the question's tokens once for all pictures (``paper``), the picture's tokens once for all
questions (``fast``). Positions are Qwen3-VL's own: a text token has one running number on all three axes; a picture
that starts at p has p, p + its row, p + its column; the text after it goes on at p + the longer side of its grid.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from fauve.errors import WeightsMismatch
from fauve.models.prefix import Prefix, packed, stacked
from fauve.models.weights import build_empty, load_strictly

__all__ = [
    "Seen",
    "answer_after_picture",
    "answer_packed",
    "build_host",
    "look",
    "place",
    "positions",
    "read_config",
    "read_picture_first",
    "read_text",
]

_EMBEDDING = "model.language_model.embed_tokens.weight"
_HEAD = "lm_head.weight"


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture as the language model takes it in.

    Attributes:
        tokens: shape (tokens, width), in the places of the picture.
        deep: further features of the same shape, added after the first layers ("DeepStack").
        rows, columns: grid of the tokens.
    """

    tokens: Tensor
    deep: tuple[Tensor, ...]
    rows: int
    columns: int


def read_config(path: Path) -> Any:
    """Qwen3-VL's sizes from its ``config.json``. Raises WeightsMismatch."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("model_type") != "qwen3_vl":
            raise ValueError(f"model_type is {found.get('model_type')!r}")
        config = Qwen3VLConfig.from_dict(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsMismatch(
            f"{path.name} describes no Qwen3-VL ({error}). Give the folder or hub id of a Qwen3-VL model."
        ) from error
    # the one attention that takes a mask of our own and is in every torch; never what happens to be installed
    config._attn_implementation = "sdpa"
    return config


def build_host(config: Any, tensors: Mapping[str, Tensor], *, name: str) -> Any:
    """The model with every tensor of the file in its place, on the CPU, in the file's own number format.

    Raises:
        WeightsMismatch: keys are missing, left over or of another shape.
    """
    given = dict(tensors)
    if config.tie_word_embeddings and _EMBEDDING in given:
        given[_HEAD] = given[_EMBEDDING]
    host = build_empty(lambda: Qwen3VLForConditionalGeneration(config))
    load_strictly(host, given, name=name)
    _tie(host)
    frozen: Any = host
    return frozen.eval().requires_grad_(False)


def place(host: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """The model on a device, its weights in ``dtype``; rotary frequencies stay in float32, as transformers has them."""
    host.to(device)
    for weight in host.parameters():
        weight.data = weight.data.to(dtype)
    _tie(host)
    return host


def _tie(host: Any) -> None:
    if host.config.tie_word_embeddings:
        host.lm_head.weight = host.model.language_model.embed_tokens.weight


def look(host: Any, patches: Tensor, grid: tuple[int, int]) -> Seen:
    """One picture's patches through the vision tower; ``grid`` counts rows and columns of patches."""
    visual = host.model.visual
    weight = visual.patch_embed.proj.weight
    shape = torch.tensor([[1, *grid]], device=weight.device)
    found = visual(patches.to(weight.device, weight.dtype), grid_thw=shape)
    merge = visual.spatial_merge_size
    return Seen(found.pooler_output, tuple(found.deepstack_features), grid[0] // merge, grid[1] // merge)


def positions(before: int, rows: int, columns: int, after: int, start: int = 0) -> Tensor:
    """Positions of ``before`` text tokens, a picture and ``after`` text tokens, shape (3, tokens); each may be 0."""
    first = torch.arange(start, start + before).expand(3, -1)
    at = start + before
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    picture = torch.stack([torch.zeros_like(row), row, column]).reshape(3, -1) + at
    last = torch.arange(after).expand(3, -1) + at + max(rows, columns)
    return torch.cat([first, picture, last], dim=1)


def read_text(host: Any, ids: Sequence[int]) -> Prefix:
    """Read text that starts a conversation."""
    embeddings = _embedded(host, [ids])
    return _kept(host, embeddings, positions(len(ids), 0, 0, 0), len(ids))


def read_picture_first(host: Any, before: Sequence[int], seen: Seen, after: Sequence[int]) -> Prefix:
    """Read text, a picture and the start of what follows it, which several questions have in common."""
    count = len(seen.tokens)
    embeddings = torch.cat([_embedded(host, [before]), seen.tokens[None].to(_table(host)), _embedded(host, [after])], 1)
    mask = torch.zeros(1, embeddings.shape[1], dtype=torch.bool, device=embeddings.device)
    mask[:, len(before) : len(before) + count] = True
    end = len(before) + max(seen.rows, seen.columns) + len(after)
    at = positions(len(before), seen.rows, seen.columns, len(after))
    return _kept(host, embeddings, at, end, visual_pos_masks=mask, deepstack_visual_embeds=list(seen.deep) or None)


def _kept(host: Any, embeddings: Tensor, at: Tensor, end: int, **given: Any) -> Prefix:
    cache = DynamicCache(config=host.config.text_config)
    host.model.language_model(
        inputs_embeds=embeddings,
        position_ids=at[:, None].to(embeddings.device),
        past_key_values=cache,
        use_cache=True,
        **given,
    )
    return Prefix(cache, end)


def answer_after_picture(host: Any, prefixes: Sequence[Prefix], seen: Seen, after: Sequence[int]) -> Tensor:
    """Logits of the answer to each question that was read before the picture, shape (questions, vocabulary), float32.

    All questions have the same text ``after`` the picture. They are the rows of one batch: the shorter ones' keys are
    filled up and never looked at.
    """
    rows, count = len(prefixes), len(seen.tokens)
    tail = _embedded(host, [after])
    embeddings = torch.cat([seen.tokens[None].to(tail), tail], dim=1).expand(rows, -1, -1)
    tokens = embeddings.shape[1]
    cache, real = stacked(prefixes)
    causal = torch.ones(tokens, tokens, dtype=torch.bool, device=tail.device).tril()
    mask = torch.cat([real[:, None, :].expand(-1, tokens, -1), causal.expand(rows, -1, -1)], dim=2)
    visual = torch.zeros(rows, tokens, dtype=torch.bool, device=tail.device)
    visual[:, :count] = True
    at = torch.stack([positions(0, seen.rows, seen.columns, len(after), prefix.position) for prefix in prefixes], dim=1)
    read = host.model.language_model(
        inputs_embeds=embeddings,
        position_ids=at.to(tail.device),
        attention_mask=mask[:, None],
        past_key_values=cache,
        use_cache=True,
        visual_pos_masks=visual,
        deepstack_visual_embeds=[deep.repeat(rows, 1) for deep in seen.deep] or None,
    )
    return _logits(host, read.last_hidden_state[:, -1])


def answer_packed(host: Any, prefix: Prefix, rests: Sequence[Sequence[int]]) -> Tensor:
    """Logits of the answer to each question, shape (questions, vocabulary); ``rests`` is what the prefix lacks."""
    embeddings = _embedded(host, [[token for rest in rests for token in rest]])
    row = packed(prefix, rests, embeddings.device)
    read = host.model.language_model(
        inputs_embeds=embeddings,
        position_ids=row.positions.view(1, 1, -1).expand(3, 1, -1),
        attention_mask=row.mask,
        past_key_values=prefix.cache(),
        use_cache=True,
    )
    return _logits(host, read.last_hidden_state[0, row.last])


def _logits(host: Any, hidden: Tensor) -> Tensor:
    logits: Tensor = host.lm_head(hidden)
    return logits.float()


def _table(host: Any) -> Tensor:
    weight: Tensor = host.model.language_model.embed_tokens.weight
    return weight


def _embedded(host: Any, rows: Sequence[Sequence[int]]) -> Tensor:
    table = host.model.language_model.embed_tokens
    ids = torch.tensor([list(row) for row in rows], dtype=torch.long, device=table.weight.device)
    embedded: Tensor = table(ids)
    return embedded
