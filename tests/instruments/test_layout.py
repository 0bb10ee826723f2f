"""Subject, background, symmetry, coherence and contours against known answers."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.instruments import INSTRUMENTS, measure
from fauve.instruments.saliency import image_signature


def spot(row: int, col: int, size: int = 14, side: int = 128) -> np.ndarray:
    """A checked patch on a plain ground."""
    image = np.full((side, side, 3), 120, np.uint8)
    patch = (np.indices((size, size)).sum(axis=0) // 3 % 2 * 200 + 20).astype(np.uint8)
    image[row - size // 2 : row - size // 2 + size, col - size // 2 : col - size // 2 + size] = patch[..., None]
    return image


def test_saliency_finds_the_odd_patch() -> None:
    for row, col in ((30, 90), (64, 64), (100, 20)):
        lab = np.zeros((128, 128, 3), np.float32)
        lab[..., 0] = spot(row, col)[..., 0] / 2.55
        peak = np.unravel_index(image_signature(lab).argmax(), (64, 64))
        assert np.hypot(peak[0] * 2 - row, peak[1] * 2 - col) < 12


def test_nothing_is_salient_in_a_constant_picture() -> None:
    assert image_signature(np.full((50, 70, 3), 40, np.float32)).max() == 0
    readings = measure(np.full((50, 70, 3), 200, np.uint8))
    assert readings["subject-offset"] == 0
    assert readings["subject-extent"] == 1


def test_offset_grows_towards_the_corner_and_extent_with_size() -> None:
    offsets = [INSTRUMENTS["subject-offset"](spot(at, at)) for at in (64, 48, 32, 16)]
    assert offsets == sorted(offsets)
    assert offsets[0] < 0.06
    extents = [INSTRUMENTS["subject-extent"](spot(64, 64, size)) for size in (10, 30, 60)]
    assert extents == sorted(extents)


def test_background_detail_looks_at_the_border_only() -> None:
    plain = INSTRUMENTS["background-detail"](spot(64, 64))
    squares = (np.indices((128, 128)) // 6).sum(axis=0) % 2 * 180 + 30
    busy = np.repeat(squares.astype(np.uint8)[..., None], 3, axis=2)
    inner = np.full_like(busy, 120)
    inner[30:-30, 30:-30] = busy[30:-30, 30:-30]
    assert plain == INSTRUMENTS["background-detail"](inner) == pytest.approx(np.log2(0.05))
    assert INSTRUMENTS["background-detail"](busy) > 3


def test_symmetry_of_a_mirrored_and_of_an_opposed_picture(pictures) -> None:
    half = pictures["pavilion"][:, :160]
    mirrored = np.concatenate([half, half[:, ::-1]], axis=1)
    assert INSTRUMENTS["mirror-symmetry"](mirrored) == pytest.approx(1, abs=1e-6)
    ramp = np.repeat(np.linspace(0, 255, 128).astype(np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
    assert INSTRUMENTS["mirror-symmetry"](ramp) == pytest.approx(-1, abs=0.01)
    assert INSTRUMENTS["mirror-symmetry"](np.full((40, 40, 3), 9, np.uint8)) == 1


def test_coherence_of_a_gradient_of_noise_and_of_a_chessboard() -> None:
    gradient = np.repeat(np.linspace(0, 255, 200).astype(np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    colours = np.random.default_rng(4).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    noise = colours.repeat(10, axis=0).repeat(10, axis=1)
    board = (np.indices((20, 20)).sum(axis=0) % 2 * 255).astype(np.uint8).repeat(10, 0).repeat(10, 1)
    read = INSTRUMENTS["layout-coherence"]
    assert read(gradient) > 0.9
    assert abs(read(noise)) < 0.15
    assert read(np.repeat(board[..., None], 3, axis=2)) == pytest.approx(-1, abs=0.01)


def test_streaking_tells_stripes_apart() -> None:
    stripes = (np.arange(120) // 6 % 2 * 200).astype(np.uint8)
    upright = np.repeat(np.broadcast_to(stripes[None, :], (120, 120))[..., None], 3, axis=2)
    read = INSTRUMENTS["vertical-streaking"]
    assert read(upright) == pytest.approx(1)
    assert read(upright.transpose(1, 0, 2)) == pytest.approx(0)
    assert read(np.full((40, 40, 3), 9, np.uint8)) == 0.5


def test_waviness_of_waves_exceeds_that_of_straight_lines_under_the_same_grain() -> None:
    rows, cols = np.indices((200, 200))
    grain = np.random.default_rng(6).normal(0, 6, (200, 200))

    def stripes(phase: np.ndarray) -> np.ndarray:
        plane = 128 + 90 * np.sin(2 * np.pi * (rows + phase) / 40) + grain
        return np.repeat(np.clip(plane, 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    read = INSTRUMENTS["contour-waviness"]
    assert read(stripes(8 * np.sin(2 * np.pi * cols / 40))) > 1.3 * read(stripes(np.zeros((200, 200))))
