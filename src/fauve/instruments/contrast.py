"""Light and shadow: contrast on the whole, and the range of the light once detail is smoothed away."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["CONTRAST", "LIGHT_RANGE"]


def contrast(picture: Measured) -> float:
    """Standard deviation of gamma-coded luma on [0, 1]; at most 0.5."""
    return float(picture.luma.std() / 255)


def light_range(picture: Measured) -> float:
    """Distance between the 5 % and 95 % quantiles of L* after a blur of 4 % of the longer side, in [0, 100]."""
    lightness = picture.small_lab[..., 0]
    broad = gaussian_filter(lightness, 0.04 * max(lightness.shape), mode="reflect")
    low, high = np.percentile(broad, (5, 95))
    return float(high - low)


CONTRAST = Instrument(
    name="contrast",
    read=contrast,
    unit="standard deviation of luma",
    definition="Root-mean-square contrast of luma (Peli, Journal of the Optical Society of America A 1990).",
    dimension="lighting distinction",
    direct=False,
    blind_to="whether contrast comes from light or from the colour of things, as on a chessboard",
    scale=SCALES["contrast"],
)

LIGHT_RANGE = Instrument(
    name="light-range",
    read=light_range,
    unit="L*",
    definition=(
        "Range between the 5 % and 95 % quantiles of the low-frequency part of lightness, the part that Oh, Chen, "
        "Dorsey and Durand (SIGGRAPH 2001) attribute to illumination; range and quantiles are ours."
    ),
    dimension="lighting distinction",
    direct=False,
    blind_to="where the light comes from, and large dark or pale things under even light",
    scale=SCALES["light-range"],
)
