"""Broken form: solid things bend like rubber or run down like wax."""

from __future__ import annotations

import numpy as np

from fauve.stimuli.raster import grid, resample, smooth_field, smoothstep, to_picture
from fauve.stimuli.record import Effect, Picture

__all__ = ["MELT", "WARP", "melt", "warp"]

WARP_SCALE = 0.022
WARP_REACH = 0.019
"""Standard deviation of the displacement at strength 1, as a share of the longer side."""

DRIP_REACH = 0.27
"""Longest run of wax at strength 1, as a share of the height."""


def warp(image: Picture, strength: float, seed: int) -> Picture:
    """Bends the picture by a smooth random displacement, the same at every strength but for its size."""
    rows, cols = grid(image.shape)
    reach = WARP_REACH * strength * max(image.shape)
    down = smooth_field(image.shape, seed, WARP_SCALE, "warp", "rows")
    across = smooth_field(image.shape, seed, WARP_SCALE, "warp", "columns")
    return to_picture(resample(image.astype(np.float32), rows + reach * down, cols + reach * across))


def melt(image: Picture, strength: float, seed: int) -> Picture:
    """Lets the picture run downwards in strands: every column slides by its own amount, more towards the foot."""
    h, w = image.shape[:2]
    rows, cols = grid(image.shape)
    strands = (
        smooth_field((w, w), seed, 0.012, "melt", "strands")[0]
        + 0.9 * (smooth_field((w, w), seed, 0.05, "melt", "groups")[0])
    )
    run = smoothstep((strands + 1.2) / 3.2) ** 1.5
    onset = smoothstep((rows / h - 0.04) / 0.75)
    slide = DRIP_REACH * strength * h * run[None, :] * onset
    sway = 0.012 * strength * max(h, w) * smooth_field(image.shape, seed, 0.05, "melt", "sway")
    return to_picture(resample(image.astype(np.float32), rows - slide, cols + sway * onset))


WARP = Effect("warp", "detail realism", "with solid things bent and buckled like rubber", "contour-waviness", 1, warp)

MELT = Effect("melt", "detail realism", "melting, its forms running down like hot wax", "vertical-streaking", 1, melt)
