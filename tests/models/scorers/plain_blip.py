"""BLIP written out in plain torch over tensors in Salesforce's layout, and random checkpoints in that layout.

Independent of the package: no key map, no transformers model, float64, attention as a softmax of products, one picture
and one prompt at a time.
"""

from __future__ import annotations

import hashlib
import json
import math
import string
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

Tensors = dict[str, Tensor]
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CLS, SEP, ENC = 2, 3, 91
REWARD_MEAN, REWARD_STD = 0.16717362830052426, 1.0333394966054072

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *string.ascii_lowercase,
    *(f"##{letter}" for letter in string.ascii_lowercase),
    *(
        "an",
        "the",
        "of",
        "on",
        "in",
        "and",
        "with",
        "red",
        "boat",
        "calm",
        "lake",
        "dog",
        "sofa",
        "blurred",
        "dark",
        "empty",
        "street",
        "rain",
        ",",
        ".",
        "'",
        "out",
        "focus",
    ),
]


@dataclass(frozen=True)
class Sizes:
    """Heads are 64 wide, as in every published BLIP."""

    vision: int = 128
    text: int = 128
    vision_depth: int = 2
    text_depth: int = 2
    mlp: int = 2
    patch: int = 16
    side: int = 64
    places: int = 96
    joint: int = 32
    words: int = 92


TINY = Sizes()
BLIP_BASE = Sizes(768, 768, 12, 12, 4, side=384, places=512, joint=256, words=30524)
BLIP_LARGE = Sizes(1024, 768, 24, 12, 4, side=384, places=512, joint=256, words=30524)
REWARD_LARGE = Sizes(1024, 768, 24, 12, 4, side=224, places=512, joint=256, words=30524)


@dataclass(frozen=True)
class Rules:
    """What no tensor shows."""

    vision_eps: float = 1e-6
    text_eps: float = 1e-12
    head: int = 64
    text_head: int = 64


ORIGINAL = Rules()


def write_med_config(folder: Path, sizes: Sizes = TINY) -> None:
    described = {
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": sizes.text,
        "initializer_range": 0.02,
        "intermediate_size": sizes.mlp * sizes.text,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": sizes.places,
        "model_type": "bert",
        "num_attention_heads": sizes.text // 64,
        "num_hidden_layers": sizes.text_depth,
        "pad_token_id": 0,
        "type_vocab_size": 2,
        "vocab_size": sizes.words,
        "encoder_width": 768,
        "add_cross_attention": True,
    }
    (folder / "med_config.json").write_text(json.dumps(described))


def hub_config(sizes: Sizes = TINY, **vision: float) -> dict[str, Any]:
    """A ``config.json`` of transformers with these sizes; ``vision`` goes into the part of the image tower."""
    return {
        "model_type": "blip",
        "image_text_hidden_size": sizes.joint,
        "vision_config": {
            "model_type": "blip_vision_model",
            "hidden_size": sizes.vision,
            "intermediate_size": sizes.mlp * sizes.vision,
            "num_hidden_layers": sizes.vision_depth,
            "num_attention_heads": sizes.vision // 64,
            "image_size": sizes.side,
            "patch_size": sizes.patch,
            **vision,
        },
        "text_config": {
            "model_type": "blip_text_model",
            "hidden_size": sizes.text,
            "encoder_hidden_size": sizes.vision,
            "intermediate_size": sizes.mlp * sizes.text,
            "num_hidden_layers": sizes.text_depth,
            "num_attention_heads": sizes.text // 64,
            "max_position_embeddings": sizes.places,
            "vocab_size": sizes.words,
            "bos_token_id": 90,
            "sep_token_id": SEP,
        },
    }


def ids(prompt: str, most: int) -> list[int]:
    """Token ids by longest match, first and last token included, cut to ``most`` with the last one kept."""
    number = {word: at for at, word in enumerate(VOCABULARY)}
    found = []
    for word in prompt.lower().replace(",", " , ").replace(".", " . ").split():
        start = 0
        while start < len(word):
            end = len(word)
            stem = "" if start == 0 else "##"
            while stem + word[start:end] not in number:
                end -= 1
            found.append(number[stem + word[start:end]])
            start = end
    return [CLS, *found[: most - 2], SEP]


