"""How much noise there is, and a picture without it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, uniform_filter

__all__ = ["noise_level", "quieten"]

Floats = NDArray[np.float32]

SECOND_DIFFERENCE = np.array([1, -2, 1], np.float32)
BLOCK = 8
WINDOW = 5


def noise_level(plane: Floats) -> float:
    """Standard deviation of noise in the units of ``plane`` (h, w), in its quietest quarter.

    Immerkær, Computer Vision and Image Understanding 1996: the mean absolute response to a difference of two
    Laplacians. Taking the lower quartile over 8-pixel blocks keeps fur, leaves and gravel out of the estimate.
    """
    # The mask is the outer product of two second differences: one pass down and one across.
    down = correlate1d(plane, SECOND_DIFFERENCE, axis=0, mode="reflect")
    response = np.abs(correlate1d(down, SECOND_DIFFERENCE, axis=1, mode="reflect"))
    h, w = response.shape[0] // BLOCK * BLOCK, response.shape[1] // BLOCK * BLOCK
    blocks = response[:h, :w].reshape(h // BLOCK, BLOCK, w // BLOCK, BLOCK).mean(axis=(1, 3))
    return float(np.sqrt(np.pi / 2) / 6 * np.quantile(blocks, 0.25))


def quieten(plane: Floats, noise: float) -> Floats:
    """``plane`` (h, w) with noise of that deviation taken out, edges kept.

    The local linear minimum-mean-square filter (Lee, IEEE PAMI 1980) over 5 x 5 pixels: the local mean where
    nothing but noise varies, the pixel itself where much more does.
    """
    mean = uniform_filter(plane, WINDOW, mode="reflect")
    variance = np.maximum(uniform_filter(plane**2, WINDOW, mode="reflect") - mean**2, 0)
    # A window's variance scatters around that of the noise, and noise is stronger outside the quietest quarter:
    # three times the estimate still passes for noise.
    signal = np.maximum(variance - 3 * noise**2, 0)
    quiet: Floats = mean + signal / np.maximum(variance, 1e-6) * (plane - mean)
    return quiet
