"""Seeded inputs of HPSv2 and MPS: a made vocabulary, pictures, prompts, and weights under their published names.

Needs neither the package nor transformers, so that the references can be run on the same files; NumPy draws every
number, so that both sides see the same bytes. CLIP's own merges are 1.3 MB and no part of this repository: the made
vocabulary has its form (256 bytes, the same as ends of words, merges, two control tokens) with few merges.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

_JOINED = (
    "the and of boat lake red light color clarity tone style ambiance artistry shape face hair hands limbs structure "
    "instance texture quantity attributes position number location word things out focus"
)


def _merges(words: Iterable[str]) -> Iterator[str]:
    """Pairs that join a word letter by letter from its start."""
    for word in words:
        letters = [*word[:-1], f"{word[-1]}</w>"]
        yield from (f"{''.join(letters[:at])} {letters[at]}" for at in range(1, len(letters)))


MERGES = tuple(dict.fromkeys((*_merges(_JOINED.split()), "' s</w>", "Ã ©</w>")))
"""Pairs that the tokenizer joins, in order of rank: enough for MPS's condition to be read to its end."""

PROMPTS = (
    "A red boat. The hand. Light. Tone. Out of focus. Dark. Hair.",
    "the artist’s “hands” &amp; the LIGHT in a café,  20% of\tthe colour…",
    "a dark field with a fence and a road and a hill and a house, all of it out of focus, the sky burnt out, the "
    "horizon crooked, the subject cut off by the frame",
)
"""One with full stops (the last of MPS's condition counts), one that ``ftfy`` changes, one that is cut at 77 tokens."""


@dataclass(frozen=True)
class Sizes:
    """Of the two towers; the patch is 14 and the picture 224, as published."""

    vision: int = 80
    vision_heads: int = 2
    vision_depth: int = 2
    text: int = 48
    text_heads: int = 3
    text_depth: int = 2
    joint: int = 128
    words: int = 512 + len(MERGES) + 2


TINY = Sizes()
FULL = Sizes(1280, 16, 32, 1024, 16, 24, 1024, 49408)
SIDE, PATCH, PLACES, CROSS_LAYERS, CROSS_HEAD = 224, 14, 77, 4, 64
START, END = 512 + len(MERGES), 513 + len(MERGES)


def byte_letters() -> list[str]:
    """A printable letter for each of the 256 bytes, in CLIP's order: printable ones first, as they are."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [chr(byte) for byte in printable] + [chr(256 + at) for at in range(256 - len(printable))]


def words_of(merges: tuple[str, ...]) -> list[str]:
    """The vocabulary that such merges make, without its control tokens."""
    letters = byte_letters()
    return [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]


def write_vocabulary(folder: Path, merges: tuple[str, ...] = MERGES) -> None:
    """The tokenizer's files: ``bpe.txt.gz`` as open_clip reads it, the others as transformers does."""
    words = [*words_of(merges), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: at for at, word in enumerate(words)}), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(("#version: 0.2", *merges)) + "\n", encoding="utf-8")
    (folder / "bpe.txt.gz").write_bytes(gzip.compress("\n".join(("#version: 0.2", *merges)).encode()))
    special = {"bos_token": "<|startoftext|>", **dict.fromkeys(("eos_token", "unk_token", "pad_token"), words[-1])}
    described = {"tokenizer_class": "CLIPTokenizer", "model_max_length": PLACES, "do_lower_case": True, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(described))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))


def hub_config(sizes: Sizes = TINY) -> dict[str, object]:
    """``config.json`` of transformers with these sizes, and no activation in it."""
    return {
        "model_type": "clip",
        "projection_dim": sizes.joint,
        "vision_config": {
            "hidden_size": sizes.vision,
            "num_hidden_layers": sizes.vision_depth,
            "num_attention_heads": sizes.vision_heads,
            "intermediate_size": 4 * sizes.vision,
            "image_size": SIDE,
            "patch_size": PATCH,
        },
        "text_config": {
            "hidden_size": sizes.text,
            "num_hidden_layers": sizes.text_depth,
            "num_attention_heads": sizes.text_heads,
            "intermediate_size": 4 * sizes.text,
            "vocab_size": sizes.words,
            "max_position_embeddings": PLACES,
        },
    }