PROMPTS = (
    "a red boat on a calm lake",
    "a dark, empty street in the rain, blurred and out of focus. the dog and the boat of the lake with a red sofa, "
    "zebra crossing",
)
"""A short prompt, and one of more than 35 tokens."""


def pictures() -> list[Image.Image]:
    """A square, a wide and a tall picture, smooth with noise."""
    made = []
    for seed, (width, height) in enumerate(((96, 96), (150, 97), (83, 140))):
        y, x = np.mgrid[0:height, 0:width] / 60.0
        waves = np.stack([np.sin((seed + 2) * x + channel * y) for channel in range(3)], axis=-1)
        noise = np.random.default_rng(seed).integers(-40, 41, (height, width, 3))
        made.append(Image.fromarray((128 + np.round(80 * waves) + noise).astype(np.uint8)))
    return made


def inputs_digest() -> str:
    """Hash of the seeded pictures and of some seeded weights: golden rows hold only where these are the same."""
    state = hashlib.sha256()
    for picture in pictures():
        state.update(picture.tobytes())
    state.update(Draw(0)(1000).numpy().tobytes())
    return state.hexdigest()


class Draw:
    """Seeded numbers, the same on every machine: weights that keep the size of what they are applied to, and norms that
    are not one and zero."""

    def __init__(self, *seed: int) -> None:
        self._generator = np.random.default_rng(seed)

    def __call__(self, *shape: int, scale: float = 0.2) -> Tensor:
        return torch.from_numpy((self._generator.standard_normal(shape) * scale).astype(np.float32))

    def linear(self, into: Tensors, stem: str, out: int, width: int) -> None:
        into[f"{stem}.weight"] = self(out, width, scale=1.2 / math.sqrt(width))
        into[f"{stem}.bias"] = self(out)

    def norm(self, into: Tensors, stem: str, width: int) -> None:
        into[f"{stem}.weight"], into[f"{stem}.bias"] = 1 + self(width), self(width)


