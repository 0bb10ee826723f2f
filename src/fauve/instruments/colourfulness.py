"""Colourfulness: how much colour there is and how varied it is."""

from __future__ import annotations

import numpy as np

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["COLOURFULNESS"]


def colourfulness(picture: Measured) -> float:
    """Spread plus 0.3 times the mean distance from grey in the opponent plane; 0 is grey, above 109 extreme."""
    red, green, blue = (picture.small_rgb[..., c].astype(np.float32) for c in range(3))
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


COLOURFULNESS = Instrument(
    name="colourfulness",
    read=colourfulness,
    unit="M3",
    definition=(
        "The opponent-colour measure fitted to observers' ratings of colourfulness (Hasler and Süsstrunk, SPIE Human "
        "Vision and Electronic Imaging 2003)."
    ),
    dimension="color aesthetic",
    direct=False,
    blind_to="whether the colours go together; a picture that is meant black-and-white reads as drained",
    scale=SCALES["colourfulness"],
)
