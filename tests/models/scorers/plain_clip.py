"""CLIP written out in plain torch over tensors in OpenAI's layout, and random checkpoints in that layout.

Independent of the package: no key map, no transformers, attention as a softmax of products.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

ACTIVATIONS = {"gelu": functional.gelu, "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x)}


@dataclass(frozen=True)
class Sizes:
    vision: int = 64
    text: int = 48
    joint: int = 128
    depth: int = 2
    vision_heads: int = 2
    text_heads: int = 3
    patch: int = 28
    places: int = 77
    words: int = 516

    def write_config(self, folder: Path) -> None:
        """A config.json of transformers with these sizes, and no activation in it."""
        config = {
            "model_type": "clip",
            "projection_dim": self.joint,
            "vision_config": {
                "hidden_size": self.vision,
                "num_hidden_layers": self.depth,
                "num_attention_heads": self.vision_heads,
                "intermediate_size": 4 * self.vision,
                "image_size": 224,
                "patch_size": self.patch,
            },
            "text_config": {
                "hidden_size": self.text,
                "num_hidden_layers": self.depth,
                "num_attention_heads": self.text_heads,
                "intermediate_size": 4 * self.text,
                "vocab_size": self.words,
                "max_position_embeddings": self.places,
            },
        }
        (folder / "config.json").write_text(json.dumps(config))


TINY = Sizes()


def openai_tensors(sizes: Sizes = TINY, seed: int = 0) -> dict[str, Tensor]:
    """Random weights under the names of OpenAI's and open_clip's checkpoints; none is zero or one."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int, scale: float = 0.3) -> Tensor:
        return torch.randn(*shape, generator=generator) * scale

    grid = (224 // sizes.patch) ** 2
    tensors = {
        "visual.class_embedding": draw(sizes.vision),
        "visual.positional_embedding": draw(grid + 1, sizes.vision),
        "visual.conv1.weight": draw(sizes.vision, 3, sizes.patch, sizes.patch, scale=0.05),
        "visual.proj": draw(sizes.vision, sizes.joint),
        "token_embedding.weight": draw(sizes.words, sizes.text),
        "positional_embedding": draw(sizes.places, sizes.text),
        "text_projection": draw(sizes.text, sizes.joint),
        "logit_scale": torch.tensor(3.1),
    }
    for norm, width in (("visual.ln_pre", sizes.vision), ("visual.ln_post", sizes.vision), ("ln_final", sizes.text)):
        tensors[f"{norm}.weight"], tensors[f"{norm}.bias"] = 1 + draw(width), draw(width)
    for tower, width in (("visual.transformer", sizes.vision), ("transformer", sizes.text)):
        for layer in range(sizes.depth):
            stem = f"{tower}.resblocks.{layer}"
            for norm in ("ln_1", "ln_2"):
                tensors[f"{stem}.{norm}.weight"], tensors[f"{stem}.{norm}.bias"] = 1 + draw(width), draw(width)
            tensors[f"{stem}.attn.in_proj_weight"] = draw(3 * width, width)
            tensors[f"{stem}.attn.in_proj_bias"] = draw(3 * width)
            tensors[f"{stem}.attn.out_proj.weight"], tensors[f"{stem}.attn.out_proj.bias"] = (
                draw(width, width),
                draw(width),
            )
            tensors[f"{stem}.mlp.c_fc.weight"], tensors[f"{stem}.mlp.c_fc.bias"] = (
                draw(4 * width, width),
                draw(4 * width),
            )
            tensors[f"{stem}.mlp.c_proj.weight"], tensors[f"{stem}.mlp.c_proj.bias"] = (
                draw(width, 4 * width),
                draw(width),
            )
    return tensors


def norm(x: Tensor, tensors: dict[str, Tensor], name: str) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt(centred.square().mean(-1, keepdim=True) + 1e-5)
    return scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def block(x: Tensor, tensors: dict[str, Tensor], stem: str, heads: int, activation: str, causal: bool) -> Tensor:
    """One residual block on (places, width)."""
    width = x.shape[-1]
    packed = norm(x, tensors, f"{stem}.ln_1") @ tensors[f"{stem}.attn.in_proj_weight"].T
    packed = packed + tensors[f"{stem}.attn.in_proj_bias"]
    q, k, v = (part.reshape(len(x), heads, -1) for part in packed.split(width, dim=-1))
    products = torch.einsum("ihd,jhd->hij", q, k) / (width // heads) ** 0.5
    if causal:
        products = products.masked_fill(torch.ones(len(x), len(x)).triu(1).bool(), float("-inf"))
    read = torch.einsum("hij,jhd->ihd", products.softmax(-1), v).reshape(len(x), width)
    x = x + read @ tensors[f"{stem}.attn.out_proj.weight"].T + tensors[f"{stem}.attn.out_proj.bias"]
    inner = norm(x, tensors, f"{stem}.ln_2") @ tensors[f"{stem}.mlp.c_fc.weight"].T + tensors[f"{stem}.mlp.c_fc.bias"]
    return (
        x + ACTIVATIONS[activation](inner) @ tensors[f"{stem}.mlp.c_proj.weight"].T + tensors[f"{stem}.mlp.c_proj.bias"]
    )


def image_tokens(tensors: dict[str, Tensor], pixels: Tensor, activation: str, sizes: Sizes = TINY) -> Tensor:
    """All tokens of the last block, (places, width), for pixels (3, 224, 224)."""
    side = sizes.patch
    rows = 224 // side
    patches = pixels.reshape(3, rows, side, rows, side).permute(1, 3, 0, 2, 4).reshape(rows * rows, -1)
    x = patches @ tensors["visual.conv1.weight"].reshape(sizes.vision, -1).T
    x = torch.cat((tensors["visual.class_embedding"][None], x)) + tensors["visual.positional_embedding"]
    x = norm(x, tensors, "visual.ln_pre")
    for layer in range(sizes.depth):
        x = block(x, tensors, f"visual.transformer.resblocks.{layer}", sizes.vision_heads, activation, False)
    return x


def image_vector(tensors: dict[str, Tensor], pixels: Tensor, activation: str, sizes: Sizes = TINY) -> Tensor:
    first = image_tokens(tensors, pixels, activation, sizes)[0]
    vector = norm(first, tensors, "visual.ln_post") @ tensors["visual.proj"]
    return vector / vector.norm()


def word_tokens(tensors: dict[str, Tensor], ids: list[int], activation: str, sizes: Sizes = TINY) -> Tensor:
    """All final tokens, projected, (places, joint width)."""
    x = tensors["token_embedding.weight"][ids] + tensors["positional_embedding"][: len(ids)]
    for layer in range(sizes.depth):
        x = block(x, tensors, f"transformer.resblocks.{layer}", sizes.text_heads, activation, True)
    return norm(x, tensors, "ln_final") @ tensors["text_projection"]


def prompt_vector(tensors: dict[str, Tensor], ids: list[int], activation: str, sizes: Sizes = TINY) -> Tensor:
    """The token of the first end of the prompt (the largest id), normalised."""
    vector = word_tokens(tensors, ids, activation, sizes)[ids.index(max(ids))]
    return vector / vector.norm()
