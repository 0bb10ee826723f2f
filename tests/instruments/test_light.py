"""Exposure, clipping, contrast and light range against known answers."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.instruments import INSTRUMENTS, measure


def code(light: float) -> int:
    """The sRGB code value of linear light."""
    return round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("stops", [-3, -2, -1, 0, 1, 2])
def test_exposure_counts_stops_from_middle_grey(stops: int) -> None:
    grey = np.full((40, 40, 3), code(0.18 * 2.0**stops), np.uint8)
    assert INSTRUMENTS["exposure"](grey) == pytest.approx(stops, abs=0.12)


def test_too_dark_and_too_bright_both_score_low() -> None:
    scores = [INSTRUMENTS["exposure"].score(np.full((40, 40, 3), value, np.uint8)) for value in (3, 90, 105, 254)]
    assert scores[0] == 0
    assert scores[1] == scores[2] == 2
    assert scores[3] < 0.2


def test_clipping_is_the_share_of_lost_pixels() -> None:
    image = np.full((40, 40, 3), 128, np.uint8)
    image[:10], image[10:14] = 0, 255
    assert INSTRUMENTS["clipping"](image) == pytest.approx(14 / 40)


def test_contrast_of_a_chessboard_is_one_half() -> None:
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert INSTRUMENTS["contrast"](np.repeat(board[..., None], 3, axis=2)) == pytest.approx(0.5)


def test_light_range_sees_broad_light_and_not_fine_pattern() -> None:
    fine = (np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)
    broad = np.zeros((96, 96), np.uint8)
    broad[:, 48:] = 255
    fine_range, broad_range = (measure(np.repeat(x[..., None], 3, axis=2))["light-range"] for x in (fine, broad))
    assert fine_range < 1
    assert broad_range == pytest.approx(100, abs=2)
