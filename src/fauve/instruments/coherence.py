"""Coherence of the layout: whether neighbouring regions have to do with each other."""

from __future__ import annotations

import numpy as np
from PIL import Image
from skimage.color import rgb2lab

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Floats, Measured

__all__ = ["LAYOUT_COHERENCE"]

BLOCKS = 20
"""Blocks along the longer side."""


def layout_coherence(picture: Measured) -> float:
    """Moran's I of the mean colours of blocks, rook neighbours, in about [-1, 1]; 1 if nothing varies."""
    colours = _block_colours(picture)
    centred = colours - colours.mean(axis=(0, 1))
    variance = float((centred**2).sum(axis=2).mean())
    if variance < 0.05:
        return 1.0
    down = (centred[1:] * centred[:-1]).sum(axis=2)
    across = (centred[:, 1:] * centred[:, :-1]).sum(axis=2)
    return float((down.sum() + across.sum()) / (down.size + across.size) / variance)


def _block_colours(picture: Measured) -> Floats:
    h, w = picture.rgb.shape[:2]
    scale = BLOCKS / max(h, w)
    size = (max(4, round(w * scale)), max(4, round(h * scale)))
    blocks = np.asarray(Image.fromarray(picture.rgb).resize(size, Image.Resampling.BOX))
    lab: Floats = rgb2lab(blocks)
    return lab


LAYOUT_COHERENCE = Instrument(
    name="layout-coherence",
    read=layout_coherence,
    unit="Moran's I",
    definition=(
        "Spatial autocorrelation of the mean L*a*b* colours of blocks, a twentieth of the longer side each, with their "
        "four neighbours (Moran, Biometrika 1950)."
    ),
    dimension="object pairing",
    direct=False,
    blind_to="what things are and whether they belong together; it only sees that colours lie in pieces",
    scale=SCALES["layout-coherence"],
)
