"""Sickly tint: how much dark yellow and yellow-green lies over the picture."""

from __future__ import annotations

import numpy as np

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["SICKLY_TINT"]

LEAST_LIKED_HUE = np.radians(112.0)
"""CIE Lab hue angle of olive and dark chartreuse."""


def sickly_tint(picture: Measured) -> float:
    """Mean part of chroma that points to olive, in units of a*b*; 0 where no colour leans that way.

    What leans away counts as nothing, so that a blue half does not excuse a bilious one.
    """
    lab = picture.small_lab
    along = lab[..., 1] * np.float32(np.cos(LEAST_LIKED_HUE)) + lab[..., 2] * np.float32(np.sin(LEAST_LIKED_HUE))
    across = lab[..., 2] * np.float32(np.cos(LEAST_LIKED_HUE)) - lab[..., 1] * np.float32(np.sin(LEAST_LIKED_HUE))
    # Orange and leaf green share a component with olive; only what lies nearer to olive than 45 degrees counts.
    return float(np.maximum(along - np.abs(across), 0).mean())


SICKLY_TINT = Instrument(
    name="sickly-tint",
    read=sickly_tint,
    unit="a*b*",
    definition=(
        "Mean chroma in the direction of olive, the hue that observers like least (Palmer and Schloss, PNAS 2010); "
        "the direction is theirs, the projection in CIE Lab is ours."
    ),
    dimension="color aesthetic",
    direct=False,
    blind_to="casts of other hues, and things that are rightly yellow-green, such as a meadow",
    scale=SCALES["sickly-tint"],
)
