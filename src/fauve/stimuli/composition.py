"""A subject that has lost its place: small, and pushed into a corner of an empty frame."""

from __future__ import annotations

import numpy as np

from fauve.stimuli.raster import blur, grid, mix, resize, smoothstep, to_picture, white_noise
from fauve.stimuli.record import Effect, Floats, Picture
from fauve.stimuli.subject import subject_centre

__all__ = ["PUSHED_ASIDE", "pushed_aside"]

SMALLEST = 0.24
"""Side of the picture at strength 1, as a share of its own side."""

INSET = 0.10
"""Where in the vacated room the picture goes, from the nearest border: 0 would be flush with it."""


def pushed_aside(image: Picture, strength: float, seed: int) -> Picture:
    """Shrinks the picture towards a corner and continues its border into the vacated frame.

    The corner is the one towards which the subject leans already: pushed the other way it would first be centred.
    """
    h, w = image.shape[:2]
    at_y, at_x = subject_centre(image)
    down, across = (1 - INSET if at > 0.5 else INSET for at in (at_y, at_x))
    scale = SMALLEST**strength
    small_h, small_w = max(8, round(h * scale)), max(8, round(w * scale))
    top, left = round((h - small_h) * down), round((w - small_w) * across)
    small = resize(image, small_h, small_w).astype(np.float32)
    canvas = _surround(small, (h, w), top, left, seed)
    edge = _feather((h, w), (small_h, small_w), top, left)
    placed = canvas.copy()
    placed[top : top + small_h, left : left + small_w] = small
    return to_picture(mix(canvas, placed, edge[..., None]))


def _surround(small: Floats, shape: tuple[int, int], top: int, left: int, seed: int) -> Floats:
    """The frame filled from the small picture's border, the softer the farther away."""
    h, w = shape
    small_h, small_w = small.shape[:2]
    pads = ((top, h - top - small_h), (left, w - left - small_w), (0, 0))
    repeated = np.pad(small, pads, mode="symmetric")
    rows, cols = grid(shape)
    away = np.hypot(
        np.maximum(np.maximum(top - rows, rows - (top + small_h - 1)), 0),
        np.maximum(np.maximum(left - cols, cols - (left + small_w - 1)), 0),
    )
    side = max(h, w)
    near = blur(repeated, 0.02 * side)
    # Mirrored content would tile the frame; farther out only the border's own tones go on, and then their mean.
    far = blur(np.pad(small, pads, mode="edge"), 0.09 * side)
    rim = np.concatenate([small[[0, -1]].reshape(-1, 3), small[:, [0, -1]].reshape(-1, 3)])
    filled = mix(repeated, near, smoothstep(away / (0.02 * side))[..., None])
    filled = mix(filled, far, smoothstep(away / (0.08 * side))[..., None])
    filled = mix(filled, np.median(rim, axis=0).astype(np.float32), 0.7 * smoothstep(away / (0.5 * side))[..., None])
    texture = white_noise(shape, seed, "surround")[..., None]
    return filled + 1.2 * texture * smoothstep(away / (0.05 * side))[..., None]


def _feather(shape: tuple[int, int], inner: tuple[int, int], top: int, left: int) -> Floats:
    """1 inside the small picture, falling to 0 over its outermost twelfth, but not at the frame's own border."""
    rows, cols = grid(shape)
    soft_h, soft_w = max(2.0, inner[0] / 12), max(2.0, inner[1] / 12)
    h, w = shape

    def ramp(distance: Floats, soft: float, touches: bool) -> Floats:
        return np.ones_like(distance) if touches else smoothstep(distance / np.float32(soft))

    above = ramp(rows - top + 1, soft_h, top == 0)
    below = ramp(top + inner[0] - rows, soft_h, top + inner[0] == h)
    before = ramp(cols - left + 1, soft_w, left == 0)
    after = ramp(left + inner[1] - cols, soft_w, left + inner[1] == w)
    return above * below * before * after


PUSHED_ASIDE = Effect(
    "pushed-aside",
    "main object",
    "with its subject tiny and pushed into a corner",
    "subject-offset",
    1,
    pushed_aside,
)
