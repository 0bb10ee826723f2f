"""A tiny random GLM-Image in the layout in which the real one is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from tests.models.generators import tiny_parts as parts
from tokenizers.pre_tokenizers import ByteLevel

from fauve.models.weights import RANDOM_MARK

PLAN = 64
"""Tokens that a plan is made of."""


def tiny_glm(folder: Path, seed: int = 0) -> Path:
    """GLM-Image: a language model plans the picture in tokens, a denoiser draws it, a byte encoder reads quotes."""
    torch.manual_seed(seed)
    transformer = diffusers.GlmImageTransformer2DModel(
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        text_embed_dim=32,
        time_embed_dim=16,
        condition_dim=16,
        prior_vq_quantizer_codebook_size=PLAN,
    )
    reader, processor = _reader()
    letters, byte_words = _byt5()
    pipe = diffusers.GlmImagePipeline(
        tokenizer=byte_words,
        processor=processor,
        text_encoder=letters,
        vision_language_encoder=reader,
        vae=parts.vae(
            block_out_channels=(4, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        transformer=parts.lively(transformer, seed),
        scheduler=parts.flow_scheduler(use_dynamic_shifting=True),
    )
    pipe.save_pretrained(folder)
    (folder / RANDOM_MARK).touch()
    return folder


def _reader() -> tuple[Any, Any]:
    """GLM-Image's first stage: a language model that draws a plan of picture tokens, and what reads its prompt.

    Picture tokens are the first of its vocabulary, as in the published model. No token ends the plan early.
    """
    letters = {text: at for at, text in enumerate(sorted(ByteLevel.alphabet()))}
    marks = {"image_token": "<|image|>", "grid_bos_token": "<sop>", "grid_eos_token": "<eop>"}
    tokenizer = transformers.Qwen2Tokenizer(
        vocab=letters, merges=[], bos_token="<|dit_token_1|>", pad_token="<|endoftext|>", extra_special_tokens=marks
    )
    template = (
        "{% for m in messages %}{% for c in m['content'] %}{{ c['text'] if c['type'] == 'text' else '<|image|>' }}"
        "{% endfor %}{% endfor %}"
    )
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "vision_vocab_size": PLAN,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        "pad_token_id": tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        "eos_token_id": None,
    }
    config = transformers.GlmImageConfig(
        text_config=text,
        vision_config={"depth": 1, "hidden_size": 16, "num_heads": 2, "intermediate_size": 16, "image_size": 64},
        vq_config={"embed_dim": 8, "num_embeddings": PLAN, "latent_channels": 16},
        image_token_id=tokenizer.convert_tokens_to_ids("<|image|>"),
        image_start_token_id=tokenizer.convert_tokens_to_ids("<|dit_token_1|>"),
        image_end_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"),
    )
    model = parts.lively(transformers.GlmImageForConditionalGeneration(config), 9)
    images = transformers.GlmImageImageProcessorPil()
    return model, transformers.GlmImageProcessor(images, tokenizer, chat_template=template)


def _byt5(width: int = 32) -> tuple[Any, Any]:
    config = transformers.T5Config(
        vocab_size=384, d_model=width, d_kv=8, d_ff=37, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    return parts.lively(transformers.T5EncoderModel(config), 10), transformers.ByT5Tokenizer()
