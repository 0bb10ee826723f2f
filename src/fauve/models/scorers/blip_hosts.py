"""BLIP towers of published checkpoints in transformers' classes: sizes, key map, strict loading.

Two layouts are in use: Salesforce's own (``visual_encoder.blocks.…``, which ImageReward keeps under ``blip.``) and that
of transformers (``vision_model.encoder.layers.…``). No tensor shows the number of heads or the epsilon of a layer norm:
for the first layout they are those of Salesforce's code, for the second those of ``config.json`` beside the weights.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn
from transformers import (
    BlipConfig,
    BlipForImageTextRetrieval,
    BlipTextConfig,
    BlipTextModel,
    BlipVisionConfig,
    BlipVisionModel,
)

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.models.weights import Checkpoint, build_empty, file_hash, load_strictly

__all__ = [
    "BlipTowers",
    "DescribedCheckpoint",
    "hub_config",
    "image_reward_host",
    "in_salesforce_layout",
    "matching_host",
    "original_config",
    "transformers_layout",
]

_HEAD_WIDTH = 64
"""Width of an attention head in every published BLIP: 12 heads of ViT-B and BERT, 16 of ViT-L."""

_ORIGINAL_VISION_EPS = 1e-6
_ORIGINAL_TEXT_EPS = 1e-12

_REWARD_WIDTHS = (1024, 128, 64, 16, 1)
"""Outputs of the layers of ImageReward's head."""

_VISION = (
    (re.compile(r"^cls_token$"), "embeddings.class_embedding"),
    (re.compile(r"^pos_embed$"), "embeddings.position_embedding"),
    (re.compile(r"^patch_embed\.proj\."), "embeddings.patch_embedding."),
    (re.compile(r"^norm\."), "post_layernorm."),
    (re.compile(r"^blocks\."), "encoder.layers."),
    (re.compile(r"\.norm([12])\."), r".layer_norm\1."),
    (re.compile(r"\.attn\.qkv\."), ".self_attn.qkv."),
    (re.compile(r"\.attn\.proj\."), ".self_attn.projection."),
)
# buffers, and what Salesforce's training keeps beside the weights: momentum copies, queues, temperature
_NOT_WEIGHTS = re.compile(
    r"(^|\.)position_ids$|^(visual_encoder|text_encoder|vision_proj|text_proj)_m\.|^(temp|\w+_queue|\w+_ptr)$"
)


@dataclass(frozen=True, slots=True)
class DescribedCheckpoint(Checkpoint):
    """Weights whose meaning depends on a small file beside them.

    Attributes:
        description: names of that file; its hash is part of what tells these weights from others.
    """

    description: tuple[str, ...] = ("config.json",)

    def described(self, *, online: bool = True) -> Path | None:
        """The description, or None where there is none."""
        return self.companion(*self.description, online=online)

    def identity(self) -> dict[str, Any]:
        """As of any weights, and the description's sha256 where there is one on this machine."""
        found = self.described(online=False)
        known = Checkpoint.identity(self)
        return known if found is None else {**known, "description_sha256": file_hash(found)}


class BlipTowers(nn.Module):
    """The image tower and the text tower, without what reads them out."""

    def __init__(self, vision: BlipVisionModel, text: BlipTextModel) -> None:
        super().__init__()
        self.vision = vision
        self.text = text


class _RewardHead(nn.Module):
    """Five linear layers with dropout between them and no activation, in the places that the checkpoint counts."""

    def __init__(self, width: int) -> None:
        super().__init__()
        a, b, c, d, e = _REWARD_WIDTHS
        self.layers = nn.Sequential(
            nn.Linear(width, a),
            nn.Dropout(0.2),
            nn.Linear(a, b),
            nn.Dropout(0.2),
            nn.Linear(b, c),
            nn.Dropout(0.1),
            nn.Linear(c, d),
            nn.Linear(d, e),
        )

    def forward(self, features: Tensor) -> Tensor:
        scores: Tensor = self.layers(features)
        return scores


class _ImageRewardHost(nn.Module):
    def __init__(self, config: BlipConfig) -> None:
        super().__init__()
        vision, text = cast(BlipVisionConfig, config.vision_config), cast(BlipTextConfig, config.text_config)
        self.vision_model = BlipVisionModel(vision)
        self.text_encoder = BlipTextModel(text, add_pooling_layer=False)
        self.mlp = _RewardHead(text.hidden_size)


def matching_host(config: BlipConfig, tensors: Mapping[str, Tensor], *, name: str) -> Any:
    """``BlipForImageTextRetrieval`` with every tensor of ``tensors``, in either layout. Raises WeightsMismatch."""
    host = build_empty(lambda: BlipForImageTextRetrieval(config))
    load_strictly(host, transformers_layout(tensors), name=name)
    return host


def image_reward_host(config: BlipConfig, tensors: Mapping[str, Tensor], *, name: str) -> Any:
    """ImageReward: ``vision_model``, ``text_encoder`` and ``mlp``. Raises WeightsMismatch.

    The two projections of BLIP that the checkpoint carries are never read and are left out.
    """
    unused = ("blip.vision_proj.", "blip.text_proj.")
    used = {key.removeprefix("blip."): value for key, value in tensors.items() if not key.startswith(unused)}
    host = build_empty(lambda: _ImageRewardHost(config))
    load_strictly(host, transformers_layout(used), name=name)
    return host


