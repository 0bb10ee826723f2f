"""Normalized Attention Guidance on the same pipelines, to compare with (arXiv 2505.21179).

The output of every attention is extrapolated away from what it would be under the negative prompt, held to a
length, and blended back. With z⁺ and z⁻ an image token's output under either prompt, scale s, threshold τ, blend α:

    g = s z⁺ − (s − 1) z⁻        g ← g · min(1, τ |z⁺| / |g|)        z = α g + (1 − α) z⁺

The norm is L1 over all heads of a token, as the paper says; the code released for Flux takes L2, which ``norm`` gives.

The published pipelines double the batch. Here both prompts travel in one row of tokens: the image tokens of the two
branches are the same after every attention, so they are kept once. One thing differs: the negative text is modulated by
the positive prompt's pooled vector.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from fauve.errors import ConfigError
from fauve.models.steering.hosts import each_step, steered
from fauve.models.steering.split_attention import Parts, attend, hide_negative
from fauve.models.steering.vsf import host_of

__all__ = ["NagRule", "NagSettings", "guide", "normalized_attention_guidance"]

NORM_DIMENSIONS = (1, 3)
"""Heads and head width of (batch, heads, tokens, head width): all that belongs to one token."""


@dataclass(frozen=True, slots=True)
class NagSettings:
    """Defaults as published for Flux. Raises ConfigError for what is out of range."""

    scale: float = 5.0
    tau: float = 2.5
    alpha: float = 0.25
    norm: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale >= 1):
            raise ConfigError(f"NAG with scale {self.scale}: give 1 or more; 1 is the plain pipeline.")
        if not self.tau > 0:
            raise ConfigError(f"NAG with tau {self.tau}: give more than 0.")
        if not 0 <= self.alpha <= 1:
            raise ConfigError(f"NAG with alpha {self.alpha}: give 0 to 1.")
        if self.norm not in {1, 2}:
            raise ConfigError(f"NAG with norm {self.norm}: give 1 or 2.")


@contextmanager
def normalized_attention_guidance(
    pipe: Any,
    *,
    positive: str | Sequence[str],
    negative: str,
    settings: NagSettings | None = None,
    stop: int | None = None,
    unconditional: str = "",
    max_sequence_length: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Steer ``pipe`` away from ``negative``; used as :func:`fauve.models.steering.vsf.value_sign_flip` is.

    ``negative`` is padded as the positive prompt is. From denoising step ``stop`` on there is no guidance. Raises as
    that function does.
    """
    if not positive or not negative.strip():
        raise ConfigError("NAG needs a positive and a negative prompt.")
    prompts = [positive] if isinstance(positive, str) else list(positive)
    host, rule = host_of(pipe), NagRule(settings or NagSettings())
    text = host.encode(prompts, negative, pad_negative=True, unconditional=unconditional, limit=max_sequence_length)

    def tell(step: int) -> None:
        rule.on = stop is None or step < stop

    with ExitStack() as stack:
        stack.enter_context(steered(host.transformer, host.processors(text, rule, rule)))
        if stop is not None:
            stack.enter_context(each_step(host.transformer, tell))
        yield host.arguments(text, text.pooled)


def guide(positive: Tensor, negative: Tensor, settings: NagSettings) -> Tensor:
    """The formula, for outputs of shape (batch, heads, tokens, head width)."""
    guided = torch.lerp(negative, positive, settings.scale)
    exact = torch.promote_types(positive.dtype, torch.float32)
    size, reference = (
        torch.linalg.vector_norm(z, settings.norm, dim=NORM_DIMENSIONS, keepdim=True, dtype=exact)
        for z in (guided, positive)
    )
    # a length of zero stays zero whatever it is multiplied by
    shrink = (settings.tau * reference / size.clamp_min(torch.finfo(exact).tiny)).clamp_max(1)
    return torch.lerp(positive, guided * shrink.to(guided.dtype), settings.alpha)


class NagRule:
    """Each text with the image as if the other were not there, and the image guided by both."""

    def __init__(self, settings: NagSettings) -> None:
        self.settings, self.on = settings, True

    def __call__(self, query: Parts, key: Parts, value: Parts) -> Parts:
        """As every rule; the plain model while ``on`` is False."""
        if not self.on:
            return hide_negative(query, key, value)
        positive, image = _branch(query.positive, key.positive, value.positive, query, key, value)
        negative, avoided = _branch(query.negative, key.negative, value.negative, query, key, value)
        return Parts(positive, negative, guide(image, avoided, self.settings))


def _branch(
    text_query: Tensor, text_key: Tensor, text_value: Tensor, query: Parts, key: Parts, value: Parts
) -> tuple[Tensor, Tensor]:
    output = attend(
        torch.cat([text_query, query.image], dim=2),
        torch.cat([text_key, key.image], dim=2),
        torch.cat([text_value, value.image], dim=2),
    )
    count = text_query.shape[2]
    return output[:, :, :count], output[:, :, count:]
