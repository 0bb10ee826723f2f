"""FLUX.1: 19 double blocks with projections for text and image each, then 38 single blocks on one row of tokens.

Text comes before the image in both. All text positions are zero, so that more text needs no change of the rotary table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.models.embeddings import apply_rotary_emb
from torch import Tensor

from fauve.errors import ModelError
from fauve.models.steering.hosts import EncodedText
from fauve.models.steering.split_attention import Parts, Rule

__all__ = ["FluxHost", "FluxSplitProcessor"]

TEXT_LIMIT = 512


class FluxHost:
    """A FluxPipeline or FluxImg2ImgPipeline."""

    def __init__(self, pipe: Any) -> None:
        self.pipe, self.transformer = pipe, pipe.transformer

    def encode(
        self, positive: Sequence[str], negative: str, *, pad_negative: bool, unconditional: str, limit: int | None
    ) -> EncodedText:
        """Encode both prompts; FLUX.1 has its guidance distilled in, so ``unconditional`` is not used."""
        most = limit or TEXT_LIMIT
        # padded to the very number of its tokens, a prompt has no padding
        tokens = self.pipe.tokenizer_2(negative, truncation=True, max_length=most).input_ids
        with torch.no_grad():
            text, pooled, _ = self.pipe.encode_prompt(list(positive), None, max_sequence_length=most)
            avoided, avoided_pooled, _ = self.pipe.encode_prompt(
                [negative], None, max_sequence_length=most if pad_negative else len(tokens)
            )
        rows = len(positive)
        return EncodedText(text, avoided.expand(rows, -1, -1), pooled, avoided_pooled.expand(rows, -1))

    def arguments(self, text: EncodedText, pooled: Tensor) -> dict[str, Any]:
        """Embeddings in the place of the prompt."""
        return {
            "prompt_embeds": torch.cat([text.positive, text.negative], dim=1),
            "pooled_prompt_embeds": pooled,
        }

    def processors(self, text: EncodedText, rule: Rule, single: Rule | None) -> dict[str, Any]:
        """One processor for all double blocks, and one for all single blocks."""
        made: dict[str, Any] = {}
        for name in self.transformer.attn_processors:
            chosen = single if name.startswith("single_transformer_blocks.") else rule
            if chosen is not None:
                made[name] = FluxSplitProcessor(chosen, *text.lengths)
        return made


class FluxSplitProcessor:
    """Stock Flux attention up to the queries, keys and values; who sees whom is the rule's."""

    _attention_backend = None
    _parallel_config = None

    def __init__(self, rule: Rule, positive: int, negative: int) -> None:
        self.rule, self.positive, self.negative = rule, positive, negative

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Any = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """As ``FluxAttnProcessor``: (batch, tokens, width) to the same, and to text besides in double blocks."""
        query, key, value = (
            make(hidden_states).unflatten(-1, (-1, attn.head_dim)) for make in (attn.to_q, attn.to_k, attn.to_v)
        )
        query, key = attn.norm_q(query), attn.norm_k(key)
        if encoder_hidden_states is not None:
            self._check(encoder_hidden_states.shape[1])
            text_query, text_key, text_value = (
                make(encoder_hidden_states).unflatten(-1, (-1, attn.head_dim))
                for make in (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
            )
            query = torch.cat([attn.norm_added_q(text_query), query], dim=1)
            key = torch.cat([attn.norm_added_k(text_key), key], dim=1)
            value = torch.cat([text_value, value], dim=1)
        if image_rotary_emb is not None:
            query = apply_rotary_emb(query, image_rotary_emb, sequence_dim=1)
            key = apply_rotary_emb(key, image_rotary_emb, sequence_dim=1)
        output = self.rule(self._split(query), self._split(key), self._split(value))
        if encoder_hidden_states is None:
            return _flat(torch.cat(output, dim=2), query.dtype)
        image = attn.to_out[1](attn.to_out[0](_flat(output.image, query.dtype)))
        text = _flat(torch.cat(output[:2], dim=2), query.dtype)
        return image, attn.to_add_out(text)

    def _split(self, tokens: Tensor) -> Parts:
        text = self.positive + self.negative
        tokens = tokens.transpose(1, 2)
        return Parts(tokens[:, :, : self.positive], tokens[:, :, self.positive : text], tokens[:, :, text:])

    def _check(self, tokens: int) -> None:
        if tokens != self.positive + self.negative:
            raise ModelError(
                f"the transformer got {tokens} text tokens where the steered prompt has {self.positive} and its "
                f"negative {self.negative}. Call the pipeline with the arguments that the context gives, and no prompt."
            )


def _flat(tokens: Tensor, dtype: torch.dtype) -> Tensor:
    return tokens.transpose(1, 2).flatten(2).to(dtype)