def in_salesforce_layout(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the image tower is named as in Salesforce's code."""
    return any(key.removeprefix("blip.").startswith("visual_encoder.") for key in tensors)


def transformers_layout(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under the names of transformers; what is no weight is left out, and nothing else is."""
    mapped = {}
    for key, value in tensors.items():
        if _NOT_WEIGHTS.search(key):
            continue
        bare = key.removeprefix("visual_encoder.")
        mapped[key if bare == key else f"vision_model.{_vision_name(bare)}"] = value
    return mapped


def _vision_name(key: str) -> str:
    for old, new in _VISION:
        key = old.sub(new, key)
    return key


def hub_config(name: str, path: Path | None) -> Any:
    """``BlipConfig`` with the sizes that a ``config.json`` of transformers states.

    Raises:
        WeightsMissing: there is none, and heads and epsilons cannot be read off the tensors.
        WeightsMismatch: it is another model's.
    """
    if path is None:
        raise WeightsMissing(
            f"{name}: no config.json lies beside these weights, and the number of heads stands nowhere else. "
            "Give the folder or hub id that holds both."
        )
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        kind = described.get("model_type")
    except (ValueError, AttributeError) as error:
        raise WeightsMismatch(f"{name}: {path.name} is no configuration of transformers ({error}).") from error
    if kind != "blip":
        raise WeightsMismatch(
            f"{name}: this is a model of type {kind!r}, and 'blip' is wanted. Write a scorer of your own for it."
        )
    config: Any = BlipConfig.from_dict(described)
    if not isinstance(config.vision_config.image_size, int):
        raise WeightsMismatch(
            f"{name}: {path.name} asks for pictures of {config.vision_config.image_size}, not one side."
        )
    # without it the text layers have no cross-attention; attention stays bidirectional, which the call decides
    config.text_config.is_decoder = True
    return config


def original_config(name: str, tensors: Mapping[str, Tensor], path: Path | None = None) -> Any:
    """``BlipConfig`` for a checkpoint in Salesforce's layout: sizes from its tensors, heads and epsilons of its code.

    Args:
        path: ``med_config.json``, which may say other heads and another epsilon for the text tower.

    Raises:
        WeightsMismatch: a tensor that gives a size is missing, or the file is no such configuration.
    """
    bare = {key.removeprefix("blip."): value for key, value in tensors.items()}
    try:
        vision, text = _vision_sizes(bare), _text_sizes(bare)
    except (KeyError, ValueError) as error:
        raise WeightsMismatch(
            f"{name}: this is no BLIP checkpoint: {error} is missing. Check that the file belongs to this scorer."
        ) from error
    if path is not None:
        text |= _med_choices(name, path)
    projection = bare["vision_proj.weight"].shape[0] if "vision_proj.weight" in bare else 256
    # BlipConfig hands the width of the image tower to the text tower, whatever a file says
    return BlipConfig(vision_config=vision, text_config=text, image_text_hidden_size=projection)


def _vision_sizes(bare: Mapping[str, Tensor]) -> dict[str, Any]:
    patch = bare["visual_encoder.patch_embed.proj.weight"].shape[-1]
    positions, width = bare["visual_encoder.pos_embed"].shape[1:]
    return {
        "hidden_size": width,
        "intermediate_size": bare["visual_encoder.blocks.0.mlp.fc1.weight"].shape[0],
        "num_hidden_layers": _depth(bare, r"visual_encoder\.blocks\.(\d+)\."),
        "num_attention_heads": max(1, width // _HEAD_WIDTH),
        "image_size": math.isqrt(positions - 1) * patch,
        "patch_size": patch,
        "layer_norm_eps": _ORIGINAL_VISION_EPS,
        "hidden_act": "gelu",
    }


def _text_sizes(bare: Mapping[str, Tensor]) -> dict[str, Any]:
    vocabulary, width = bare["text_encoder.embeddings.word_embeddings.weight"].shape
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": bare["text_encoder.encoder.layer.0.intermediate.dense.weight"].shape[0],
        "num_hidden_layers": _depth(bare, r"text_encoder\.encoder\.layer\.(\d+)\."),
        "num_attention_heads": max(1, width // _HEAD_WIDTH),
        "max_position_embeddings": bare["text_encoder.embeddings.position_embeddings.weight"].shape[0],
        "layer_norm_eps": _ORIGINAL_TEXT_EPS,
        "hidden_act": "gelu",
        "is_decoder": True,
        # for generation, which is never asked for: the usual ids lie outside of a small vocabulary
        "bos_token_id": None,
        "sep_token_id": None,
        "eos_token_id": None,
    }


def _depth(keys: Mapping[str, Tensor], pattern: str) -> int:
    return 1 + max(int(found.group(1)) for key in keys if (found := re.match(pattern, key)))


def _med_choices(name: str, path: Path) -> dict[str, Any]:
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        return {key: described[key] for key in ("num_attention_heads", "layer_norm_eps", "hidden_act")}
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsMismatch(
            f"{name}: {path.name} is no configuration of BLIP's text tower ({error!r}). Fetch it again."
        ) from error
