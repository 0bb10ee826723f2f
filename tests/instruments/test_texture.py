"""Sharpness, noise, banding, plateaus, blockiness, edges and entropy against known answers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from fauve.instruments import INSTRUMENTS, measure


def grey(plane: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(np.rint(plane), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("sigma", [2.0, 5.0, 12.0, 25.0])
def test_noise_finds_the_deviation_that_was_added(sigma: float) -> None:
    draw = np.random.default_rng(5)
    ramp = np.linspace(90, 160, 300)[None, :] + np.zeros((300, 1))
    noisy = grey(ramp + draw.normal(0, sigma, ramp.shape))
    # The lower quartile over blocks lies a little below the mean over the picture.
    assert INSTRUMENTS["noise"](noisy) == pytest.approx(sigma, rel=0.15)


def test_noise_does_not_count_texture_in_half_of_the_frame() -> None:
    plane = np.full((256, 256), 128.0)
    plane[:, 128:] += np.random.default_rng(3).normal(0, 40, (256, 128))
    assert INSTRUMENTS["noise"](grey(plane)) < 0.5


def blocks(side: int, size: int = 200) -> np.ndarray:
    """Sharp structure that is no noise: squares of random grey."""
    count = -(-size // side)
    return np.kron(np.random.default_rng(2).integers(20, 230, (count, count)), np.ones((side, side)))[:size, :size]


def test_sharpness_falls_with_every_blur() -> None:
    plane = blocks(12)
    readings = [INSTRUMENTS["sharpness"](grey(gaussian_filter(plane, s) if s else plane)) for s in (0, 1, 2, 4)]
    assert readings == sorted(readings, reverse=True)
    assert readings[0] - readings[-1] > 0.3


def test_grain_does_not_make_a_blurred_picture_sharp() -> None:
    plane = gaussian_filter(blocks(12), 4)
    grainy = plane + np.random.default_rng(1).normal(0, 12, plane.shape)
    read = INSTRUMENTS["sharpness"]
    assert read(grey(grainy)) < read(grey(plane)) + 0.5 * (read(grey(blocks(12))) - read(grey(plane)))


def test_a_constant_picture_is_not_sharp() -> None:
    assert INSTRUMENTS["sharpness"](grey(np.full((50, 50), 77.0))) == 0


def test_banding_is_one_for_a_staircase_and_zero_for_a_ramp() -> None:
    ramp = np.repeat(np.arange(0, 240, dtype=float)[None, :], 40, axis=0)
    assert INSTRUMENTS["banding"](grey(ramp)) == 0
    assert INSTRUMENTS["banding"](grey(ramp // 30 * 30)) == pytest.approx(1)


def test_plateaus_count_equal_neighbours_without_clipped_ones() -> None:
    # Along a row of 80 pixels, 9 of 79 neighbours straddle two blocks.
    assert INSTRUMENTS["plateaus"](grey(blocks(8, 80))) == pytest.approx(70 / 79, abs=0.02)
    assert INSTRUMENTS["plateaus"](grey(np.zeros((40, 40)))) == 0


def test_blockiness_rises_as_jpeg_quality_falls(pictures) -> None:
    readings = [INSTRUMENTS["blockiness"](pictures["astronaut"])]
    for quality in (60, 20, 5):
        buffer = io.BytesIO()
        Image.fromarray(pictures["astronaut"]).save(buffer, "JPEG", quality=quality)
        readings.append(INSTRUMENTS["blockiness"](np.asarray(Image.open(buffer))))
    assert readings == sorted(readings)
    assert readings[0] < 0.1
    assert readings[-1] > 1


def test_blockiness_finds_the_grid_at_any_phase() -> None:
    readings = [INSTRUMENTS["blockiness"](grey(blocks(8, 160)[shift:, shift:])) for shift in range(4)]
    assert min(readings) > 5


def test_entropy_of_equal_shares_of_tones() -> None:
    # Four lightness values in equal shares: two bits.
    plane = np.repeat(np.array([10, 80, 150, 240])[None, :], 64, axis=0).repeat(16, axis=1)
    assert INSTRUMENTS["entropy"](grey(plane)) == pytest.approx(2)


def test_edge_density_is_the_share_near_an_edge() -> None:
    plane = np.zeros((100, 100))
    plane[:, 50:] = 255
    # A central difference answers on both sides of the step.
    assert measure(grey(plane))["edge-density"] == pytest.approx(2 / 100)
