"""Stable Diffusion 3 and 3.5: joint blocks in which the image comes before the text.

The text is CLIP's tokens followed by T5's. The second, image-only attention of SD3.5 Medium stays as it is. Where the
pipeline's own guidance is on, the unconditional half of the batch comes first and is not steered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from fauve.errors import ModelError
from fauve.models.steering.hosts import EncodedText
from fauve.models.steering.split_attention import Parts, Rule, hide_negative

__all__ = ["SD3Host", "SD3SplitProcessor"]

TEXT_LIMIT = 256


class SD3Host:
    """A StableDiffusion3Pipeline or StableDiffusion3Img2ImgPipeline."""

    def __init__(self, pipe: Any) -> None:
        self.pipe, self.transformer = pipe, pipe.transformer

    def encode(
        self, positive: Sequence[str], negative: str, *, pad_negative: bool, unconditional: str, limit: int | None
    ) -> EncodedText:
        """Encode both prompts, and the unconditional one."""
        most, rows = limit or TEXT_LIMIT, len(positive)
        text, pooled = self._encode(list(positive), most)
        empty, empty_pooled = self._encode([unconditional], most)
        avoided, avoided_pooled = self._encode([negative], most) if pad_negative else self._unpadded(negative, most)
        return EncodedText(
            text,
            avoided.expand(rows, -1, -1),
            pooled,
            avoided_pooled.expand(rows, -1),
            empty.expand(rows, -1, -1),
            empty_pooled.expand(rows, -1),
        )

    def _encode(self, prompts: list[str], most: int) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            text, _, pooled, _ = self.pipe.encode_prompt(
                prompts, None, None, do_classifier_free_guidance=False, max_sequence_length=most
            )
        return text, pooled

    def _unpadded(self, prompt: str, most: int) -> tuple[Tensor, Tensor]:
        """CLIP reads from left to right, so its padding can be cut off afterwards; T5's is not made."""
        pipe, width = self.pipe, self.pipe.tokenizer_max_length
        clip = max(
            len(tokenizer(prompt, truncation=True, max_length=width).input_ids)
            for tokenizer in (pipe.tokenizer, pipe.tokenizer_2)
        )
        if pipe.text_encoder_3 is None:
            text, pooled = self._encode([prompt], most)
            return text[:, :clip], pooled
        t5 = len(pipe.tokenizer_3(prompt, truncation=True, max_length=most).input_ids)
        text, pooled = self._encode([prompt], t5)
        return torch.cat([text[:, :clip], text[:, width:]], dim=1), pooled

    def arguments(self, text: EncodedText, pooled: Tensor) -> dict[str, Any]:
        """Embeddings in the place of the prompt and of the pipeline's own negative prompt."""
        if text.unconditional is None or text.unconditional_pooled is None:
            raise ModelError("the unconditional prompt was not encoded. Encode the texts with SD3Host.encode.")
        return {
            "prompt_embeds": torch.cat([text.positive, text.negative], dim=1),
            "pooled_prompt_embeds": pooled,
            # both halves of a batch need one length; nobody sees the negative tokens of this one
            "negative_prompt_embeds": torch.cat([text.unconditional, text.negative], dim=1),
            "negative_pooled_prompt_embeds": text.unconditional_pooled,
        }

    def processors(self, text: EncodedText, rule: Rule, single: Rule | None) -> dict[str, Any]:
        """One processor for the joint attention of every block; there are no single blocks."""
        return {
            name: SD3SplitProcessor(rule, *text.lengths, text.rows)
            for name in self.transformer.attn_processors
            if name.endswith(".attn.processor")
        }


class SD3SplitProcessor:
    """Stock joint attention up to the queries, keys and values; who sees whom is the rule's."""

    def __init__(self, rule: Rule, positive: int, negative: int, rows: int) -> None:
        self.rule, self.positive, self.negative, self.rows = rule, positive, negative, rows

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """As ``JointAttnProcessor2_0``: image and text of shape (batch, tokens, width) to the same."""
        self._check(*encoder_hidden_states.shape[:2])
        query, key, value = (
            self._parts(make(hidden_states), add(encoder_hidden_states), attn.heads, norm, text_norm)
            for make, add, norm, text_norm in (
                (attn.to_q, attn.add_q_proj, attn.norm_q, attn.norm_added_q),
                (attn.to_k, attn.add_k_proj, attn.norm_k, attn.norm_added_k),
                (attn.to_v, attn.add_v_proj, None, None),
            )
        )
        output = self._attend(query, key, value)
        image, text = _flat(output.image), _flat(torch.cat(output[:2], dim=2))
        if not attn.context_pre_only:
            text = attn.to_add_out(text)
        return attn.to_out[1](attn.to_out[0](image)), text

    def _attend(self, query: Parts, key: Parts, value: Parts) -> Parts:
        batch = query.image.shape[0]
        plain = batch - self.rows
        if plain == 0:
            return self.rule(query, key, value)
        halves = (
            hide_negative(query.rows(0, plain), key.rows(0, plain), value.rows(0, plain)),
            self.rule(query.rows(plain, batch), key.rows(plain, batch), value.rows(plain, batch)),
        )
        return Parts(*(torch.cat(pair) for pair in zip(*halves, strict=True)))

    def _parts(self, image: Tensor, text: Tensor, heads: int, norm: Any, text_norm: Any) -> Parts:
        image, text = (tokens.view(*tokens.shape[:2], heads, -1).transpose(1, 2) for tokens in (image, text))
        image = image if norm is None else norm(image)
        text = text if text_norm is None else text_norm(text)
        return Parts(text[:, :, : self.positive], text[:, :, self.positive :], image)

    def _check(self, batch: int, tokens: int) -> None:
        if tokens != self.positive + self.negative or batch not in {self.rows, 2 * self.rows}:
            raise ModelError(
                f"the transformer got {batch} texts of {tokens} tokens where {self.rows} prompts of {self.positive} "
                f"and a negative of {self.negative} tokens are steered. Call the pipeline with the arguments that the "
                "context gives, and no prompt."
            )


def _flat(tokens: Tensor) -> Tensor:
    return tokens.transpose(1, 2).flatten(2)
