"""Seeded random Qwen3-VL checkpoints in the published layout: weights, sizes, vocabulary.

The vocabulary is trained on our questions and small, so that a question is about as long as with the published one.
Every folder is marked as random.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from fauve.models.judges.guidelines import own_guidelines
from fauve.models.weights import RANDOM_MARK
from fauve.vocabulary import DIMENSIONS

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

# sizes of Qwen3-VL-4B-Instruct
TEXT_4B = {
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 5_000_000.0,
        "mrope_section": [24, 20, 20],
        "mrope_interleaved": True,
    },
}
VISION_4B = {"hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "num_position_embeddings": 2304}

TEXT_TINY = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "num_hidden_layers": 3,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 1_000_000.0,
        "mrope_section": [2, 3, 3],
        "mrope_interleaved": True,
    },
}
VISION_TINY = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "num_position_embeddings": 16,
    "depth": 3,
    "deepstack_visual_indexes": [0, 1],
}


def vocabulary(size: int = 700) -> Tokenizer:
    """A byte-level tokenizer with Qwen's control tokens, digits one by one."""
    tokenizer = Tokenizer(models.BPE())
    pattern = Regex(r"\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s*\n+|\s+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pattern, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    texts = [own_guidelines().text(name) for name in DIMENSIONS]
    tokenizer.train_from_iterator(["user\nassistant\n", *texts], trainer)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    return tokenizer


def write_qwen3vl(
    folder: Path,
    *,
    text: dict[str, Any] | None = None,
    vision: dict[str, Any] | None = None,
    seed: int = 0,
    spread: float = 0.02,
    tied: bool = True,
    words: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Path:
    """A checkpoint folder; sizes are those of the tiny model with ``text`` and ``vision`` in their place.

    ``spread`` is the deviation that weights are drawn with; ``words`` fills the table of tokens up to a length.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = vocabulary()
    tokenizer.save(str(folder / "tokenizer.json"))
    text = {**TEXT_TINY, **(text or {})}
    config = Qwen3VLConfig(
        text_config={
            **text,
            "vocab_size": max(words, tokenizer.get_vocab_size()),
            "max_position_embeddings": 8192,
            "initializer_range": spread,
            "tie_word_embeddings": tied,
        },
        vision_config={
            **VISION_TINY,
            "patch_size": 16,
            "initializer_range": spread,
            "out_hidden_size": text["hidden_size"],
            **(vision or {}),
        },
        image_token_id=tokenizer.token_to_id("<|image_pad|>"),
        video_token_id=tokenizer.token_to_id("<|video_pad|>"),
        vision_start_token_id=tokenizer.token_to_id("<|vision_start|>"),
        vision_end_token_id=tokenizer.token_to_id("<|vision_end|>"),
        tie_word_embeddings=tied,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Qwen3VLForConditionalGeneration(config).to(dtype)
    (folder / "config.json").write_text(json.dumps(config.to_dict()), encoding="utf-8")
    tensors = {key: value.contiguous() for key, value in model.state_dict().items()}
    if tied:
        tensors.pop("lm_head.weight")
    save_file(tensors, folder / "model.safetensors")
    (folder / RANDOM_MARK).write_text("Drawn from a seed; never trained.\n", encoding="utf-8")
    return folder
