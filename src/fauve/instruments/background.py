"""Background: how much there is to see towards the border of the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["BACKGROUND_DETAIL"]

BORDER = 0.15
"""Width of the border that stands for the background, as a share of each side."""


def background_detail(picture: Measured) -> float:
    """Mean lightness gradient in the outer border of the frame, in L* per pixel, on a logarithmic scale (log2).

    A floor of 0.05 L* per pixel stands for nothing at all: the lowest reading is about -4.3.
    """
    gradient = picture.gradient_magnitude
    return float(np.log2(gradient[_border(gradient.shape)].mean() + 0.05))


def _border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.ones(shape, dtype=bool)
    down, across = max(1, round(BORDER * shape[0])), max(1, round(BORDER * shape[1]))
    mask[down:-down, across:-across] = False
    return mask


BACKGROUND_DETAIL = Instrument(
    name="background-detail",
    read=background_detail,
    unit="log2 L* per pixel",
    definition=(
        "Mean gradient of lightness in the outer 15 % of the frame: the border prior for background (Wei, Wen, Zhu "
        "and Sun, ECCV 2012) with gradient energy as the measure of detail; the combination is ours."
    ),
    dimension="background",
    direct=False,
    blind_to="a subject that reaches the border, a background that is blurred on purpose, and whether it fits",
    scale=SCALES["background-detail"],
)
