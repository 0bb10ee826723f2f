"""Seeded random checkpoints of the real architectures, and Fauve's scorers on them.

Tensors are drawn in bfloat16, which halves the files; a scorer casts them to the number format it runs in. Depths
can be cut: the cost of a model is the sum of equal layers, so ratios are those of the whole model but for what does
not grow with depth (decoding, resizing, the heads), which weighs more in a cut one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import BlipConfig, BlipForImageTextRetrieval, CLIPConfig, CLIPModel, Qwen2VLConfig, Qwen2VLModel

from fauve.models.pixels import CLIP_MEAN, CLIP_STD
from fauve.models.scorers.blip import BlipMatching
from fauve.models.scorers.clip import ClipSimilarity
from fauve.models.scorers.hpsv2 import HPSv2
from fauve.models.scorers.hpsv3 import HPSv3Scorer
from fauve.models.scorers.imagereward import ImageReward
from fauve.models.scorers.mps import MPS
from fauve.models.scorers.mps_cross import CrossModel
from fauve.models.scorers.pickscore import PickScore
from reward_models.grid import write_bert_vocabulary, write_clip_vocabulary, write_qwen_vocabulary

Shapes = dict[str, tuple[int, ...]]

# transformers' names of BLIP's image tower as Salesforce's code has them
SALESFORCE = (
    (r"^vision_model\.embeddings\.class_embedding", "visual_encoder.cls_token"),
    (r"^vision_model\.embeddings\.position_embedding", "visual_encoder.pos_embed"),
    (r"^vision_model\.embeddings\.patch_embedding", "visual_encoder.patch_embed.proj"),
    (r"^vision_model\.post_layernorm", "visual_encoder.norm"),
    (r"^vision_model\.encoder\.layers", "visual_encoder.blocks"),
    (r"^(visual_encoder\..*)\.layer_norm([12])", r"\1.norm\2"),
    (r"^(visual_encoder\..*)\.self_attn\.qkv", r"\1.attn.qkv"),
    (r"^(visual_encoder\..*)\.self_attn\.projection", r"\1.attn.proj"),
)


@dataclass(frozen=True)
class Depth:
    """Layers of the image tower, of the text tower, and of what joins them; ``narrow`` divides all widths by that."""

    image: int
    text: int
    cross: int = 0
    narrow: int = 1


@dataclass(frozen=True)
class Model:
    """A published model: its whole depth, the depth it is run at unless all of it is asked for, and its scorer."""

    whole: Depth
    usual: Depth
    write: Callable[[Path, Depth], None]
    scorer: Callable[[Path], Any]


def shapes_of(build: Callable[[], torch.nn.Module]) -> Shapes:
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in build().state_dict().items()}


def drawn(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    """Random tensors of a sensible spread: the scales of norms are one, biases small."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes.items():
        if name.endswith("position_ids"):
            continue
        if name.endswith("inv_freq"):
            width = 2 * shape[0]
            tensors[name] = 1.0 / (10000 ** (torch.arange(0, width, 2).float() / width))
            continue
        norm = len(shape) == 1 and ("norm" in name.lower() or "ln_q" in name) and name.endswith("weight")
        spread = 0.02 if len(shape) == 1 else (3.0 / max(1, torch.Size(shape[1:]).numel())) ** 0.5
        values = torch.empty(shape, dtype=torch.bfloat16).uniform_(-spread, spread, generator=generator)
        tensors[name] = values + 1 if norm else values
    if "logit_scale" in tensors:
        tensors["logit_scale"] = torch.tensor(4.6052)
    return tensors


