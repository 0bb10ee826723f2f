"""Spoiled colour: hues set against each other, a sickly cast, and colour that has drained away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.keys import seed_from
from fauve.stimuli.raster import lab, mix, smooth_field, unlab
from fauve.stimuli.record import Effect, Floats, Picture

__all__ = ["CLASHING_HUES", "FADING", "SICKLY_CAST", "clashing_hues", "fading", "sickly_cast"]

CLASH_COLOURS = np.array([[255, 0, 30], [190, 235, 0], [0, 235, 120], [0, 120, 255], [225, 0, 255]], np.uint8).reshape(
    5, 1, 3
)
"""Loud colours a fifth of the hue wheel apart: no harmonic template holds all of them."""

CLASH_CHROMA = 68.0
SICKLY = np.array([-17.0, 44.0], np.float32)
"""a*, b* of bile: greenish yellow."""


def clashing_hues(image: Picture, strength: float, seed: int) -> Picture:
    """Gives every band of tones its own loud hue, neighbouring bands far apart on the wheel.

    Bands are of equal area and are bent by a smooth random field, so that even a nearly grey picture gets
    regions that fight; chroma is taken towards one high value and lightness is kept.
    """
    values = lab(image)
    tone = _rank(values[..., 0] + 9 * smooth_field(image.shape, seed, 0.09, "clash"))
    band = np.minimum((tone * len(CLASH_COLOURS)).astype(np.intp), len(CLASH_COLOURS) - 1)
    draw = np.random.default_rng(seed_from("stimulus", seed, "clash order"))
    target = _loudest(values[..., 1:], band, draw.permutation(len(CLASH_COLOURS)))
    values[..., 1:] = mix(values[..., 1:], target, 0.95 * strength)
    return unlab(values)


def _loudest(chroma: Floats, band: NDArray[np.intp], order: NDArray[np.intp]) -> Floats:
    """Target (a*, b*) per pixel: of the rotations of the seed's order, the one that agrees best with the picture.

    A picture whose own colours are at odds with the new ones would pass through grey on its way to them.
    """
    plane = lab(CLASH_COLOURS)[:, 0, 1:]
    wheel = CLASH_CHROMA * plane / np.linalg.norm(plane, axis=1, keepdims=True)
    centred = chroma - chroma.mean(axis=(0, 1))
    sums = np.stack([np.bincount(band.ravel(), centred[..., c].ravel(), len(order)) for c in (0, 1)], axis=1)
    turns = [wheel[np.roll(order, turn)] for turn in range(len(order))]
    best: Floats = max(turns, key=lambda colours: float((colours * sums).sum()))[band]
    return best


def sickly_cast(image: Picture, strength: float, seed: int) -> Picture:
    """Pulls every colour towards a bilious yellow-green, keeping a rest of its own."""
    values = lab(image)
    # A cast fades out in the deepest shadows and the brightest lights, as a dye or a bad lamp does.
    room = np.clip(values[..., :1] / 22, 0.15, 1) * np.clip((112 - values[..., :1]) / 24, 0.3, 1)
    target = SICKLY * room + 0.22 * values[..., 1:]
    values[..., 1:] = mix(values[..., 1:], target, 0.95 * strength)
    values[..., 0] *= np.float32(1 - 0.08 * strength)
    return unlab(values)


def fading(image: Picture, strength: float, seed: int) -> Picture:
    """Drains the colour and lifts the blacks, as a print does that hung in the sun for years."""
    values = lab(image)
    values[..., 1:] *= np.float32(1 - 0.93 * strength)
    values[..., 0] = mix(values[..., 0], 34 + 0.56 * values[..., 0], 0.9 * strength)
    return unlab(values)


def _rank(values: Floats) -> Floats:
    """Ranks in [0, 1): bands of equal area whatever the histogram."""
    order = np.argsort(values, axis=None, kind="stable")
    ranks = np.empty(values.size, np.float32)
    ranks[order] = np.arange(values.size, dtype=np.float32) / values.size
    return ranks.reshape(values.shape)


CLASHING_HUES = Effect(
    "clashing-hues",
    "color aesthetic",
    "in garish colours that clash with each other",
    "palette-discord",
    1,
    clashing_hues,
)

SICKLY_CAST = Effect(
    "sickly-cast",
    "color aesthetic",
    "under a sickly yellow-green cast",
    "sickly-tint",
    1,
    sickly_cast,
    seeded=False,
)

FADING = Effect(
    "fading",
    "color aesthetic",
    "faded, with the colour drained out of it",
    "colourfulness",
    -1,
    fading,
    seeded=False,
)
