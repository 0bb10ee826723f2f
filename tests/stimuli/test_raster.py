from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2lab

from fauve.stimuli.raster import (
    blur,
    convolve,
    grid,
    lab,
    linear,
    resample,
    smooth_field,
    to_picture,
    unlab,
    unlinear,
    white_noise,
)


def test_light_and_lab_come_back_exactly() -> None:
    ramp = np.arange(256, dtype=np.uint8)
    image = np.stack([ramp, ramp[::-1], np.roll(ramp, 77)], axis=-1)[None].repeat(4, axis=0)
    np.testing.assert_array_equal(unlinear(linear(image)), image)
    np.testing.assert_array_equal(unlab(lab(image)), image)
    np.testing.assert_allclose(lab(image), rgb2lab(image), atol=2e-3)


def test_middle_grey_is_18_percent_of_the_light() -> None:
    assert linear(np.array([[[118, 118, 118]]], np.uint8))[0, 0, 0] == pytest.approx(0.18, abs=0.002)


def test_blur_agrees_with_scipy() -> None:
    image = np.random.default_rng(1).random((60, 90, 3), np.float32)
    for sigma in (2.0, 6.0):
        expected = gaussian_filter(image, (sigma, sigma, 0), mode="reflect", truncate=8)
        np.testing.assert_allclose(blur(image, sigma), expected, atol=2e-3)


def test_convolution_agrees_with_a_shift() -> None:
    image = np.random.default_rng(1).random((30, 40, 3), np.float32)
    kernel = np.zeros((5, 5), np.float32)
    kernel[2, 4] = 1
    shifted = convolve(image, kernel)
    np.testing.assert_allclose(shifted[:, 2:], image[:, :-2], atol=1e-5)


def test_resampling_at_the_pixels_is_the_picture() -> None:
    image = np.random.default_rng(1).random((30, 40, 3), np.float32)
    rows, cols = grid(image.shape)
    np.testing.assert_array_equal(resample(image, rows, cols), image)
    np.testing.assert_allclose(resample(image, rows, cols - 0.5)[:, 1:], (image[:, 1:] + image[:, :-1]) / 2, atol=1e-6)


def test_fields_are_standard_and_repeat() -> None:
    field = smooth_field((384, 256), 3, 0.03, "a")
    assert field.mean() == pytest.approx(0, abs=1e-3)
    assert field.std() == pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(field, smooth_field((384, 256), 3, 0.03, "a"))
    assert np.abs(np.corrcoef(field.ravel(), smooth_field((384, 256), 3, 0.03, "b").ravel())[0, 1]) < 0.3


def test_a_field_has_the_same_pattern_at_another_size() -> None:
    small, large = smooth_field((384, 256), 3, 0.03, "a"), smooth_field((768, 512), 3, 0.03, "a")
    assert np.corrcoef(small.ravel(), large[::2, ::2].ravel())[0, 1] > 0.98
    assert white_noise((768, 512), 1).shape == (768, 512)


def test_rounding_clips() -> None:
    values = np.array([[[-4.0, 127.4, 300.0]]], np.float32)
    np.testing.assert_array_equal(to_picture(values), [[[0, 127, 255]]])
