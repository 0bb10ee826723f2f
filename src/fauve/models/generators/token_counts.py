"""How many tokens of a prompt each text encoder is given, and how many were cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from diffusers.pipelines.longcat_image import pipeline_longcat_image

from fauve.models.generators.facts import TokenLimit

__all__ = ["token_facts"]

_split_quotation: Any = pipeline_longcat_image.split_quotation


def token_facts(pipe: Any, limits: Sequence[TokenLimit], prompt: str, call: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt's tokens and what was cut of them, by tokenizer; nothing where the limits are not known.

    ``truncated_tokens`` counts those that no encoder has seen: with a long encoder beside a short one there are none.
    """
    tokens: dict[str, int] = {}
    cut: dict[str, int] = {}
    for limit in limits:
        tokenizer = getattr(pipe, limit.tokenizer, None)
        if tokenizer is None:
            continue
        most = int(call.get(limit.raised_by, limit.limit)) if limit.raised_by else limit.limit
        tokens[limit.tokenizer] = _count(pipe, tokenizer, limit, prompt)
        cut[limit.tokenizer] = max(tokens[limit.tokenizer] - most, 0)
    if not tokens:
        return {}
    return {"tokens": tokens, "truncated": cut, "truncated_tokens": min(cut.values())}


def _count(pipe: Any, tokenizer: Any, limit: TokenLimit, prompt: str) -> int:
    if limit.template == "quotes":
        return _count_with_quotes(tokenizer, prompt)
    if limit.template == "qwen":
        dressed = pipe.prompt_template_encode.format(prompt)
        return _length(tokenizer, dressed) - int(pipe.prompt_template_encode_start_idx)
    if limit.template in {"chat", "thinking chat"}:
        message = [{"role": "user", "content": prompt}]
        thinking = limit.template == "thinking chat"
        dressed = tokenizer.apply_chat_template(
            message, tokenize=False, add_generation_prompt=True, enable_thinking=thinking
        )
        return _length(tokenizer, dressed)
    return _length(tokenizer, prompt)


def _length(tokenizer: Any, text: str, **options: Any) -> int:
    return len(tokenizer(text, truncation=False, verbose=False, **options)["input_ids"])


def _count_with_quotes(tokenizer: Any, prompt: str) -> int:
    """As LongCat reads it: what stands in quotes letter by letter."""
    total = 0
    for part, quoted in _split_quotation(prompt):
        pieces = list(part) if quoted else [part]
        total += sum(_length(tokenizer, piece, add_special_tokens=False) for piece in pieces)
    return total
