"""Prompts beyond 77 tokens for SD1.5, SDXL and Playground: read 75 tokens at a time, joined along the sequence.

What one chunk holds is encoded exactly as the pipeline encodes it, so a prompt that fits gives the same picture. The
pooled vector is the first chunk's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from fauve.errors import ConfigError

__all__ = ["CHUNKED", "chunk_count", "chunked_embeddings"]

CHUNKED = ("StableDiffusionPipeline", "StableDiffusionXLPipeline")
"""Pipelines whose denoiser takes a text of any length, though their encoders do not."""

_CHUNK = 75
"""Tokens of a chunk; with the two marks the 77 that CLIP reads."""


def chunk_count(pipe: Any, prompts: Sequence[str]) -> int:
    """Chunks that the longest of ``prompts`` needs, at least one."""
    return max((len(_chunks(tokenizer, text)) for tokenizer, _ in _encoders(pipe) for text in prompts), default=1)


def chunked_embeddings(pipe: Any, prompts: Sequence[str], negatives: Sequence[str] | None) -> dict[str, Tensor]:
    """The pipeline's arguments in place of ``prompt`` and ``negative_prompt``.

    All texts are filled up with empty chunks to the longest. Without negatives a pipeline that reads "no negative" as
    zeros is left to do so; else they are empty texts.
    """
    if type(pipe).__name__.replace("Img2Img", "") not in CHUNKED:
        raise ConfigError(
            f"long_prompt='chunk' is for {' and '.join(CHUNKED)}; {type(pipe).__name__} reads what it reads."
        )
    if negatives is None and not getattr(pipe.config, "force_zeros_for_empty_prompt", False):
        negatives = [""] * len(prompts)
    count = chunk_count(pipe, [*prompts, *(negatives or [])])
    given = _encode(pipe, prompts, count)
    if negatives is not None:
        given |= {f"negative_{name}": value for name, value in _encode(pipe, negatives, count).items()}
    return given


def _encoders(pipe: Any) -> list[tuple[Any, Any]]:
    pairs = [(pipe.tokenizer, pipe.text_encoder)]
    second = getattr(pipe, "text_encoder_2", None)
    return pairs if second is None else [*pairs, (pipe.tokenizer_2, second)]


def _chunks(tokenizer: Any, text: str) -> list[list[int]]:
    ids = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    return [ids[at : at + _CHUNK] for at in range(0, len(ids), _CHUNK)] or [[]]


def _encode(pipe: Any, texts: Sequence[str], count: int) -> dict[str, Tensor]:
    """Embeddings of shape (texts, 77 · count, width), and for SDXL the pooled vectors."""
    two = getattr(pipe, "text_encoder_2", None) is not None
    states: list[Tensor] = []
    pooled: Tensor | None = None
    for tokenizer, encoder in _encoders(pipe):
        rows = torch.tensor([ids for text in texts for ids in _framed(tokenizer, text, count)])
        output = encoder(rows.to(pipe._execution_device), output_hidden_states=True)
        state = output.hidden_states[-2] if two else output[0]
        states.append(state.reshape(len(texts), -1, state.shape[-1]))
        pooled = output[0].reshape(len(texts), count, -1)[:, 0] if two else None
    given = {"prompt_embeds": torch.cat(states, dim=-1)}
    return given if pooled is None else {**given, "pooled_prompt_embeds": pooled}


def _framed(tokenizer: Any, text: str, count: int) -> list[list[int]]:
    chunks = _chunks(tokenizer, text)
    chunks += [[]] * (count - len(chunks))
    start, end, padding = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    return [[start, *ids, end, *[padding] * (_CHUNK - len(ids))] for ids in chunks]
