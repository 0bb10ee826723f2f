"""Colour instruments against known answers."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from fauve.instruments import INSTRUMENTS, Measured
from fauve.instruments.palette import chromatic_harmony


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> np.ndarray:
    image = np.empty((64, 64, 3), np.uint8)
    image[:, :32], image[:, 32:] = left, right
    return image


def wheel(hues: list[float]) -> np.ndarray:
    """Columns of equal width in fully saturated hues (degrees)."""
    colours = [[round(255 * c) for c in colorsys.hsv_to_rgb(h / 360, 1, 1)] for h in hues]
    return np.repeat(np.array(colours, np.uint8)[None, :, :], 60, axis=0).repeat(60 // len(hues), axis=1)


def test_grey_has_no_colourfulness() -> None:
    assert INSTRUMENTS["colourfulness"](np.full((32, 32, 3), 90, np.uint8)) == 0


def test_colourfulness_of_red_and_blue_halves_by_hand() -> None:
    # rg = 255, 0 and yb = 127.5, -255: spreads 127.5 and 191.25, means 127.5 and -63.75.
    expected = np.hypot(127.5, 191.25) + 0.3 * np.hypot(127.5, -63.75)
    assert INSTRUMENTS["colourfulness"](halves((255, 0, 0), (0, 0, 255))) == pytest.approx(expected, rel=1e-5)


def test_one_hue_and_its_opposite_are_in_harmony() -> None:
    assert INSTRUMENTS["hue-disharmony"](wheel([200])) == pytest.approx(0, abs=1e-9)
    assert INSTRUMENTS["hue-disharmony"](wheel([20, 200])) == pytest.approx(0, abs=1e-9)


def test_five_hues_around_the_wheel_fit_no_template() -> None:
    # X, the widest template with 52 % of the wheel, leaves a fifth at least 14 degrees outside.
    around = INSTRUMENTS["hue-disharmony"](wheel([0, 72, 144, 216, 288]))
    near = INSTRUMENTS["hue-disharmony"](wheel([0, 15, 30, 45, 60]))
    assert near == pytest.approx(0, abs=1e-9)
    assert 3 < around < 15


def test_turning_the_wheel_changes_no_disharmony() -> None:
    hues = np.array([0.0, 72, 144, 216, 288]) + 2.5
    readings = [INSTRUMENTS["hue-disharmony"](wheel(list((hues + turn) % 360))) for turn in (0, 25, 50, 130)]
    assert readings == pytest.approx([readings[0]] * 4, abs=1.0)


def test_chromatic_harmony_of_equal_colours_and_of_far_ones() -> None:
    red, green = np.array([60.0, 40.0], np.float32), np.array([-60.0, 40.0], np.float32)
    assert chromatic_harmony(red, red) == pytest.approx(0.04 + 0.53 * np.tanh(0.8))
    # Equal chroma: the whole distance of 120 is one of hue.
    assert chromatic_harmony(red, green) == pytest.approx(0.04 + 0.53 * np.tanh(0.8 - 0.045 * 120))
    assert chromatic_harmony(red, green) == chromatic_harmony(green, red)


def test_olive_is_sickly_and_its_opposite_is_not() -> None:
    assert INSTRUMENTS["sickly-tint"](np.full((32, 32, 3), (128, 132, 20), np.uint8)) > 30
    for colour in ((40, 60, 200), (200, 60, 60), (128, 128, 128)):
        assert INSTRUMENTS["sickly-tint"](np.full((32, 32, 3), colour, np.uint8)) < 1


def test_the_views_agree_with_their_definitions() -> None:
    image = np.full((32, 32, 3), (255, 0, 0), np.uint8)
    views = Measured(image)
    assert views.luminance.mean() == pytest.approx(0.2126, abs=1e-4)
    assert views.luma.mean() == pytest.approx(0.299 * 255, abs=1e-3)
    assert views.lab[0, 0] == pytest.approx([53.24, 80.09, 67.20], abs=0.1)
