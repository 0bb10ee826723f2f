"""Towards nothing: the whole frame emptied, or only what surrounds the subject."""

from __future__ import annotations

import numpy as np

from fauve.stimuli.raster import blur, grid, lab, mix, smooth_field, smoothstep, unlab, white_noise
from fauve.stimuli.record import Effect, Floats, Picture
from fauve.stimuli.subject import subject_centre, subject_mask

__all__ = ["EMPTIED", "WIPED_BACKGROUND", "emptied", "wiped_background"]

LEFT_OVER = 0.06
"""Share of the frame that is left at strength 1."""

FEATHER = 0.18
"""Share of the frame over which the picture passes into the backdrop."""


def emptied(image: Picture, strength: float, seed: int) -> Picture:
    """Covers the picture with its own bare backdrop, from the border inwards, until a small rest is left.

    The order in which places vanish is fixed: distance from the subject, made uneven by a smooth field.
    """
    values = lab(image)
    h, w = image.shape[:2]
    rows, cols = grid(image.shape)
    at_y, at_x = subject_centre(image)
    away = np.hypot((rows + 0.5) / h - at_y, (cols + 0.5) / w - at_x).astype(np.float32)
    order = _rank(away + 0.05 * smooth_field(image.shape, seed, 0.05, "emptied"))
    # The feather starts outside the frame, so that a weak effect takes its first bite softly.
    share = (1 + FEATHER / 2) * (1 - strength) + LEFT_OVER * strength
    feather = min(FEATHER, 0.7 * share)
    keep = smoothstep((share - order) / feather + 0.5)
    return unlab(mix(_backdrop(values, image.shape, seed), values, keep[..., None]))


def wiped_background(image: Picture, strength: float, seed: int) -> Picture:
    """Smears everything around the subject into a dull, muddy wash; the subject is left as it is."""
    values = lab(image)
    side = max(image.shape)
    wash = _wash(values, strength, side)
    keep = subject_mask(image)
    return unlab(mix(wash, values, keep[..., None]))


def _wash(values: Floats, strength: float, side: int) -> Floats:
    smear = blur(values, max(0.3, 0.085 * strength * side))
    mud = np.array([46.0, 1.0, 6.0], np.float32)
    return mix(mix(values, smear, min(1.0, 4 * strength)), mud, 0.72 * strength)


def _backdrop(values: Floats, shape: tuple[int, ...], seed: int) -> Floats:
    """A bare backdrop in the picture's own tone: its border colour, hardly lit from one side, hardly textured."""
    rows, cols = grid(shape)
    h, w = shape[:2]
    rim = np.minimum(np.minimum(rows, h - 1 - rows) / h, np.minimum(cols, w - 1 - cols) / w) < 0.12
    tone = np.median(values[rim], axis=0).astype(np.float32)
    tone[0] = np.clip(tone[0], 18, 88)
    tone[1:] *= 0.7
    backdrop = np.broadcast_to(tone, values.shape).copy()
    backdrop[..., 0] += 3.0 * (0.5 - rows / h) + 0.35 * white_noise(shape, seed, "backdrop")
    return backdrop


def _rank(values: Floats) -> Floats:
    order = np.argsort(values, axis=None, kind="stable")
    ranks = np.empty(values.size, np.float32)
    ranks[order] = np.arange(values.size, dtype=np.float32) / values.size
    return ranks.reshape(values.shape)


EMPTIED = Effect("emptied", "richness", "with the frame almost empty", "edge-density", -1, emptied)

WIPED_BACKGROUND = Effect(
    "wiped-background",
    "background",
    "with the background wiped out into a dull, empty smear",
    "background-detail",
    -1,
    wiped_background,
    seeded=False,
)
