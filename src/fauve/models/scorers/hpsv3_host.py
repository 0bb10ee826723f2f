"""HPSv3 in transformers' ``Qwen2VLModel`` with its own head: sizes, key map, and the passes of a rating.

Two things differ from Qwen2-VL as transformers runs it, so the parts of the model are called by hand:

- The language model was trained with one running number per token as its position, the same on all three axes of the
  rotary embedding, for the picture's tokens too. Transformers would number the picture by rows and columns.
- The published code casts the whole model to bfloat16 before training and before rating, and the rotary frequencies
  with it. At the several hundredth token a rounded frequency is another angle, so the rounding belongs to the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import DynamicCache, Qwen2VLConfig, Qwen2VLModel

from fauve.errors import WeightsMismatch
from fauve.models.prefix import Prefix, packed
from fauve.models.weights import build_empty, load_strictly

__all__ = [
    "HPSv3Host",
    "RotaryPrecision",
    "build_host",
    "image_tokens",
    "read_config",
    "read_prefix",
    "read_suffixes",
]

RotaryPrecision = Literal["bfloat16", "float32"]

_EMBEDDING = "model.embed_tokens.weight"


class HPSv3Host(nn.Module):
    """Qwen2-VL without its language head, and the head that rates: mean and logarithm of the deviation."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.rotary: RotaryPrecision = "bfloat16"
        self.model: Any = Qwen2VLModel(config)
        self.rm_head = nn.Sequential(
            nn.Linear(config.text_config.hidden_size, 1024),
            nn.ReLU(),
            nn.Dropout(0.05),
            nn.Linear(1024, 16),
            nn.ReLU(),
            nn.Linear(16, 2),
        )

    def place(self, device: torch.device, dtype: torch.dtype, rotary: RotaryPrecision) -> HPSv3Host:
        """On a device, the backbone's weights in ``dtype``, the head's in float32, the frequencies as ``rotary`` says.

        A plain ``.to(dtype)`` would make the frequencies' rounding depend on the weights' format.
        """
        self.model.to(device)
        for weight in self.model.parameters():
            weight.data = weight.data.to(dtype)
        self.rm_head.to(device, torch.float32)
        self.rotary = rotary
        text = self.model.language_model.rotary_emb
        if rotary == "bfloat16":
            text.inv_freq = text.inv_freq.bfloat16().float()
        return self


def read_config(path: Path) -> Any:
    """Qwen2-VL's sizes from its ``config.json``, old (flat) or new (nested) form. Raises WeightsMismatch."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("model_type") != "qwen2_vl":
            raise ValueError(f"model_type is {found.get('model_type')!r}")
        config = Qwen2VLConfig.from_dict(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsMismatch(
            f"{path.name} describes no Qwen2-VL ({error}). Give the folder or hub id of Qwen2-VL-7B-Instruct as `base`."
        ) from error
    # the one attention that takes a mask of our own and is in every torch; never what happens to be installed
    config._attn_implementation = "sdpa"
    return config


def build_host(config: Any, tensors: Mapping[str, Tensor], *, name: str, reward_id: int) -> HPSv3Host:
    """The host with every tensor of the file in its place, on the CPU, in the file's own number format.

    Raises:
        WeightsMismatch: keys are missing, left over or of another shape, or the vocabulary is of another model.
    """
    rows = tensors[_EMBEDDING].shape[0] if _EMBEDDING in tensors else reward_id + 1
    if rows != reward_id + 1:
        raise WeightsMismatch(
            f"{name}: the weights have {rows} tokens, and with its reward token the tokenizer has {reward_id + 1}. "
            "Give the tokenizer of the model that these weights were trained from as `base`."
        )
    config.text_config.vocab_size = rows
    host = build_empty(lambda: HPSv3Host(config))
    load_strictly(host, _renamed(tensors), name=name)
    return host.eval().requires_grad_(False)


def _renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The file's names (transformers 4.45) as the host's; the language head, which rates nothing, is left out."""
    renamed = {}
    for key, value in tensors.items():
        if key.startswith("visual."):
            renamed[f"model.{key}"] = value
        elif key.startswith("model."):
            renamed[f"model.language_model.{key.removeprefix('model.')}"] = value
        elif not key.startswith("lm_head."):
            renamed[key] = value
    return renamed


def image_tokens(host: HPSv3Host, patches: Tensor, grid: tuple[int, int, int]) -> Tensor:
    """The picture as the language model sees it, shape (grid patches / 4, width)."""
    visual = host.model.visual
    weight = visual.patch_embed.proj.weight
    hidden = visual.patch_embed(patches.to(weight.device, weight.dtype))
    angles = _picture_angles(grid, visual.spatial_merge_size, visual.blocks[0].attn.head_dim, host.rotary)
    angles = angles.to(weight.device)
    rotation = (angles.cos().float(), angles.sin().float())
    whole = torch.tensor([0, len(patches)], dtype=torch.int32, device=weight.device)
    for block in visual.blocks:
        hidden = block(hidden, cu_seqlens=whole, position_embeddings=rotation)
    tokens: Tensor = visual.merger(hidden)
    return tokens


def _picture_angles(grid: tuple[int, int, int], merge: int, head: int, rotary: RotaryPrecision) -> Tensor:
    """Rotation of every patch by its row and its column, shape (patches, head), in the order of the patches."""
    _, rows, columns = grid
    places = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"), dim=-1)
    groups = places.reshape(rows // merge, merge, columns // merge, merge, 2).transpose(1, 2).reshape(-1, 2)
    frequencies = 10_000.0 ** -(torch.arange(0, head // 2, 2).float() / (head // 2))
    dtype = getattr(torch, rotary)
    # in bfloat16 the products are rounded as well, and so are the sines made of them
    angles = (groups.unsqueeze(-1).to(dtype) * frequencies.to(dtype)).flatten(1)
    return torch.cat([angles, angles], dim=-1)


def read_prefix(host: HPSv3Host, ids: Sequence[int], picture: Tensor, places: slice) -> Prefix:
    """Read the text before the prompt with the ``picture``'s tokens in their ``places``."""
    embeddings = _embedded(host, ids)
    embeddings[0, places] = picture.to(embeddings)
    cache = DynamicCache(config=host.model.config.text_config)
    host.model.language_model(
        inputs_embeds=embeddings,
        position_ids=_positions(torch.arange(len(ids), device=embeddings.device)),
        past_key_values=cache,
        use_cache=True,
    )
    return Prefix(cache)


def read_suffixes(host: HPSv3Host, prefix: Prefix, suffixes: Sequence[Sequence[int]]) -> Tensor:
    """Mean and log deviation at the last token of every suffix, shape (suffixes, 2), float32."""
    row = packed(prefix, suffixes, next(host.rm_head.parameters()).device)
    read = host.model.language_model(
        inputs_embeds=_embedded(host, [token for suffix in suffixes for token in suffix]),
        position_ids=_positions(row.positions),
        attention_mask=row.mask,
        past_key_values=prefix.cache(),
        use_cache=True,
    )
    rated: Tensor = host.rm_head(read.last_hidden_state[0, row.last].float())
    return rated


def _embedded(host: HPSv3Host, ids: Sequence[int]) -> Tensor:
    table = host.model.language_model.embed_tokens
    embedded: Tensor = table(torch.tensor([list(ids)], device=table.weight.device))
    return embedded


def _positions(running: Tensor) -> Tensor:
    """One running number per token on all three axes, shape (3, 1, tokens)."""
    return running.view(1, 1, -1).expand(3, 1, -1)