def towers(sizes: Sizes = TINY, seed: int = 0) -> Tensors:
    """``visual_encoder``, ``text_encoder`` and the two projections.

    What goes into the first norm of the image tower is small, so that its epsilon counts.
    """
    draw, made = Draw(seed), {}
    width, small = sizes.vision, 0.02
    made["visual_encoder.cls_token"] = draw(1, 1, width, scale=small)
    made["visual_encoder.pos_embed"] = draw(1, (sizes.side // sizes.patch) ** 2 + 1, width, scale=small)
    made["visual_encoder.patch_embed.proj.weight"] = draw(width, 3, sizes.patch, sizes.patch, scale=small / 28)
    made["visual_encoder.patch_embed.proj.bias"] = draw(width, scale=small)
    for at in range(sizes.vision_depth):
        stem = f"visual_encoder.blocks.{at}"
        for norm in ("norm1", "norm2"):
            draw.norm(made, f"{stem}.{norm}", width)
        draw.linear(made, f"{stem}.attn.qkv", 3 * width, width)
        draw.linear(made, f"{stem}.attn.proj", width, width)
        draw.linear(made, f"{stem}.mlp.fc1", sizes.mlp * width, width)
        draw.linear(made, f"{stem}.mlp.fc2", width, sizes.mlp * width)
    draw.norm(made, "visual_encoder.norm", width)
    _text_tower(made, draw, sizes)
    draw.linear(made, "vision_proj", sizes.joint, width)
    draw.linear(made, "text_proj", sizes.joint, sizes.text)
    return made


def _text_tower(made: Tensors, draw: Draw, sizes: Sizes) -> None:
    width = sizes.text
    made["text_encoder.embeddings.position_ids"] = torch.arange(sizes.places)[None]
    made["text_encoder.embeddings.word_embeddings.weight"] = draw(sizes.words, width, scale=1.0)
    made["text_encoder.embeddings.position_embeddings.weight"] = draw(sizes.places, width, scale=0.5)
    draw.norm(made, "text_encoder.embeddings.LayerNorm", width)
    for at in range(sizes.text_depth):
        stem = f"text_encoder.encoder.layer.{at}"
        for block, context in (("attention", width), ("crossattention", sizes.vision)):
            draw.linear(made, f"{stem}.{block}.self.query", width, width)
            draw.linear(made, f"{stem}.{block}.self.key", width, context)
            draw.linear(made, f"{stem}.{block}.self.value", width, context)
            draw.linear(made, f"{stem}.{block}.output.dense", width, width)
            draw.norm(made, f"{stem}.{block}.output.LayerNorm", width)
        draw.linear(made, f"{stem}.intermediate.dense", sizes.mlp * width, width)
        draw.linear(made, f"{stem}.output.dense", width, sizes.mlp * width)
        draw.norm(made, f"{stem}.output.LayerNorm", width)


def matching_tensors(sizes: Sizes = TINY, seed: int = 0) -> Tensors:
    """What Salesforce's BLIP_ITM holds."""
    made = towers(sizes, seed)
    Draw(seed + 1).linear(made, "itm_head", 2, sizes.text)
    return made


def reward_tensors(sizes: Sizes = TINY, seed: int = 0) -> Tensors:
    """What ``ImageReward.pt`` holds."""
    made = {f"blip.{key}": value for key, value in towers(sizes, seed).items()}
    draw, width = Draw(seed + 2), sizes.text
    for at, out in zip((0, 2, 4, 6, 7), (1024, 128, 64, 16, 1), strict=True):
        draw.linear(made, f"mlp.layers.{at}", out, width)
        width = out
    return made


def fill_by_name(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> Tensors:
    """Seeded weights for any module, each drawn by its own name: order and further buffers do not matter."""
    made = {}
    for name, shape in shapes.items():
        draw = Draw(seed, zlib.crc32(name.encode()))
        if len(shape) < 2:
            made[name] = draw(*shape) + (1 if "orm" in name and name.endswith("weight") else 0)
        elif name.startswith("vision_model.embeddings"):
            made[name] = draw(*shape, scale=0.02 if len(shape) < 4 else 0.02 / 28)
        else:
            made[name] = draw(*shape, scale=1.2 / math.sqrt(shape[-1]))
    return made


def _linear(x: Tensor, tensors: Tensors, stem: str) -> Tensor:
    return x @ tensors[f"{stem}.weight"].double().T + tensors[f"{stem}.bias"].double()


def _norm(x: Tensor, tensors: Tensors, stem: str, eps: float) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt(centred.square().mean(-1, keepdim=True) + eps)
    return scaled * tensors[f"{stem}.weight"].double() + tensors[f"{stem}.bias"].double()


def _attention(query: Tensor, key: Tensor, value: Tensor, head: int) -> Tensor:
    parts = []
    for q, k, v in zip(query.split(head, -1), key.split(head, -1), value.split(head, -1), strict=True):
        parts.append(torch.softmax(q @ k.T / math.sqrt(q.shape[-1]), dim=-1) @ v)
    return torch.cat(parts, dim=-1)


def image_tokens(pixels: Tensor, tensors: Tensors, rules: Rules = ORIGINAL) -> Tensor:
    """Tokens of one picture, (tokens, width)."""
    kernel = tensors["visual_encoder.patch_embed.proj.weight"].double()
    bias = tensors["visual_encoder.patch_embed.proj.bias"].double()
    patches = functional.conv2d(pixels[None].double(), kernel, bias, stride=kernel.shape[-1])[0].flatten(1).T
    x = torch.cat([tensors["visual_encoder.cls_token"][0].double(), patches])
    x = x + tensors["visual_encoder.pos_embed"][0].double()
    for at in range(_depth(tensors, "visual_encoder.blocks.")):
        stem = f"visual_encoder.blocks.{at}"
        inner = _linear(_norm(x, tensors, f"{stem}.norm1", rules.vision_eps), tensors, f"{stem}.attn.qkv")
        x = x + _linear(_attention(*inner.chunk(3, -1), rules.head), tensors, f"{stem}.attn.proj")
        inner = _linear(_norm(x, tensors, f"{stem}.norm2", rules.vision_eps), tensors, f"{stem}.mlp.fc1")
        x = x + _linear(functional.gelu(inner), tensors, f"{stem}.mlp.fc2")
    return _norm(x, tensors, "visual_encoder.norm", rules.vision_eps)


def read_prompt(words: list[int], tensors: Tensors, image: Tensor | None, rules: Rules = ORIGINAL) -> Tensor:
    """First token of one prompt after all layers, (width,)."""
    stem = "text_encoder.embeddings"
    places = tensors[f"{stem}.position_embeddings.weight"][: len(words)].double()
    x = tensors[f"{stem}.word_embeddings.weight"][words].double() + places
    x = _norm(x, tensors, f"{stem}.LayerNorm", rules.text_eps)
    for at in range(_depth(tensors, "text_encoder.encoder.layer.")):
        stem = f"text_encoder.encoder.layer.{at}"
        x = _block(x, x, tensors, f"{stem}.attention", rules)
        if image is not None:
            x = _block(x, image, tensors, f"{stem}.crossattention", rules)
        inner = functional.gelu(_linear(x, tensors, f"{stem}.intermediate.dense"))
        x = _norm(_linear(inner, tensors, f"{stem}.output.dense") + x, tensors, f"{stem}.output.LayerNorm", 1e-12)
    return x[0]


def _block(x: Tensor, context: Tensor, tensors: Tensors, stem: str, rules: Rules) -> Tensor:
    query = _linear(x, tensors, f"{stem}.self.query")
    key, value = (_linear(context, tensors, f"{stem}.self.{part}") for part in ("key", "value"))
    attended = _linear(_attention(query, key, value, rules.text_head), tensors, f"{stem}.output.dense")
    return _norm(attended + x, tensors, f"{stem}.output.LayerNorm", rules.text_eps)


def _depth(tensors: Tensors, stem: str) -> int:
    return 1 + max(int(key.removeprefix(stem).split(".")[0]) for key in tensors if key.startswith(stem))


def match_logits(pixels: Tensor, words: list[int], tensors: Tensors, rules: Rules = ORIGINAL) -> Tensor:
    """``[no match, match]``."""
    return _linear(read_prompt(words, tensors, image_tokens(pixels, tensors, rules), rules), tensors, "itm_head")


def contrast(pixels: Tensor, words: list[int], tensors: Tensors, rules: Rules = ORIGINAL) -> float:
    """ITC cosine."""
    image = _linear(image_tokens(pixels, tensors, rules)[0], tensors, "vision_proj")
    text = _linear(read_prompt(words, tensors, None, rules), tensors, "text_proj")
    return float(image @ text / (image.norm() * text.norm()))


def reward(pixels: Tensor, words: list[int], tensors: Tensors, rules: Rules = ORIGINAL) -> float:
    """ImageReward's standardised score."""
    bare = {key.removeprefix("blip."): value for key, value in tensors.items()}
    x = read_prompt(words, bare, image_tokens(pixels, bare, rules), rules)
    for at in (0, 2, 4, 6, 7):
        x = _linear(x, bare, f"mlp.layers.{at}")
    return float((x[0] - REWARD_MEAN) / REWARD_STD)


def pixels_of(image: Image.Image) -> Tensor:
    """Bytes to normalised values, (3, height, width)."""
    values = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    return torch.from_numpy((values - np.array(MEAN)) / np.array(STD)).permute(2, 0, 1)


def squeezed(image: Image.Image, side: int = TINY.side) -> Tensor:
    """BLIP's preprocessing."""
    return pixels_of(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))


def cropped(image: Image.Image, side: int = TINY.side) -> Tensor:
    """ImageReward's preprocessing: OpenAI's, where the middle is the half of the margin, rounded to even."""
    width, height = image.size
    scale = side / min(width, height)
    image = image.resize((max(side, int(width * scale)), max(side, int(height * scale))), Image.Resampling.BICUBIC)
    left, top = round((image.width - side) / 2), round((image.height - side) / 2)
    return pixels_of(image.crop((left, top, left + side, top + side)))
