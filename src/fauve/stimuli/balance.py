"""Lost balance: a tilted frame whose whole weight of dark lies on one side."""

from __future__ import annotations

import numpy as np

from fauve.stimuli.raster import grid, linear, resample, smoothstep, to_picture, unlinear
from fauve.stimuli.record import Effect, Picture

__all__ = ["LOPSIDED", "lopsided"]

TILT = np.radians(11.0)
SHADE_STOPS = 5.0


def lopsided(image: Picture, strength: float, seed: int) -> Picture:
    """Tilts the frame and lets its darker half sink into shade.

    The side is the picture's own heavier one, so that the shade adds to an imbalance and never evens one out.
    """
    side = _heavier_side(image)
    tilted = linear(_tilt(image, side * TILT * strength))
    cols = grid(image.shape)[1]
    position = (cols + 0.5) / image.shape[1] * 2 - 1
    shade = smoothstep((position * side + 0.45) / 1.25)
    return unlinear(tilted * 2.0 ** (-SHADE_STOPS * strength * shade)[..., None])


def _heavier_side(image: Picture) -> int:
    """1 if the weight of dark lies right of the middle, -1 if left, by the first moment of code values."""
    columns = image.mean(axis=(0, 2))
    return 1 if float(columns @ np.linspace(-1, 1, len(columns))) <= 0 else -1


def _tilt(image: Picture, angle: float) -> Picture:
    """Turns about the middle, enlarged just so much that no corner is empty."""
    h, w = image.shape[:2]
    rows, cols = grid(image.shape)
    zoom = np.cos(angle) + abs(np.sin(angle)) * max(h, w) / min(h, w)
    y, x = (rows - (h - 1) / 2) / zoom, (cols - (w - 1) / 2) / zoom
    source_y = np.cos(angle) * y - np.sin(angle) * x + (h - 1) / 2
    source_x = np.sin(angle) * y + np.cos(angle) * x + (w - 1) / 2
    return to_picture(resample(image.astype(np.float32), source_y.astype(np.float32), source_x.astype(np.float32)))


LOPSIDED = Effect(
    "lopsided",
    "symmetry",
    "tilted and lopsided, all its weight sunk to one side",
    "mirror-symmetry",
    -1,
    lopsided,
    seeded=False,
)
