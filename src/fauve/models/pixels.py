"""From a picture to the numbers that a model sees, exactly as its own code does it, with Pillow and torch alone.

The steps differ more than their names: a centre crop starts at the floor of half the margin in transformers and at the
half rounded to even in torchvision, which is one pixel apart for every fourth size; HPSv2 resizes floating-point values
where the others resize bytes. Every function converts to RGB first and returns float32. :data:`PIXELS` is part of every
scorer's settings.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

__all__ = [
    "CLIP_MEAN",
    "CLIP_STD",
    "PIXELS",
    "CentreRule",
    "centre_crop",
    "clip_pixels",
    "normalise",
    "padded_pixels",
    "qwen_patches",
    "qwen_size",
    "resize_shortest",
    "square_pixels",
    "unit_pixels",
]

PIXELS = "1"
"""Version of the functions below."""

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

Triple = tuple[float, float, float]
CentreRule = Literal["transformers", "torchvision"]


def unit_pixels(image: Image.Image) -> Tensor:
    """RGB values in [0, 1], shape (3, height, width)."""
    values = np.array(image.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(values).permute(2, 0, 1).contiguous().div_(255.0)


def normalise(pixels: Tensor, mean: Triple = CLIP_MEAN, std: Triple = CLIP_STD) -> Tensor:
    """``(pixels - mean) / std`` by channel, for pixels of shape (3, height, width)."""
    return (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


def resize_shortest(
    image: Image.Image, side: int, resample: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    """Shorter side to ``side`` pixels, the longer one in proportion, rounded down."""
    width, height = image.size
    size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    return image if size == image.size else image.resize(size, resample)


def centre_crop(image: Image.Image, side: int, centre: CentreRule = "transformers") -> Image.Image:
    """The middle ``side`` × ``side`` pixels; ``centre`` says whose rounding of the margin is meant."""
    left, top = (_margin(extent - side, centre) for extent in image.size)
    return image.crop((left, top, left + side, top + side))


def _margin(spare: int, centre: CentreRule) -> int:
    return spare // 2 if centre == "transformers" else round(spare / 2.0)


def clip_pixels(image: Image.Image, side: int = 224, *, centre: CentreRule = "transformers") -> Tensor:
    """CLIP: bicubic to the shortest side, centre crop, CLIP's mean and deviation. Shape (3, side, side).

    ``centre="torchvision"`` for what was written against OpenAI's ``clip`` package (HPS v1, ImageReward, LAION),
    ``"transformers"`` for what uses transformers' processors (PickScore, MPS, CLIP-L).
    """
    resized = resize_shortest(image.convert("RGB"), side)
    return normalise(unit_pixels(centre_crop(resized, side, centre)))


def square_pixels(
    image: Image.Image,
    side: int,
    *,
    resample: Image.Resampling = Image.Resampling.BICUBIC,
    mean: Triple = CLIP_MEAN,
    std: Triple = CLIP_STD,
) -> Tensor:
    """BLIP, SigLIP: both sides to ``side``, proportions not kept. Shape (3, side, side)."""
    rgb = image.convert("RGB")
    resized = rgb if rgb.size == (side, side) else rgb.resize((side, side), resample)
    return normalise(unit_pixels(resized), mean, std)


def padded_pixels(image: Image.Image, side: int = 224, *, antialias: bool = True) -> Tensor:
    """HPSv2: longest side to ``side``, black around the rest, CLIP's mean and deviation. Shape (3, side, side).

    The resize is bicubic on floating-point values, which may leave [0, 1] and are not clamped; the padding is made
    before the normalisation, so it is black and not grey. ``antialias=False`` is what torchvision up to 0.16 did.
    """
    pixels = unit_pixels(image)
    height, width = pixels.shape[1:]
    scale = side / max(height, width)
    if scale != 1.0:
        # a picture thinner than one part in 448 would otherwise have no pixels left
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        pixels = functional.interpolate(pixels[None], size, mode="bicubic", align_corners=False, antialias=antialias)[0]
    spare_height, spare_width = side - pixels.shape[1], side - pixels.shape[2]
    top, left = spare_height // 2, spare_width // 2
    pixels = functional.pad(pixels, (left, spare_width - left, top, spare_height - top))
    return normalise(pixels)


def qwen_size(
    height: int, width: int, *, factor: int = 28, min_pixels: int = 200_704, max_pixels: int = 200_704
) -> tuple[int, int]:
    """Height and width, multiples of ``factor``, of about the wanted number of pixels, proportions nearly kept.

    The defaults are HPSv3's, where both bounds are 448 × 448.
    """
    new_height = max(factor, round(height / factor) * factor)
    new_width = max(factor, round(width / factor) * factor)
    if new_height * new_width > max_pixels:
        beta = math.sqrt(height * width / max_pixels)
        new_height = max(factor, math.floor(height / beta / factor) * factor)
        new_width = max(factor, math.floor(width / beta / factor) * factor)
    elif new_height * new_width < min_pixels:
        beta = math.sqrt(min_pixels / (height * width))
        new_height = math.ceil(height * beta / factor) * factor
        new_width = math.ceil(width * beta / factor) * factor
    return new_height, new_width


def qwen_patches(image: Image.Image, *, patch: int = 14, merge: int = 2) -> tuple[Tensor, tuple[int, int, int]]:
    """Qwen2-VL's patches of one image, resized as HPSv3 does it, and its grid (1, rows, columns).

    Shape (rows × columns, 3 × 2 × patch × patch): the frame stands twice, as a film of two frames; patches are in
    the order of the ``merge`` × ``merge`` groups that become one token.
    """
    rgb = image.convert("RGB")
    height, width = qwen_size(rgb.height, rgb.width, factor=patch * merge)
    pixels = normalise(unit_pixels(rgb.resize((width, height), Image.Resampling.BICUBIC)))
    rows, columns = height // patch, width // patch
    groups = pixels.reshape(3, rows // merge, merge, patch, columns // merge, merge, patch)
    # (row group, column group, row in it, column in it, channel, y, x)
    ordered = groups.permute(1, 4, 2, 5, 0, 3, 6)
    doubled = ordered.unsqueeze(5).expand(-1, -1, -1, -1, -1, 2, -1, -1)
    return doubled.reshape(rows * columns, 3 * 2 * patch * patch).contiguous(), (1, rows, columns)
