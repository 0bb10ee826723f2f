"""Tiny random Flux and SD3 pipelines, text to image and image to image on the same weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("diffusers")

import diffusers
import numpy as np
import torch
import transformers
from PIL import Image
from tests.models.generators.tiny_pipelines import SIDE, sd3_transformer, tiny_flux

torch.set_num_threads(1)

Draw = Callable[..., torch.Tensor]


@pytest.fixture(scope="session")
def tiny_flux_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_flux(tmp_path_factory.mktemp("flux") / "tiny-flux")


@pytest.fixture(scope="session")
def loaded_flux(tiny_flux_folder: Path) -> Any:
    return diffusers.FluxPipeline.from_pretrained(tiny_flux_folder)


@pytest.fixture
def flux(loaded_flux: Any) -> Any:
    """One of each test's own: tests swap its parts."""
    parts = {**loaded_flux.components, "transformer": copy.deepcopy(loaded_flux.transformer)}
    return _quiet(diffusers.FluxPipeline(**parts))


@pytest.fixture
def sd3(flux: Any) -> Any:
    """SD3.5 Medium in small: query and key norms, and an image-only attention in the first block."""
    torch.manual_seed(5)
    encoders = [transformers.CLIPTextModelWithProjection(_narrow(flux.text_encoder.config)) for _ in range(2)]
    transformer = sd3_transformer(num_layers=3, joint_attention_dim=32, pooled_projection_dim=32, pos_embed_max_size=32)
    with torch.no_grad():
        for weights in transformer.parameters():
            weights.add_(
                torch.randn(weights.shape) * (0.6 / max(weights[0].numel(), 1) ** 0.5 if weights.ndim > 1 else 0.05)
            )
    return _quiet(
        diffusers.StableDiffusion3Pipeline(
            transformer=transformer.eval(),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=flux.vae,
            text_encoder=encoders[0].eval(),
            tokenizer=flux.tokenizer,
            text_encoder_2=encoders[1].eval(),
            tokenizer_2=flux.tokenizer,
            text_encoder_3=flux.text_encoder_2,
            tokenizer_3=flux.tokenizer_2,
        )
    )


def _narrow(config: Any) -> Any:
    """Two of these side by side are as wide as the tiny T5."""
    return transformers.CLIPTextConfig(
        **{**config.to_dict(), "hidden_size": 16, "intermediate_size": 24, "projection_dim": 16}
    )


@pytest.fixture(params=["flux", "sd3"])
def pipe(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def image_to_image(pipe: Any) -> Any:
    kind = {"FluxPipeline": "FluxImg2ImgPipeline", "StableDiffusion3Pipeline": "StableDiffusion3Img2ImgPipeline"}
    return _quiet(getattr(diffusers, kind[type(pipe).__name__]).from_pipe(pipe))


@pytest.fixture
def picture() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def draw() -> Draw:
    """Latents of two steps from one seed; float32, so that two ways of computing them can be compared closely."""

    def make(pipe: Any, seed: int = 0, **arguments: Any) -> torch.Tensor:
        size = {"height": SIDE, "width": SIDE}
        given = {"num_inference_steps": 2, "guidance_scale": 3.5, "output_type": "latent", **size, **arguments}
        with torch.no_grad():
            return pipe(**given, generator=torch.Generator().manual_seed(seed)).images

    return make


def _quiet(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    return pipe
