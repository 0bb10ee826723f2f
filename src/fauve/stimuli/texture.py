"""Coarse texture: grain, too few tones, too few pixels, too few bits."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from fauve.stimuli.raster import to_picture, white_noise
from fauve.stimuli.record import Effect, Floats, Picture

__all__ = ["COMPRESSION", "GRAIN", "PIXELATE", "POSTERISE", "compression", "grain", "pixelate", "posterise"]

GRAIN_SIGMA = 58.0
"""Standard deviation of the grain at strength 1 in mid-tones, in code values of 255."""

COARSEST_TONES = 3.0
LARGEST_BLOCK = 1 / 20
"""Side of a block at strength 1, as a share of the longer side."""


def grain(image: Picture, strength: float, seed: int) -> Picture:
    """Adds film grain: one fixed field of noise, strongest in the mid-tones, mostly grey, a little coloured."""
    common = white_noise(image.shape, seed, "grain")
    values = image.astype(np.float32)
    tone = values.mean(axis=2) / 255
    weight = GRAIN_SIGMA * strength * (0.45 + 2.2 * tone * (1 - tone))
    for channel in range(3):
        own = white_noise(image.shape, seed, "grain", "rgb"[channel])
        values[..., channel] += weight * (0.9 * common + 0.4 * own)
    return to_picture(values)


def posterise(image: Picture, strength: float, seed: int) -> Picture:
    """Leaves fewer and fewer tones per channel, from 256 down to three over the picture's own range."""
    dose = strength**0.6
    tones = 256.0 ** (1 - dose) * COARSEST_TONES**dose
    values = image.astype(np.float32)
    low, high = np.percentile(values, (2, 98))
    # A nearly plain picture still gets bands, and the middle level keeps its overall brightness.
    step, middle = max(float(high - low), 12.0) / (tones - 1), (low + high) / 2
    return to_picture(np.rint((values - middle) / step) * step + middle)


def pixelate(image: Picture, strength: float, seed: int) -> Picture:
    """Averages over square blocks whose side grows geometrically to a twentieth of the longer side."""
    side = max(1.0, (LARGEST_BLOCK * max(image.shape)) ** strength)
    values = image.astype(np.float32)
    return to_picture(_block_mean(_block_mean(values, side, axis=0), side, axis=1))


def compression(image: Picture, strength: float, seed: int) -> Picture:
    """A real JPEG round trip (4:2:0), with quality from 95 down to 1."""
    quality = max(1, round(95 * np.exp(-4.55 * strength)))
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(buffer) as decoded:
        return np.array(decoded.convert("RGB"))


def _block_mean(values: Floats, side: float, axis: int) -> Floats:
    n = values.shape[axis]
    label = np.floor(np.arange(n) / side).astype(np.intp)
    starts = np.flatnonzero(np.diff(label, prepend=-1))
    index = np.repeat(np.arange(len(starts)), np.diff(starts, append=n))
    sums = np.add.reduceat(values, starts, axis=axis)
    counts = np.diff(starts, append=n).astype(np.float32)
    means = sums / np.expand_dims(counts, tuple(i for i in range(values.ndim) if i != axis))
    return np.take(means, index, axis=axis)


GRAIN = Effect("grain", "detail refinement", "buried under coarse film grain", "noise", 1, grain)

POSTERISE = Effect(
    "posterise",
    "detail refinement",
    "posterised into a few crude bands of tone",
    "banding",
    1,
    posterise,
    seeded=False,
)

PIXELATE = Effect(
    "pixelate", "detail refinement", "pixelated into big square blocks", "plateaus", 1, pixelate, seeded=False
)

COMPRESSION = Effect(
    "compression",
    "detail refinement",
    "wrecked by heavy JPEG compression",
    "blockiness",
    1,
    compression,
    seeded=False,
)
