"""CLIP towers of published checkpoints in transformers' ``CLIPModel``: sizes, key map, strict loading.

OpenAI's and open_clip's checkpoints name their tensors in one way and transformers in another; the map below is exact
and every key of a file must be used. The activation is part of a checkpoint, not of a file: OpenAI's ViT-L/14 and what
was tuned from it use QuickGELU, the LAION ViT-H/14 family exact GELU, and no tensor shows which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel

from fauve.errors import WeightsMismatch
from fauve.models.weights import build_empty, load_strictly

__all__ = ["Activation", "Architecture", "clip_config", "clip_host", "transformers_layout"]

Architecture = Literal["ViT-L/14", "ViT-H/14"]
Activation = Literal["gelu", "quick_gelu"]

_SIZES: dict[str, dict[str, Any]] = {
    "ViT-L/14": {
        "projection_dim": 768,
        "vision": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
        "text": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    },
    "ViT-H/14": {
        "projection_dim": 1024,
        "vision": {"hidden_size": 1280, "num_hidden_layers": 32, "num_attention_heads": 16, "intermediate_size": 5120},
        "text": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    },
}

_TOWER = (
    (".attn.out_proj.", ".self_attn.out_proj."),
    (".ln_1.", ".layer_norm1."),
    (".ln_2.", ".layer_norm2."),
    (".mlp.c_fc.", ".mlp.fc1."),
    (".mlp.c_proj.", ".mlp.fc2."),
)
_PREFIXES = (
    ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
    ("visual.class_embedding", "vision_model.embeddings.class_embedding"),
    ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
    ("visual.conv1.", "vision_model.embeddings.patch_embedding."),
    ("visual.ln_pre.", "vision_model.pre_layrnorm."),
    ("visual.ln_post.", "vision_model.post_layernorm."),
    ("transformer.resblocks.", "text_model.encoder.layers."),
    ("token_embedding.", "text_model.embeddings.token_embedding."),
    ("positional_embedding", "text_model.embeddings.position_embedding.weight"),
    ("ln_final.", "text_model.final_layer_norm."),
)
_SIZE_KEYS = {
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "layer_norm_eps",
    "image_size",
    "patch_size",
    "vocab_size",
    "max_position_embeddings",
}
_MATRICES = {"text_projection": "text_projection.weight", "visual.proj": "visual_projection.weight"}
# what OpenAI's archives carry beside the weights
_NOT_WEIGHTS = {"input_resolution", "context_length", "vocab_size", "attn_mask"}
_POSITION_IDS = re.compile(r"(^|\.)position_ids$")


def clip_config(architecture: Architecture, activation: Activation, config_file: Path | None = None) -> CLIPConfig:
    """The sizes of a published architecture, or those of a ``config.json`` of transformers.

    ``activation`` is set in either case: a config without it would silently mean QuickGELU.
    """
    sizes = _published(architecture) if config_file is None else _sizes_of(config_file)
    text = {**sizes["text_config"], "hidden_act": activation}
    vision = {**sizes["vision_config"], "hidden_act": activation}
    return CLIPConfig(projection_dim=sizes["projection_dim"], text_config=text, vision_config=vision)


def _published(architecture: Architecture) -> dict[str, Any]:
    known = _SIZES[architecture]
    return {
        "projection_dim": known["projection_dim"],
        "vision_config": {**known["vision"], "image_size": 224, "patch_size": 14},
        "text_config": {**known["text"], "vocab_size": 49408, "max_position_embeddings": 77},
    }


def _sizes_of(config_file: Path) -> dict[str, Any]:
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
        parts = {
            part: {key: value for key, value in config[part].items() if key in _SIZE_KEYS}
            for part in ("text_config", "vision_config")
        }
        return {"projection_dim": config.get("projection_dim", 512), **parts}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsMismatch(
            f"{config_file.name} beside the weights describes no CLIP model ({error!r}). "
            "Take it away, or give the one that belongs to these weights."
        ) from error


def clip_host(config: CLIPConfig, tensors: Mapping[str, Tensor], *, name: str, end_token: int) -> nn.Module:
    """``CLIPModel`` with the weights of ``tensors`` in either layout, every key used. Raises WeightsMismatch.

    ``end_token`` is the id after which a prompt is over; its first place is where the text tower is read.
    """
    text: Any = config.text_config
    text.eos_token_id = end_token
    host: nn.Module = build_empty(lambda: CLIPModel(config))
    load_strictly(host, transformers_layout(tensors), name=name)
    host.eval()
    return host


def transformers_layout(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenAI's or open_clip's tensors under the names of transformers; those of transformers as they are.

    A prefix ``module.`` of distributed training is taken off. What is no weight (position ids, OpenAI's archive
    constants) is left out; nothing else is.
    """
    bare = {key.removeprefix("module."): value for key, value in tensors.items()}
    if "visual.conv1.weight" not in bare:
        return {key: value for key, value in bare.items() if not _POSITION_IDS.search(key)}
    mapped: dict[str, Tensor] = {}
    for key, value in bare.items():
        if key in _MATRICES:
            mapped[_MATRICES[key]] = value.T.contiguous()
        elif key not in _NOT_WEIGHTS:
            mapped.update(_renamed(key, value))
    return mapped


def _renamed(key: str, value: Tensor) -> dict[str, Tensor]:
    for old, new in _PREFIXES:
        if key.startswith(old):
            key = new + key.removeprefix(old)
            break
    for old, new in _TOWER:
        key = key.replace(old, new)
    packed = re.fullmatch(r"(.+)\.attn\.in_proj_(weight|bias)", key)
    if packed is None:
        return {key: value}
    if value.shape[0] % 3:
        raise WeightsMismatch(f"{key} has {value.shape[0]} rows, which are no queries, keys and values of one size.")
    stem, kind = packed.groups()
    parts = value.chunk(3, dim=0)
    return {f"{stem}.self_attn.{part}_proj.{kind}": rows for part, rows in zip("qkv", parts, strict=True)}
