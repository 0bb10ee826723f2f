"""Cards of the generators behind APIs, and the settings that they are asked with: plain data, no heavy import.

A preset ``paper`` repeats what the scripts of arXiv:2512.11883 sent, faults of sampling included, but for their
placeholder pictures: a request without a picture stays without one. ``matched`` sends the same with every request,
fixes what a service would choose by itself, and switches rewriting of prompts and distilled short-cuts off. Prices
and the life of closed models change: give ``price`` from the service's own list.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fauve.models.cards import ModelCard

__all__ = [
    "API_CARDS",
    "GEMINI_PARAMETERS",
    "NANO_BANANA_PREFIX",
    "PRESETS",
]

NANO_BANANA_PREFIX: Final = "Generate an image with following prompt, return the image directly: "
"""Put before every prompt by the published scripts (arXiv:2512.11883, code of the benchmark), wording theirs: without
it a chat model may well answer in words."""

_CARDS = (
    ModelCard(
        name="nano-banana",
        kind="generator",
        summary="Google's Gemini 2.5 Flash Image, a chat model that draws; it has no seed that is known to fix a "
        "picture. Its shutdown was announced for October 2026 at the earliest: read published pictures of it as "
        "frozen data.",
        licence="proprietary service",
        hub_id=None,
    ),
    ModelCard(
        name="gpt-image-1.5",
        kind="generator",
        summary="OpenAI's image model; prompts are rewritten on the service's side and may be refused. No seed.",
        licence="proprietary service",
        prompt_limit=None,
    ),
    ModelCard(
        name="seedream-4",
        kind="generator",
        summary="ByteDance's Seedream 4, asked through Replicate. No seed.",
        licence="proprietary service",
    ),
    ModelCard(
        name="qwen-image@replicate",
        kind="generator",
        summary="Qwen-Image as Replicate serves it: open weights, but what its short-cut `go_fast` does to the model "
        "is not documented (not verified).",
        licence="Apache-2.0 (weights)",
        hub_id="Qwen/Qwen-Image",
        prompt_limit=512,
    ),
)

API_CARDS: dict[str, ModelCard] = {card.name: card for card in _CARDS}
"""Every card by its canonical name."""


def _fixed(**parameters: Any) -> Mapping[str, Any]:
    return MappingProxyType(parameters)


PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        # The scripts name no modalities; the service's own documentation asks for them.
        "nano-banana": {
            "paper": _fixed(),
            "matched": _fixed(modalities=["image", "text"], image_config={"aspect_ratio": "1:1"}),
        },
        # `moderation` low keeps refusals to what the service never draws; an opaque ground leaves nothing to composite.
        "gpt-image-1.5": {
            "paper": _fixed(size="1024x1024", quality="high"),
            "matched": _fixed(
                size="1024x1024", quality="high", moderation="low", background="opaque", output_format="png"
            ),
        },
        # Width and height are read at size "custom" alone, so the published 1024 have no effect.
        "seedream-4": {
            "paper": _fixed(
                size="1K",
                width=1024,
                height=1024,
                aspect_ratio="1:1",
                max_images=1,
                sequential_image_generation="disabled",
            ),
            "matched": _fixed(
                size="1K",
                aspect_ratio="1:1",
                max_images=1,
                sequential_image_generation="disabled",
                enhance_prompt=False,
            ),
        },
        "qwen-image@replicate": {
            "paper": _fixed(
                go_fast=True,
                guidance=4,
                num_inference_steps=50,
                output_format="png",
                aspect_ratio="1:1",
                image_size="optimize_for_quality",
                enhance_prompt=False,
            ),
            "matched": _fixed(
                go_fast=False,
                guidance=4,
                num_inference_steps=50,
                output_format="png",
                aspect_ratio="1:1",
                image_size="optimize_for_quality",
                enhance_prompt=False,
            ),
        },
    }
)
"""What is sent beside the prompt: by generator and preset, in each service's own words."""

GEMINI_PARAMETERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "paper": _fixed(),
        "matched": _fixed(responseModalities=["TEXT", "IMAGE"], imageConfig={"aspectRatio": "1:1"}),
    }
)
"""The same presets as nano-banana's, in the words of Google's own interface."""
