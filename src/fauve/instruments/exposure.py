"""Exposure: how bright the picture is on the whole, and how much of it is lost in black or white."""

from __future__ import annotations

import numpy as np

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["CLIPPING", "EXPOSURE"]

MIDDLE_GREY = 0.18
FLOOR = 2.0**-9
"""Below this luminance, nine stops under white, 8-bit codes no longer tell shades apart."""


def exposure(picture: Measured) -> float:
    """Log-average luminance in stops above (+) or below (−) middle grey, in [-6.6, 2.5]."""
    return float(np.log2(picture.luminance + FLOOR).mean() - np.log2(MIDDLE_GREY))


def clipping(picture: Measured) -> float:
    """Share of pixels whose L* is below 4 or above 98, in [0, 1]."""
    lightness = picture.lightness
    return float(((lightness < 4) | (lightness > 98)).mean())


EXPOSURE = Instrument(
    name="exposure",
    read=exposure,
    unit="stops from middle grey",
    definition=(
        "Log-average luminance in linear light against 18 % grey, the key of a scene (Reinhard, Stark, Shirley and "
        "Ferwerda, ACM Transactions on Graphics 2002); both too little and too much score low."
    ),
    dimension="color brightness",
    direct=True,
    blind_to="whether the scene itself is dark or white: a night sky and snow read like faults of exposure",
    scale=SCALES["exposure"],
)

CLIPPING = Instrument(
    name="clipping",
    read=clipping,
    unit="share of the frame",
    definition=(
        "Share of pixels in which shades can no longer be told apart, L* under 4 or over 98 (CIE 1976 lightness; "
        "the over- and under-exposed areas of Hasinoff, Durand and Freeman, CVPR 2010, as a share)."
    ),
    dimension="color brightness",
    direct=True,
    blind_to="whether black or white was meant, as in a silhouette or on white paper",
    scale=SCALES["clipping"],
)
