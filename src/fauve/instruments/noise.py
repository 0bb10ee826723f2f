"""Noise: random variation from pixel to pixel that is no texture of the scene."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import convolve

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Floats, Measured

__all__ = ["NOISE"]

DIFFERENCE_OF_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
BLOCK = 8


def noise(picture: Measured) -> float:
    """Standard deviation of noise in code values of 255, in the quietest quarter of the picture.

    Taking the lower quartile over 8-pixel blocks keeps fur, leaves and gravel out of the estimate.
    """
    response = np.abs(convolve(picture.luma, DIFFERENCE_OF_LAPLACIANS, mode="reflect"))
    return float(np.sqrt(np.pi / 2) / 6 * np.quantile(_block_means(response), 0.25))


def _block_means(values: Floats) -> Floats:
    h, w = values.shape[0] // BLOCK * BLOCK, values.shape[1] // BLOCK * BLOCK
    means: Floats = values[:h, :w].reshape(h // BLOCK, BLOCK, w // BLOCK, BLOCK).mean(axis=(1, 3))
    return means


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