def clip_sizes(depth: Depth, architecture: str) -> Any:
    width, heads, text, text_heads, joint = (
        (1024, 16, 768, 12, 768) if architecture == "L" else (1280, 16, 1024, 16, 1024)
    )
    cut = depth.narrow
    activation = "quick_gelu" if architecture == "L" else "gelu"
    vision = {"hidden_size": width // cut, "num_hidden_layers": depth.image, "num_attention_heads": heads // cut}
    words = {"hidden_size": text // cut, "num_hidden_layers": depth.text, "num_attention_heads": text_heads // cut}
    return CLIPConfig(
        projection_dim=joint // cut,
        vision_config={
            **vision,
            "intermediate_size": 4 * width // cut,
            "image_size": 224,
            "patch_size": 14,
            "hidden_act": activation,
        },
        text_config={
            **words,
            "intermediate_size": 4 * text // cut,
            "vocab_size": 49408,
            "max_position_embeddings": 77,
            "hidden_act": activation,
            "eos_token_id": 49407,
            "bos_token_id": 49406,
        },
    )


def write_clip(folder: Path, depth: Depth, architecture: str, file: str) -> None:
    config = clip_sizes(depth, architecture)
    config.save_pretrained(folder)
    write_clip_vocabulary(folder)
    described = {
        "size": {"shortest_edge": 224},
        "crop_size": {"height": 224, "width": 224},
        "image_mean": CLIP_MEAN,
        "image_std": CLIP_STD,
        "resample": 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(described))
    tensors = drawn(shapes_of(lambda: CLIPModel(config)))
    if depth.cross:
        cross = shapes_of(lambda: CrossModel(config.projection_dim, heads=config.projection_dim // 64))
        tensors = {f"model.{name}": value for name, value in tensors.items()}
        tensors |= {f"cross_model.{name}": value for name, value in drawn(cross, seed=1).items()}
    save_file(tensors, folder / file)


def blip_sizes(depth: Depth, side: int) -> Any:
    cut = depth.narrow
    config = BlipConfig(
        vision_config={
            "hidden_size": 1024 // cut,
            "intermediate_size": 4096 // cut,
            "num_hidden_layers": depth.image,
            "num_attention_heads": 16 // cut,
            "image_size": side,
            "patch_size": 16,
        },
        text_config={
            "hidden_size": 768 // cut,
            "intermediate_size": 3072 // cut,
            "num_hidden_layers": depth.text,
            "num_attention_heads": 12 // cut,
            "vocab_size": 30524,
            "max_position_embeddings": 512,
            "is_decoder": True,
        },
        image_text_hidden_size=256,
    )
    return config


def write_blip(folder: Path, depth: Depth) -> None:
    config = blip_sizes(depth, 384)
    config.save_pretrained(folder)
    write_bert_vocabulary(folder)
    described = {"size": {"height": 384, "width": 384}, "image_mean": CLIP_MEAN, "image_std": CLIP_STD}
    (folder / "preprocessor_config.json").write_text(json.dumps(described))
    save_file(drawn(shapes_of(lambda: BlipForImageTextRetrieval(config))), folder / "model.safetensors")


def write_imagereward(folder: Path, depth: Depth) -> None:
    """In Salesforce's layout, under ``blip.``, with the head of five linear layers."""
    config = blip_sizes(depth, 224)
    write_bert_vocabulary(folder)
    found = shapes_of(lambda: BlipForImageTextRetrieval(config))
    shapes: Shapes = {}
    for name, shape in found.items():
        if name.startswith(("vision_model.", "text_encoder.")) and "pooler" not in name:
            shapes[f"blip.{salesforce_name(name)}"] = shape
    width = config.text_config.hidden_size
    for place, out in zip((0, 2, 4, 6, 7), (1024, 128, 64, 16, 1), strict=True):
        shapes |= {f"mlp.layers.{place}.weight": (out, width), f"mlp.layers.{place}.bias": (out,)}
        width = out
    save_file(drawn(shapes), folder / "ImageReward.safetensors")


def salesforce_name(name: str) -> str:
    for pattern, replacement in SALESFORCE:
        name = re.sub(pattern, replacement, name)
    return name


def write_hpsv3(folder: Path, depth: Depth) -> None:
    """With as many rows of embeddings as the vocabulary here has; looking a row up costs the same in any table."""
    rows = write_qwen_vocabulary(folder) + 1
    cut = depth.narrow
    described = {
        "model_type": "qwen2_vl",
        "vocab_size": rows,
        "bos_token_id": rows - 1,
        "eos_token_id": rows - 1,
        "hidden_size": 3584 // cut,
        "intermediate_size": 18944 // cut,
        "num_hidden_layers": depth.text,
        "num_attention_heads": 28 // cut,
        "num_key_value_heads": 4 // cut,
        "hidden_act": "silu",
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
        "vision_config": {
            "depth": depth.image,
            "embed_dim": 1280 // cut,
            "hidden_size": 3584 // cut,
            "mlp_ratio": 4,
            "num_heads": 16 // cut,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
        },
    }
    (folder / "config.json").write_text(json.dumps(described))
    config = Qwen2VLConfig.from_dict(described)
    shapes: Shapes = {}
    for name, shape in shapes_of(lambda: Qwen2VLModel(config)).items():
        if not name.endswith("inv_freq"):
            shapes[name.replace("language_model.", "model.", 1)] = shape
    for at, out, wide in ((0, 1024, 3584 // cut), (3, 16, 1024), (5, 2, 16)):
        shapes |= {f"rm_head.{at}.weight": (out, wide), f"rm_head.{at}.bias": (out,)}
    save_file(drawn(shapes), folder / "HPSv3.safetensors")


VIT_L, VIT_H = Depth(24, 12), Depth(32, 24)
MODELS: dict[str, Model] = {
    "clip-l": Model(
        VIT_L,
        VIT_L,
        lambda folder, depth: write_clip(folder, depth, "L", "model.safetensors"),
        lambda folder: ClipSimilarity("clip-l", str(folder)),
    ),
    "blip-l": Model(VIT_L, VIT_L, write_blip, lambda folder: BlipMatching("blip-l", str(folder))),
    "imagereward": Model(VIT_L, VIT_L, write_imagereward, lambda folder: ImageReward(weights=str(folder))),
    "hpsv2.1": Model(
        VIT_H,
        Depth(8, 6),
        lambda folder, depth: write_clip(folder, depth, "H", "HPS_v2.1_compressed.safetensors"),
        lambda folder: HPSv2("hpsv2.1", str(folder)),
    ),
    "pickscore": Model(
        VIT_H,
        Depth(8, 6),
        lambda folder, depth: write_clip(folder, depth, "H", "model.safetensors"),
        lambda folder: PickScore(weights=str(folder)),
    ),
    "mps": Model(
        Depth(32, 24, 4),
        Depth(8, 6, 1),
        lambda folder, depth: write_clip(folder, depth, "H", "MPS_overall_checkpoint_diffsynth.safetensors"),
        lambda folder: MPS(weights=str(folder)),
    ),
    # plain rotary frequencies, as transformers' own forward in the published call pattern has them
    "hpsv3": Model(
        Depth(32, 28),
        Depth(1, 1),
        write_hpsv3,
        lambda folder: HPSv3Scorer(weights=str(folder), rotary="float32"),
    ),
}
"""By Fauve's name. HPS v1 and LAION cost what CLIP-L costs, HPSv2.0 what HPSv2.1 costs."""
