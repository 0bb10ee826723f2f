"""Value Sign Flip on stock diffusers pipelines (arXiv 2508.10931).

One forward a step, as without it: the negative prompt's tokens travel behind the positive prompt's, and what the image
takes from them in attention is subtracted. :mod:`~fauve.models.steering.vsf_rule` has the formula.

The method is for things that shall not be in the picture. Words of quality ("sharp, beautiful") are outside what its
authors claim for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import torch
from diffusers import FluxTransformer2DModel, SD3Transformer2DModel

from fauve.errors import ConfigError, ModelError
from fauve.models.steering.flux_host import FluxHost
from fauve.models.steering.hosts import EncodedText, Host, each_step, steered
from fauve.models.steering.sd3_host import SD3Host
from fauve.models.steering.split_attention import Rule, hide_negative
from fauve.models.steering.vsf_flux import RELEASED_POOLED_MIX, ReleasedFluxRule
from fauve.models.steering.vsf_rule import Dose, Schedule, flip_values
from fauve.models.steering.vsf_sd3 import released_sd3_text

__all__ = ["Blocks", "Mode", "host_of", "value_sign_flip"]

Mode = Literal["intended", "released"]
Blocks = Literal["all", "double"]


@contextmanager
def value_sign_flip(
    pipe: Any,
    *,
    positive: str | Sequence[str],
    negative: str,
    scale: float,
    offset: float = 0.0,
    mode: Mode = "intended",
    blocks: Blocks = "all",
    schedule: Schedule | None = None,
    pooled_mix: float | None = None,
    unconditional: str = "",
    max_sequence_length: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Steer ``pipe`` away from ``negative``; gives what to call it with in the place of a prompt.

    ::

        with value_sign_flip(pipe, positive="a street at noon", negative="cars", scale=3.5) as arguments:
            image = pipe(**arguments, num_inference_steps=28, generator=generator).images[0]

    The pipeline may be called several times inside. After it, whatever happened, it is as it was.

    Args:
        pipe: FluxPipeline, FluxImg2ImgPipeline, StableDiffusion3Pipeline or StableDiffusion3Img2ImgPipeline.
        positive: one prompt, or one for each picture of the batch.
        negative: what shall not be seen, for the whole batch; encoded without padding.
        scale: a of the formula, 0 or more. 0 still is not the plain pipeline.
        offset: b of the formula, 0 or more; infinity is the plain pipeline.
        mode: ``intended`` is the formula; ``released`` is what the authors' code computes (see
            :mod:`~fauve.models.steering.vsf_flux` and :mod:`~fauve.models.steering.vsf_sd3`).
        blocks: ``double`` flips in the double blocks of Flux alone and hides the negative prompt from its single
            blocks. Without a meaning for SD3, and in released mode, where single blocks see it as ordinary text.
        schedule: from the denoising step to (scale, offset), in the place of the two.
        pooled_mix: m of (1 + m)·positive − m·negative, what the pooled vector is made of. None is 0, and 0.1 in the
            released mode of Flux.
        unconditional: what the own guidance of SD3 extrapolates from; not steered.
        max_sequence_length: tokens that T5 reads of each prompt; None is the pipeline's default.

    Raises:
        ConfigError: an empty prompt, an unknown mode or blocks, a scale or offset out of range.
        ModelError: not one of these pipelines, or its attention is not the stock one.
    """
    _check(positive, negative, mode, blocks)
    dose, host = Dose(scale, offset), host_of(pipe)
    prompts = [positive] if isinstance(positive, str) else list(positive)
    text = host.encode(prompts, negative, pad_negative=False, unconditional=unconditional, limit=max_sequence_length)
    if mode == "released" and isinstance(host, SD3Host):
        text = _doubled(text)
    rule, single = _rules(host, dose, mode, blocks)
    if pooled_mix is None:
        pooled_mix = RELEASED_POOLED_MIX if mode == "released" and isinstance(host, FluxHost) else 0.0
    pooled = text.pooled if pooled_mix == 0 else torch.lerp(text.negative_pooled, text.pooled, 1 + pooled_mix)
    with ExitStack() as stack:
        stack.enter_context(steered(host.transformer, host.processors(text, rule, single)))
        if schedule is not None:
            stack.enter_context(each_step(host.transformer, lambda step: dose.set(*schedule(step))))
        yield host.arguments(text, pooled)


def host_of(pipe: Any) -> Host:
    """What is known of a pipeline's transformer. Raises ModelError where it is of no family that can be steered."""
    transformer = getattr(pipe, "transformer", None)
    if isinstance(transformer, FluxTransformer2DModel):
        return FluxHost(pipe)
    if isinstance(transformer, SD3Transformer2DModel):
        return SD3Host(pipe)
    raise ModelError(
        f"{type(pipe).__name__} with a {type(transformer).__name__} cannot be steered inside its attention: that "
        "is done for FLUX.1 and Stable Diffusion 3. Give it a negative prompt where it takes one."
    )


def _rules(host: Host, dose: Dose, mode: Mode, blocks: Blocks) -> tuple[Rule, Rule | None]:
    """For double (or joint) blocks, and for single blocks; None leaves those as they are."""
    if mode == "released" and isinstance(host, FluxHost):
        return ReleasedFluxRule(dose), None
    rule = flip_values(dose)
    return rule, rule if blocks == "all" else hide_negative


def _doubled(text: EncodedText) -> EncodedText:
    unconditional = text.unconditional
    return dataclasses.replace(
        text,
        positive=released_sd3_text(text.positive, text.negative),
        unconditional=None if unconditional is None else released_sd3_text(unconditional, text.negative),
    )


def _check(positive: str | Sequence[str], negative: str, mode: str, blocks: str) -> None:
    if not positive:
        raise ConfigError("Value Sign Flip without a positive prompt: give one, or one for each picture.")
    if not negative.strip():
        raise ConfigError("Value Sign Flip without a negative prompt: say what shall not be seen, or do not steer.")
    if mode not in {"intended", "released"}:
        raise ConfigError(f"Value Sign Flip has no mode {mode!r}: it is intended or released.")
    if blocks not in {"all", "double"}:
        raise ConfigError(f"Value Sign Flip cannot flip in {blocks!r} blocks: it is all or double.")
