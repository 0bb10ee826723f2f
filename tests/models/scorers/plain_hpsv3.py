"""A small random HPSv3 in the layout of the published file: key names and shapes written out, its text, its tokens.

Needs neither the package nor transformers, so that the reference can be run on the same files.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CONTROL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"),
    *("<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2 cuts text into words before it looks up their pieces."""

PROMPTS = (
    "a red boat",
    "An old harbour in thick fog, everything out of focus; the boat is cut off by the frame's edge 3 times over",
    "  ",
)
WIDTH, HEADS, KEY_HEADS, INNER, LAYERS = 64, 4, 2, 96, 3
EYE, EYE_HEADS, BLOCKS = 32, 2, 2


def template_file() -> Path:
    return Path(__file__).parents[3] / "src" / "fauve" / "models" / "scorers" / "data" / "hpsv3.json"


def trained_text() -> dict[str, str]:
    """``instruction`` (with its field) and ``suffix``."""
    data = json.loads(template_file().read_text(encoding="utf-8"))
    return {part: "".join(data[part]) for part in ("instruction", "suffix")}


def qwen_tokenizer(texts: list[str], size: int = 700) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in CONTROL])
    return tokenizer


def small_tokenizer() -> Tokenizer:
    return qwen_tokenizer([*trained_text().values(), *PROMPTS])


def flat_config(**changes: object) -> dict[str, object]:
    """``config.json`` in the old form, which is how the hub has it."""
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "model_type": "qwen2_vl",
        "vocab_size": 152064,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_HEADS,
        "hidden_act": "silu",
        "max_position_embeddings": 32768,
        "max_window_layers": LAYERS,
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]},
        "sliding_window": 32768,
        "use_sliding_window": False,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "vision_config": {
            "depth": BLOCKS,
            "embed_dim": EYE,
            "hidden_size": WIDTH,
            "mlp_ratio": 4,
            "num_heads": EYE_HEADS,
            "in_chans": 3,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "spatial_patch_size": 14,
            "temporal_patch_size": 2,
        },
        **changes,
    }


def published_shapes(rows: int) -> dict[str, tuple[int, ...]]:
    """Every tensor of the published file by name, for the sizes of :func:`flat_config`."""
    shapes: dict[str, tuple[int, ...]] = {"visual.patch_embed.proj.weight": (EYE, 3, 2, 14, 14)}
    for at in range(BLOCKS):
        stem = f"visual.blocks.{at}"
        for norm in ("norm1", "norm2"):
            shapes |= {f"{stem}.{norm}.weight": (EYE,), f"{stem}.{norm}.bias": (EYE,)}
        for name, out, width in (
            ("attn.qkv", 3 * EYE, EYE),
            ("attn.proj", EYE, EYE),
            ("mlp.fc1", 4 * EYE, EYE),
            ("mlp.fc2", EYE, 4 * EYE),
        ):
            shapes |= {f"{stem}.{name}.weight": (out, width), f"{stem}.{name}.bias": (out,)}
    shapes |= {"visual.merger.ln_q.weight": (EYE,), "visual.merger.ln_q.bias": (EYE,)}
    for at, out in ((0, 4 * EYE), (2, WIDTH)):
        shapes |= {f"visual.merger.mlp.{at}.weight": (out, 4 * EYE), f"visual.merger.mlp.{at}.bias": (out,)}
    shapes["model.embed_tokens.weight"] = (rows, WIDTH)
    keys = WIDTH // HEADS * KEY_HEADS
    for at in range(LAYERS):
        stem = f"model.layers.{at}"
        for name, out in (("q", WIDTH), ("k", keys), ("v", keys)):
            shapes |= {
                f"{stem}.self_attn.{name}_proj.weight": (out, WIDTH),
                f"{stem}.self_attn.{name}_proj.bias": (out,),
            }
        shapes |= {
            f"{stem}.self_attn.o_proj.weight": (WIDTH, WIDTH),
            f"{stem}.mlp.gate_proj.weight": (INNER, WIDTH),
            f"{stem}.mlp.up_proj.weight": (INNER, WIDTH),
            f"{stem}.mlp.down_proj.weight": (WIDTH, INNER),
            f"{stem}.input_layernorm.weight": (WIDTH,),
            f"{stem}.post_attention_layernorm.weight": (WIDTH,),
        }
    shapes |= {"model.norm.weight": (WIDTH,), "lm_head.weight": (rows, WIDTH)}
    for at, out, width in ((0, 1024, WIDTH), (3, 16, 1024), (5, 2, 16)):
        shapes |= {f"rm_head.{at}.weight": (out, width), f"rm_head.{at}.bias": (out,)}
    return shapes


def published_tensors(rows: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights, the same on every machine, each drawn by its name and large enough to matter."""
    tensors = {}
    for name, shape in published_shapes(rows).items():
        noise = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape)
        tensors[name] = torch.from_numpy((noise * _spread(name, shape)).astype(np.float32))
        if "norm" in name or "ln_q" in name:
            tensors[name] += float(name.endswith("weight"))
    return tensors


def _spread(name: str, shape: tuple[int, ...]) -> float:
    if len(shape) == 1:
        return 0.1
    if "embed_tokens" in name:
        return 1.0
    # queries and keys wide enough that attention looks at some places more than at others
    wide = 1.8 if any(part in name for part in ("q_proj", "k_proj", "qkv")) else 1.3
    return float(wide * np.prod(shape[1:]) ** -0.5)


def save_checkpoint(folder: Path, *, seed: int = 0, **changes: object) -> Path:
    """Weights, ``config.json`` and ``tokenizer.json`` in ``folder``; returns the weights file."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = small_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(flat_config(**changes)), encoding="utf-8")
    save_file(published_tensors(tokenizer.get_vocab_size() + 1, seed), folder / "HPSv3.safetensors")
    return folder / "HPSv3.safetensors"


def pictures() -> list[Image.Image]:
    """A square, a wide and a tall picture, smooth with noise."""
    made = []
    for seed, (width, height) in enumerate(((256, 256), (300, 170), (160, 290))):
        y, x = np.mgrid[0:height, 0:width] / 70.0
        waves = np.stack([np.sin((seed + 2) * x + channel * y) for channel in range(3)], axis=-1)
        noise = np.random.default_rng(seed).integers(-40, 41, (height, width, 3))
        made.append(Image.fromarray((128 + np.round(80 * waves) + noise).astype(np.uint8)))
    return made


def inputs_digest() -> str:
    """Hash of the pictures, the weights and the tokens: golden rows hold only where these are the same."""
    state = hashlib.sha256()
    for picture in pictures():
        state.update(picture.tobytes())
    tokenizer = small_tokenizer()
    for text in (*trained_text().values(), *PROMPTS):
        state.update(np.array(tokenizer.encode(text).ids, dtype=np.int64).tobytes())
    for tensor in published_tensors(tokenizer.get_vocab_size() + 1).values():
        state.update(tensor.numpy().tobytes())
    return state.hexdigest()
