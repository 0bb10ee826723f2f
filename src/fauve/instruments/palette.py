"""Discord of the palette: colours that are far apart, and hues that fit no harmonic arrangement of the wheel."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Floats, Measured

__all__ = ["HUE_DISHARMONY", "PALETTE_DISCORD", "TEMPLATES", "chromatic_harmony"]

TEMPLATES: dict[str, tuple[tuple[float, float], ...]] = {
    "i": ((0, 18.0),),
    "V": ((0, 93.6),),
    "L": ((0, 18.0), (90, 79.2)),
    "mirrored L": ((0, 18.0), (-90, 79.2)),
    "I": ((0, 18.0), (180, 18.0)),
    "T": ((0, 180.0),),
    "Y": ((0, 93.6), (180, 18.0)),
    "X": ((0, 93.6), (180, 93.6)),
}
"""Harmonic templates after Matsuda: sectors of the hue wheel as (centre, width) in degrees."""

HUES = 72

REACHES = ((0, 0.1), (0.1, 0), (0.1, 0.1), (0, 0.3), (0.3, 0))
"""Steps (down, across), as shares of the longer side, between the places whose colours are compared."""


def chromatic_harmony(first: Floats, second: Floats) -> Floats:
    """Chromatic effect H_C of two-colour harmony for colours (..., 2) in a*b*: 0.39 for equal ones, down to -0.49."""
    chroma = np.hypot(first[..., 0], first[..., 1]) - np.hypot(second[..., 0], second[..., 1])
    hue_squared = np.maximum(((first - second) ** 2).sum(axis=-1) - chroma**2, 0)
    harmony: Floats = 0.04 + 0.53 * np.tanh(0.8 - 0.045 * np.sqrt(hue_squared + (chroma / 1.46) ** 2))
    return harmony


def palette_discord(picture: Measured) -> float:
    """Mean loss of chromatic harmony between places a tenth and a third of the frame apart, in [0, 0.88]."""
    plane = picture.small_lab[..., 1:]
    h, w = plane.shape[:2]
    means = []
    for down, across in REACHES:
        dy, dx = min(round(down * max(h, w)), h - 1), min(round(across * max(h, w)), w - 1)
        means.append(float(chromatic_harmony(plane[: h - dy, : w - dx], plane[dy:, dx:]).mean()))
    return float(chromatic_harmony(np.zeros(2, np.float32), np.zeros(2, np.float32))) - float(np.mean(means))


def hue_disharmony(picture: Measured) -> float:
    """Degrees from the nearest harmonic sector, weighted by saturation, averaged over pixels; best template.

    0 for a grey or single-hued picture; a saturated picture with all hues alike reaches about 10.
    """
    hue, saturation = picture.hsv
    # Hue means nothing in the dark: black pixels of any saturation must not vote.
    weight = saturation * (picture.small_rgb.max(axis=2) > 25)
    slot = np.minimum((hue * (HUES / 360)).astype(np.intp), HUES - 1)
    votes = np.bincount(slot.ravel(), weights=weight.ravel(), minlength=HUES) / hue.size
    return float((_distances() @ votes).min())


@cache
def _distances() -> NDArray[np.float64]:
    """Degrees of every hue to every rotated template, (templates x rotations, hues)."""
    hues = (np.arange(HUES) + 0.5) * 360 / HUES
    rows = []
    for sectors in TEMPLATES.values():
        for turn in np.arange(HUES) * 360 / HUES:
            rows.append(np.min([_outside(hues, centre + turn, width) for centre, width in sectors], axis=0))
    return np.array(rows)


def _outside(hues: NDArray[np.float64], centre: float, width: float) -> NDArray[np.float64]:
    around = np.abs((hues - centre + 180) % 360 - 180)
    return np.maximum(around - width / 2, 0)


PALETTE_DISCORD = Instrument(
    name="palette-discord",
    read=palette_discord,
    unit="loss of harmony",
    definition=(
        "Mean of the chromatic effect in the two-colour harmony model of Ou and Luo (Color Research and Application "
        "2006) over pairs of places across the frame, as the loss against equal colours."
    ),
    dimension="color aesthetic",
    direct=False,
    blind_to="what the colours are on, and liking for bold contrasts: an orange flower on green reads as discord",
    scale=SCALES["palette-discord"],
)

HUE_DISHARMONY = Instrument(
    name="hue-disharmony",
    read=hue_disharmony,
    unit="saturation-weighted degrees",
    definition=(
        "Mean angular distance of hues from the best of eight rotated harmonic templates, weighted by saturation "
        "(Cohen-Or, Sorkine, Gal, Leyvand and Xu, SIGGRAPH 2006, with the templates of Matsuda 1995)."
    ),
    dimension="color aesthetic",
    direct=False,
    blind_to="which colours touch, what they are on, and liking for a palette that breaks the rule",
    scale=SCALES["hue-disharmony"],
)