def clip_shapes(sizes: Sizes = TINY) -> dict[str, tuple[int, ...]]:
    """Every tensor of an HPSv2 file: open_clip's names."""
    vision, text, joint = sizes.vision, sizes.text, sizes.joint
    shapes: dict[str, tuple[int, ...]] = {
        "visual.class_embedding": (vision,),
        "visual.positional_embedding": ((SIDE // PATCH) ** 2 + 1, vision),
        "visual.conv1.weight": (vision, 3, PATCH, PATCH),
        "visual.proj": (vision, joint),
        "token_embedding.weight": (sizes.words, text),
        "positional_embedding": (PLACES, text),
        "text_projection": (text, joint),
        "logit_scale": (),
    }
    for norm, width in (("visual.ln_pre", vision), ("visual.ln_post", vision), ("ln_final", text)):
        shapes |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}
    towers = (("visual.transformer", vision, sizes.vision_depth), ("transformer", text, sizes.text_depth))
    for tower, width, depth in towers:
        for stem in (f"{tower}.resblocks.{layer}" for layer in range(depth)):
            for norm in ("ln_1", "ln_2"):
                shapes |= {f"{stem}.{norm}.weight": (width,), f"{stem}.{norm}.bias": (width,)}
            shapes |= {f"{stem}.attn.in_proj_weight": (3 * width, width), f"{stem}.attn.in_proj_bias": (3 * width,)}
            for name, out, given in (("attn.out_proj", 1, 1), ("mlp.c_fc", 4, 1), ("mlp.c_proj", 1, 4)):
                shapes[f"{stem}.{name}.weight"] = (out * width, given * width)
                shapes[f"{stem}.{name}.bias"] = (out * width,)
    return shapes


def cross_shapes(width: int = TINY.joint) -> dict[str, tuple[int, ...]]:
    """Every tensor of MPS's cross module that is drawn; its zero biases and frequencies are not."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(CROSS_LAYERS):
        read, own = f"layers.{layer}.0.fn", f"layers.{layer}.1.fn"
        shapes |= {f"{stem}.norm.weight": (width,) for stem in (read, own)}
        shapes |= {f"{read}.to_q.weight": (width, width), f"{read}.to_kv.weight": (2 * CROSS_HEAD, width)}
        shapes |= {f"{read}.to_out.weight": (width, width), f"{read}.ff.0.weight": (8 * width, width)}
        shapes |= {f"{read}.ff.2.weight": (width, 4 * width), f"{own}.attn_out.weight": (width, width)}
        shapes[f"{own}.fused_attn_ff_proj.weight"] = (9 * width + 2 * CROSS_HEAD, width)
        shapes[f"{own}.ff_out.1.weight"] = (width, 4 * width)
    return shapes


def clip_tensors(sizes: Sizes = TINY, seed: int = 0) -> dict[str, Tensor]:
    """What an HPSv2 file holds under ``state_dict``."""
    return dict(_drawn(clip_shapes(sizes), seed))


def cross_tensors(width: int = TINY.joint, seed: int = 0) -> dict[str, Tensor]:
    """MPS's cross module, buffers included: biases of nought, and the frequencies as its code makes them."""
    tensors = dict(_drawn(cross_shapes(width), seed))
    for layer in range(CROSS_LAYERS):
        for part in range(2):
            tensors[f"layers.{layer}.{part}.fn.norm.bias"] = torch.zeros(width)
        places = torch.arange(0, CROSS_HEAD, 2).float() / CROSS_HEAD
        tensors[f"layers.{layer}.1.fn.rotary_emb.inv_freq"] = 1.0 / (10000**places)
    return tensors


def _drawn(shapes: dict[str, tuple[int, ...]], seed: int) -> Iterator[tuple[str, Tensor]]:
    """Each tensor drawn by its name and large enough to matter."""
    for name, shape in shapes.items():
        noise = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape, dtype=np.float32)
        yield name, torch.from_numpy(np.asarray(noise * np.float32(_spread(name, shape)) + np.float32(_middle(name))))


def _spread(name: str, shape: tuple[int, ...]) -> float:
    """Words far apart and text blocks that change them little: likenesses then lie on both sides of MPS's threshold."""
    if name == "logit_scale":
        return 0.0
    if len(shape) == 1:
        return 0.2
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    if name in {"visual.proj", "text_projection"}:  # stand as (in, out)
        return float(shape[0] ** -0.5)
    return float((0.5 if name.startswith("transformer.") else 1.4) * np.prod(shape[1:]) ** -0.5)


_EMBEDDINGS = {"token_embedding.weight": 3.0, "positional_embedding": 1.5, "visual.positional_embedding": 0.5}


def _middle(name: str) -> float:
    if name == "logit_scale":
        return 3.1
    return float(name.endswith("weight") and any(part in name for part in ("ln_", "norm")))


def transformers_names(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names that MPS's ``model`` has, written apart from the package's own map."""
    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in {"visual.proj", "text_projection"}:
            made[f"{'visual' if name == 'visual.proj' else 'text'}_projection.weight"] = tensor.T.contiguous()
            continue
        side = "vision" if name.startswith("visual.") else "text"
        bare = name.removeprefix("visual.")
        if ".resblocks." in name:
            _, _, layer, rest = bare.split(".", 3)
            stem = f"{side}_model.encoder.layers.{layer}"
            if rest.startswith("attn.in_proj"):
                kind = rest.removeprefix("attn.in_proj_")
                rows = tensor.chunk(3)
                made |= {f"{stem}.self_attn.{x}_proj.{kind}": y for x, y in zip("qkv", rows, strict=True)}
                continue
            part, kind = rest.rsplit(".", 1)
            made[f"{stem}.{_PARTS[part]}.{kind}"] = tensor
        else:
            made[_SINGLE.get(name, name)] = tensor
    return made


_PARTS = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
_SINGLE = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    **{
        f"{old}.{kind}": f"{new}.{kind}"
        for old, new in (
            ("visual.ln_pre", "vision_model.pre_layrnorm"),
            ("visual.ln_post", "vision_model.post_layernorm"),
            ("ln_final", "text_model.final_layer_norm"),
        )
        for kind in ("weight", "bias")
    },
}


def pictures() -> list[Image.Image]:
    """A square, a wide and a tall picture, smooth with noise."""
    made = []
    for seed, (width, height) in enumerate(((256, 256), (300, 171), (187, 333))):
        y, x = np.mgrid[0:height, 0:width] / 70.0
        waves = np.stack([np.sin((seed + 2) * x + channel * y) for channel in range(3)], axis=-1)
        noise = np.random.default_rng(seed).integers(-40, 41, (height, width, 3))
        made.append(Image.fromarray((128 + np.round(80 * waves) + noise).astype(np.uint8)))
    return made


def inputs_digest() -> str:
    """Hash of vocabulary, prompts, pictures and weights: golden rows hold only where these are the same."""
    state = hashlib.sha256(json.dumps([MERGES, PROMPTS]).encode())
    for picture in pictures():
        state.update(picture.tobytes())
    for tensors in (clip_tensors(), cross_tensors()):
        for name in sorted(tensors):
            state.update(tensors[name].contiguous().numpy().tobytes())
    return state.hexdigest()
