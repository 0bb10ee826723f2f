from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.lab.canvas import Canvas
from fauve.lab.colours import scheme
from fauve.lab.scene import SIZES
from fauve.lab.shapes import Part, beyond, blade, curve, ellipse, group, polygon, shrunk


def area(points: np.ndarray) -> float:
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


SQUARE = polygon((0, 0), (1, 0), (1, 1), (0, 1))


@given(x=st.floats(0.01, 0.99))
def test_a_cut_leaves_two_pieces_of_the_whole(x: float) -> None:
    assert area(beyond(SQUARE, x, 1)) == pytest.approx(1 - x)
    assert area(beyond(SQUARE, x, -1)) == pytest.approx(x)


def test_a_cut_outside_leaves_all_or_nothing() -> None:
    assert len(beyond(SQUARE, 2.0, 1)) == 0
    assert area(beyond(SQUARE, 2.0, -1)) == pytest.approx(1.0)


def test_areas_of_known_shapes() -> None:
    assert area(ellipse(3, 4, 2, 1, 400, 0.7)) == pytest.approx(2 * math.pi, rel=1e-3)
    assert area(shrunk(SQUARE, 0.5, (1, -1))) == pytest.approx(0.25)
    assert shrunk(SQUARE, 0.5, (1, -1)).max(axis=0).tolist() == [1.0, 0.5]
    assert np.allclose(curve((0, 0), (1, 0), (1, 1), (0, 1), steps=4)[::4], SQUARE)
    assert np.hypot(*blade(1, 1, 0.5, 0.1, 0.3, 9).T).max() == pytest.approx(
        math.hypot(1 + 0.5 * math.cos(0.3), 1 + 0.5 * math.sin(0.3))
    )


def test_extra_points_do_not_change_a_polygon() -> None:
    dense = polygon((0, 0), (1, 0), (1, 1), (0, 1), step=0.3)
    assert len(dense) == 16
    assert area(dense) == pytest.approx(1.0)


def test_a_group_is_laid_where_it_was_put() -> None:
    canvas = Canvas(100, {"sky": (0, 0, 0), "main": (255, 0, 0), "other": (0, 0, 255)})
    shape = group([Part(polygon((-1, -1), (1, -1), (1, 1), (-1, 1)), "main")])
    canvas.lay(shape, (0.3, 0.6), 0.1)
    red = np.argwhere(np.asarray(canvas.image)[:, :, 0] == 255)
    assert red.min(axis=0) == pytest.approx([50, 20], abs=1)
    assert red.max(axis=0) == pytest.approx([70, 40], abs=1)
    canvas.lay(shape, (0.3, 0.6), 0.1, bend=lambda p: p + np.array([4.0, 0.0]), role="other")
    blue = np.argwhere(np.asarray(canvas.image)[:, :, 2] == 255)
    assert blue.min(axis=0) == pytest.approx([50, 60], abs=1)


def saturation(colour: tuple[int, int, int]) -> float:
    return (max(colour) - min(colour)) / max(1, *colour)


def test_colours_dull_and_stay_recognisable() -> None:
    for hue in range(SIZES[1]):
        for palette in range(SIZES[2]):
            schemes = [scheme(hue, palette, level) for level in range(3)]
            assert saturation(schemes[1]["main"]) < saturation(schemes[2]["main"])
            assert saturation(schemes[1]["sky"]) < max(0.2, saturation(schemes[2]["sky"]))
            assert len({tuple(s.items()) for s in schemes}) == 3
            assert set(schemes[0]) == set(schemes[1]) == set(schemes[2])


def test_hues_are_apart_in_every_scheme() -> None:
    for palette in range(SIZES[2]):
        for level in range(3):
            mains = np.array([scheme(hue, palette, level)["main"] for hue in range(SIZES[1])], float)
            gaps = np.sqrt(((mains[:, None] - mains[None]) ** 2).sum(axis=2)) + 1e9 * np.eye(len(mains))
            assert gaps.min() > (28 if level == 1 else 50)
