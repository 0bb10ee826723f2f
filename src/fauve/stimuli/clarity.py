"""Loss of clarity: a lens out of focus, a camera that moves. Both blur light, not code values, as optics do."""

from __future__ import annotations

import numpy as np

from fauve.keys import seed_from
from fauve.stimuli.raster import convolve, linear, unlinear
from fauve.stimuli.record import Effect, Floats, Picture

__all__ = ["DEFOCUS", "MOTION_BLUR", "defocus", "motion_blur"]

DISC_RADIUS = 0.035
"""Radius of the circle of confusion at strength 1, as a share of the longer side."""

SHAKE_LENGTH = 0.11
"""Length of the path of the camera at strength 1, as a share of the longer side."""


def defocus(image: Picture, strength: float, seed: int) -> Picture:
    """Blur by a uniform disc, the image of a point through an open lens that is focused elsewhere."""
    radius = DISC_RADIUS * strength * max(image.shape)
    return unlinear(convolve(linear(image), _disc(radius)))


def motion_blur(image: Picture, strength: float, seed: int) -> Picture:
    """Blur along a slightly bent path, as an unsteady hand draws it; the seed turns and bends the path."""
    length = SHAKE_LENGTH * strength * max(image.shape)
    return unlinear(convolve(linear(image), _path(length, seed)))


def _disc(radius: float) -> Floats:
    """A disc with an edge one pixel soft, so that its area grows smoothly with the radius."""
    reach = int(np.ceil(radius + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _path(length: float, seed: int) -> Floats:
    draw = np.random.default_rng(seed_from("stimulus", seed, "camera shake"))
    angle, bend = draw.uniform(0, np.pi), draw.uniform(-0.35, 0.35)
    along = np.linspace(-0.5, 0.5, 8 * int(np.ceil(length)) + 9)
    across = bend * (along**2 - 1 / 12)
    x = length * (along * np.cos(angle) - across * np.sin(angle))
    y = length * (along * np.sin(angle) + across * np.cos(angle))
    reach = int(np.ceil(max(np.abs(x).max(), np.abs(y).max()))) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - left, y - top
    for dx, dy, weight in ((0, 0, (1 - fx) * (1 - fy)), (1, 0, fx * (1 - fy)), (0, 1, (1 - fx) * fy), (1, 1, fx * fy)):
        np.add.at(kernel, (top + dy + reach, left + dx + reach), weight)
    return np.asarray(kernel / kernel.sum(), np.float32)


DEFOCUS = Effect("defocus", "clarity", "badly out of focus", "sharpness", -1, defocus, seeded=False)

MOTION_BLUR = Effect(
    "motion-blur", "clarity", "smeared by a camera that was shaken during the exposure", "sharpness", -1, motion_blur
)
