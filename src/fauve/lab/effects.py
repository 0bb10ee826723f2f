"""What happens to a finished picture: light, exposure, focus and texture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fauve.keys import seed_from

__all__ = ["blurred", "coarsened", "exposed", "light_field", "noise_patch"]

Pixels = NDArray[np.float32]
_BANK, _SPECKS = 256, 64


@lru_cache(maxsize=1)
def _bank() -> Pixels:
    """One fixed field of grain, of which every picture takes a window of its own."""
    rng = np.random.Generator(np.random.PCG64(seed_from("fauve lab grain")))
    return rng.standard_normal((_BANK, _BANK)).astype(np.float32)


def noise_patch(row: float, column: float, n: int) -> Pixels:
    """An (n, n) window of the grain, chosen by two numbers in 0..1."""
    r, c = int(row * (_BANK - n)), int(column * (_BANK - n))
    return _bank()[r : r + n, c : c + n]


@lru_cache(maxsize=64)
def light_field(size: int, side: int, up: int, strength: float) -> Pixels:
    """How bright each pixel is under a light at a corner: (size, size, 1), at most 1.04."""
    x = (np.arange(size, dtype=np.float32) + 0.5) / size
    distance = np.hypot(x[None, :] - (0.5 + 0.5 * side), x[:, None] - (0.0 if up else 0.15))
    field = np.minimum(1.04, 1.0 + strength * (0.42 - distance))
    return np.asarray(field[:, :, None], dtype=np.float32)


def blurred(image: Image.Image, sigma: float, size: int) -> Image.Image:
    """Blur by ``sigma`` pixels (Pillow's three box filters) and bring to ``size``."""
    soft = image.filter(ImageFilter.GaussianBlur(sigma))
    return soft if image.width == size else soft.resize((size, size), Image.Resampling.BICUBIC)


@lru_cache(maxsize=8)
def _film(size: int) -> Pixels:
    """The bank of grain enlarged for pictures of ``size``, which see 64 of its specks a side."""
    side = _BANK * size // _SPECKS
    return np.asarray(Image.fromarray(_bank()).resize((side, side), Image.Resampling.BICUBIC))


def exposed(pixels: Pixels, level: int) -> Pixels:
    """Nearly black at level 0, dim at 1; a dark picture keeps a little of its blue."""
    if level == 2:
        return pixels
    gain = np.array([0.2, 0.205, 0.25] if level == 0 else [0.54, 0.55, 0.60], dtype=np.float32)
    return pixels * gain


def coarsened(pixels: Pixels, level: int, u: float, v: float, gain: float) -> Pixels:
    """Blocks and heavy grain at level 0, slight grain at 1; the grain scales with the picture."""
    size = pixels.shape[0]
    if level == 0:
        blocks = 32
        small = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).resize((blocks, blocks), Image.Resampling.BOX)
        rough = np.asarray(small, dtype=np.float32) + gain * 34 * noise_patch(u, v, blocks)[:, :, None]
        index = (np.arange(size) * blocks) // size
        return np.asarray(rough[index][:, index], dtype=np.float32)
    # Specks of film are soft, and as large a share of the picture at every size.
    film = _film(size)
    row, column = (int(w * (_BANK - _SPECKS)) * size // _SPECKS for w in (u, v))
    grain = film[row : row + size, column : column + size, None]
    return np.asarray(pixels + (gain * 16) * grain, dtype=np.float32)
