"""What single effects promise beyond moving their instrument."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from fauve.stimuli import EFFECTS, apply
from fauve.stimuli.clarity import _disc, _path
from fauve.stimuli.subject import subject_centre, subject_mask


def test_blur_kernels_keep_the_light() -> None:
    for radius in (0.05, 0.4, 3.3, 13.0):
        assert _disc(radius).sum() == pytest.approx(1, abs=1e-5)
    for length in (0.3, 7.0, 40.0):
        kernel = _path(length, 4)
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert kernel.shape[0] == kernel.shape[1]
        assert kernel.shape[0] % 2 == 1


def test_underexposure_takes_stops_of_light() -> None:
    grey = np.full((32, 32, 3), 188, np.uint8)  # half of the light
    dark = apply("underexposure", grey, 1 / 5.5, 0)  # one stop less
    assert dark[0, 0, 0] == pytest.approx(137, abs=1)


def test_overexposure_burns_a_bright_picture_out(pictures) -> None:
    burnt = apply("overexposure", pictures["pavilion"], 1.0, 0)
    assert (burnt == 255).all(axis=2).mean() > 0.4


def test_posterise_leaves_three_tones_a_channel(pictures) -> None:
    result = apply("posterise", pictures["coffee"], 1.0, 0)
    assert all(len(np.unique(result[..., c])) <= 5 for c in range(3))


def test_pixelate_makes_even_blocks() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 400, 3), dtype=np.uint8)
    result = apply("pixelate", image, 1.0, 0)
    np.testing.assert_array_equal(result[:20, :20], np.broadcast_to(result[0, 0], (20, 20, 3)))
    assert result[0, 0, 0] == pytest.approx(image[:20, :20, 0].mean(), abs=1)


def test_compression_is_a_real_round_trip(pictures) -> None:
    buffer = io.BytesIO()
    Image.fromarray(pictures["cat"]).save(buffer, "JPEG", quality=1, subsampling="4:2:0")
    np.testing.assert_array_equal(apply("compression", pictures["cat"], 1.0, 0), np.asarray(Image.open(buffer)))


def test_flat_light_keeps_the_detail_that_it_does_not_flatten(pictures) -> None:
    before = rgb2lab(pictures["astronaut"])[..., 0]
    after = rgb2lab(apply("flat-light", pictures["astronaut"], 1.0, 0))[..., 0]
    edges_before = np.hypot(*np.gradient(before))
    edges_after = np.hypot(*np.gradient(after))
    assert after.std() < 0.4 * before.std()
    assert np.corrcoef(edges_before.ravel(), edges_after.ravel())[0, 1] > 0.6


def test_clashing_hues_keep_lightness(pictures) -> None:
    before = rgb2lab(pictures["dahlia"])[..., 0]
    after = rgb2lab(apply("clashing-hues", pictures["dahlia"], 0.5, 1))[..., 0]
    assert np.abs(before - after).mean() < 4


def test_wiping_the_background_spares_the_middle_of_the_subject(pictures) -> None:
    image = pictures["dahlia"]
    mask = subject_mask(image)
    wiped = apply("wiped-background", image, 1.0, 0)
    kept = mask > 0.999
    assert kept.mean() > 0.05
    assert np.abs(wiped[kept].astype(int) - image[kept]).max() <= 2
    assert np.abs(wiped[mask < 0.01].astype(int) - image[mask < 0.01]).mean() > 15


def test_the_subject_is_found_where_it_stands() -> None:
    image = np.full((120, 160, 3), 90, np.uint8)
    image[30:70, 90:130] = (220, 60, 30)
    row, col = subject_centre(image)
    assert row == pytest.approx(50 / 120, abs=0.08)
    assert col == pytest.approx(110 / 160, abs=0.08)
    mask = subject_mask(image)
    assert mask[50, 110] > 0.9
    assert mask[110, 10] < 0.1


def test_emptying_leaves_a_small_rest_and_a_plain_ground(pictures) -> None:
    empty = apply("emptied", pictures["coffee"], 1.0, 1)
    border = np.concatenate([empty[:20].reshape(-1, 3), empty[-20:].reshape(-1, 3)])
    assert border.std(axis=0).max() < 4


def test_misplaced_pieces_leave_every_second_piece_alone(pictures) -> None:
    image = pictures["pavilion"]
    unchanged = (apply("misplaced-pieces", image, 1.0, 1) == image).all(axis=2).mean()
    assert 0.45 < unchanged < 0.65


def test_requests_read_as_clauses_after_a_caption() -> None:
    for effect in EFFECTS.values():
        assert 2 <= len(effect.request.split()) <= 14
