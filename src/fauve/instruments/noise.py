"""Noise: random variation from pixel to pixel that is no texture of the scene."""

from __future__ import annotations

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["NOISE"]


def noise(picture: Measured) -> float:
    """Standard deviation of noise in code values of 255, in the quietest quarter of the picture."""
    return picture.noise


NOISE = Instrument(
    name="noise",
    read=noise,
    unit="code values of 255",
    definition=(
        "Noise deviation from the mean absolute response to a difference of two Laplacians (Immerkær, Computer "
        "Vision and Image Understanding 1996), here in the lower quartile of 8-pixel blocks."
    ),
    dimension="detail refinement",
    direct=True,
    blind_to="noise that is coarser than a few pixels or was lost when the picture was scaled to working size",
    scale=SCALES["noise"],
)
