from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import convolve

from fauve.instruments.denoise import noise_level, quieten


def published(plane: np.ndarray) -> np.ndarray:
    """Absolute response to the mask that Immerkær printed."""
    return np.abs(convolve(plane, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32), mode="reflect"))


@pytest.mark.parametrize("sd", [0.5, 3.0, 12.0])
def test_the_deviation_of_noise_on_a_slope_is_found(sd: float) -> None:
    rng = np.random.default_rng(0)
    down, across = np.mgrid[:240, :320].astype(np.float32)
    plane = 0.2 * down + 0.1 * across + rng.normal(0, sd, (240, 320)).astype(np.float32)
    # the lower quartile of blocks lies a little under their mean
    assert sd * 0.85 < noise_level(plane) < sd * 1.05


def test_two_passes_are_the_published_mask() -> None:
    plane = np.random.default_rng(1).uniform(0, 255, (64, 80)).astype(np.float32)
    blocks = published(plane).reshape(8, 8, 10, 8).mean(axis=(1, 3))
    assert noise_level(plane) == pytest.approx(np.sqrt(np.pi / 2) / 6 * np.quantile(blocks, 0.25), rel=1e-5)


def test_quietening_takes_noise_and_keeps_an_edge() -> None:
    rng = np.random.default_rng(2)
    edge = np.where(np.arange(64) < 32, 20.0, 80.0).astype(np.float32) * np.ones((64, 1), np.float32)
    noisy = edge + rng.normal(0, 2, edge.shape).astype(np.float32)
    quiet = quieten(noisy, 2.0)
    flat = np.r_[5:28, 37:60]
    assert (quiet - edge)[:, flat].std() < 0.6 * (noisy - edge)[:, flat].std()
    assert abs(float((quiet[:, 32] - quiet[:, 31]).mean()) - 60) < 3
