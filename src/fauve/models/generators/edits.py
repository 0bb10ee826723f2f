"""Starting from a picture: how it is fitted to the pipeline, and what its autoencoder alone makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ImageOps
from PIL.Image import Image, Resampling

__all__ = ["FITTING", "encode_decode", "fitted"]

FITTING = "cover, centre, Lanczos"
"""Name of what :func:`fitted` does; part of the settings."""


def fitted(image: Image, size: tuple[int, int]) -> Image:
    """The picture at ``size`` (width, height): scaled until it covers it, and cut to it around the centre."""
    return ImageOps.fit(image.convert("RGB"), size, Resampling.LANCZOS)


def encode_decode(pipe: Any, image: Image, size: tuple[int, int], generator: torch.Generator) -> NDArray[np.float32]:
    """The picture after the autoencoder alone, shape (height, width, 3), values 0 to 1: strength 0.

    The control of every edit: an autoencoder takes away noise and blur by itself, which is not the denoiser's doing.
    The latent is drawn as image to image draws it.
    """
    vae = pipe.vae
    upcast = vae.dtype == torch.float16 and bool(getattr(vae.config, "force_upcast", False))
    dtype = torch.float32 if upcast else vae.dtype
    pixels = pipe.image_processor.preprocess(fitted(image, size), height=size[1], width=size[0])
    video = type(vae).__name__ == "AutoencoderKLQwenImage"  # it takes a picture for a film of one frame
    pixels = pixels.to(pipe._execution_device, dtype)
    with torch.no_grad():
        try:
            if upcast:
                vae.to(dtype=dtype)
            latent = vae.encode(pixels.unsqueeze(2) if video else pixels).latent_dist
            drawn = latent.mode() if video else latent.sample(generator)
            decoded = vae.decode(drawn).sample
        finally:
            if upcast:
                vae.to(dtype=torch.float16)
    out = pipe.image_processor.postprocess(decoded[:, :, 0] if video else decoded, output_type="np")
    return np.asarray(out[0], dtype=np.float32)
