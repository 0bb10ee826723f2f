"""A small random HPSv3 in the layout of the published file: real key names, real template, Qwen2-VL's kind of tokens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2VLConfig, Qwen2VLModel

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


def flat_config(**changes: object) -> dict[str, object]:
    """``config.json`` in the old form, which is how the hub has it."""
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "model_type": "qwen2_vl",
        "vocab_size": 152064,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "hidden_act": "silu",
        "max_position_embeddings": 32768,
        "max_window_layers": 3,
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]},
        "sliding_window": 32768,
        "use_sliding_window": False,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "vision_config": {
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": 64,
            "mlp_ratio": 4,
            "num_heads": 2,
            "in_chans": 3,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "spatial_patch_size": 14,
            "temporal_patch_size": 2,
        },
        **changes,
    }


def published_tensors(config: dict[str, object], rows: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights under the names of the published file; every one of them large enough to matter."""
    sizes = Qwen2VLConfig.from_dict(dict(config))
    sizes.text_config.vocab_size = rows
    random = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for key, value in Qwen2VLModel(sizes).state_dict().items():
        name = key if key.startswith("visual.") else f"model.{key.removeprefix('language_model.')}"
        tensors[name] = _drawn(name, value, random)
    tensors["lm_head.weight"] = torch.zeros(rows, 64)
    for at, (rows_out, columns) in {0: (1024, 64), 3: (16, 1024), 5: (2, 16)}.items():
        tensors[f"rm_head.{at}.weight"] = torch.randn(rows_out, columns, generator=random) * columns**-0.5 * 1.5
        tensors[f"rm_head.{at}.bias"] = torch.randn(rows_out, generator=random) * 0.1
    return tensors


def _drawn(name: str, value: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    noise = torch.randn(value.shape, generator=random)
    if "norm" in name or "ln_q" in name:
        return noise * 0.1 + (1.0 if name.endswith("weight") else 0.0)
    if value.ndim == 1:
        return noise * 0.1
    if "embed_tokens" in name:
        return noise
    # wide enough that attention looks at some places more than at others
    spread = 2.5 if ("q_proj" in name or "k_proj" in name or "qkv" in name) else 1.0
    return noise * spread * value[0].numel() ** -0.5


def save_checkpoint(folder: Path, *, seed: int = 0, **changes: object) -> Path:
    """Weights, ``config.json`` and ``tokenizer.json`` in ``folder``; returns the weights file."""
    data = json.loads(template_file().read_text(encoding="utf-8"))
    tokenizer = qwen_tokenizer(["".join(data["instruction"]), "".join(data["suffix"]), *PROMPTS])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = flat_config(**changes)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tensors = published_tensors(config, tokenizer.get_vocab_size() + 1, seed)
    save_file(tensors, folder / "HPSv3.safetensors")
    return folder / "HPSv3.safetensors"


def template_file() -> Path:
    return Path(__file__).parents[3] / "src" / "fauve" / "models" / "scorers" / "data" / "hpsv3.json"


def pictures() -> list[Image.Image]:
    """Square, wide and tall; smooth with noise on top."""
    return [_picture(seed, size) for seed, size in enumerate([(256, 256), (300, 170), (160, 290)])]


def _picture(seed: int, size: tuple[int, int]) -> Image.Image:
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    waves = np.stack([np.sin((3 + seed) * x + k) * np.cos((2 + k) * y + seed) for k in range(3)], axis=-1)
    noise = random.normal(0, 20, waves.shape)
    return Image.fromarray(np.clip(128 + 90 * waves + noise, 0, 255).astype(np.uint8))
