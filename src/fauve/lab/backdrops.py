"""Eight settings behind a subject, each composed in layers and as a plain silhouette; and the smear that is none."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fauve.lab.canvas import Bend, Canvas
from fauve.lab.scene import INDEX, SLOTS
from fauve.lab.shapes import Group, Part, Points, blade, curve, ellipse, group, polygon

__all__ = ["backdrop", "smear"]

_STEP = 0.06
_PLAIN = {"far": "haze", "far2": "haze2", "paper": "sky2"}


def _below(y: float, height: float = 0.0, turns: float = 1.0, phase: float = 0.0, n: int = 25) -> Points:
    """Everything below a wavy line that runs over the whole width."""
    x = np.linspace(-0.3, 1.3, n)
    top = np.stack([x, y + height * np.sin(2 * math.pi * turns * x + phase)], axis=1)
    return np.concatenate([top, np.array([[1.3, 1.3], [-0.3, 1.3]])])


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return polygon((left, top), (right, top), (right, bottom), (left, bottom), step=_STEP)


def _disc(x: float, y: float, r: float, role: str) -> list[Part]:
    """A sun or moon in its halo, with rays of torn paper."""
    rays = [
        blade(x + 1.55 * r * math.cos(a), y + 1.55 * r * math.sin(a), 0.75 * r, 0.1 * r, a, 4)
        for a in np.arange(12) * math.pi / 6
    ]
    return [
        Part(ellipse(x, y, r * 1.35, r * 1.35, 26), "sky2"),
        Part(ellipse(x, y, r, r, 24), role),
        *(Part(ray, role) for ray in rays),
    ]


def _cloud(x: float, y: float, r: float) -> Part:
    return Part(
        curve(
            (x - 2 * r, y),
            (x - 1.1 * r, y - 0.7 * r),
            (x - 0.2 * r, y - 0.5 * r),
            (x + 0.5 * r, y - r),
            (x + 1.3 * r, y - 0.5 * r),
            (x + 2.2 * r, y),
            steps=4,
        ),
        "paper",
    )


def _dashes(top: float, role: str, other: str) -> list[Part]:
    """Short strokes of a loaded brush over the ground, longer towards the viewer."""
    parts = []
    for row in range(3):
        y = top + 0.07 + row * (0.055 + 0.02 * row)
        length, thick = 0.05 + 0.02 * row, 0.012 + 0.005 * row
        for i in range(5):
            x = -0.02 + 0.23 * i + 0.11 * (row % 2) + 0.03 * math.sin(7.0 * i + row)
            dash = polygon(
                (x, y), (x + length, y - 0.008), (x + length * 1.05, y + thick * 0.7), (x + 0.1 * length, y + thick)
            )
            parts.append(Part(dash, role if (i + row) % 2 else other))
    return parts


def _hills() -> list[Part]:
    return [
        *_disc(0.8, 0.2, 0.085, "third"),
        _cloud(0.24, 0.2, 0.06),
        Part(_below(0.50, 0.08, 0.9, 0.4), "far", "stays"),
        Part(_below(0.60, 0.06, 1.2, 2.6), "far2", "stays"),
        *(
            Part(ellipse(x, y, 0.022, 0.1, 14), "second")
            for x, y in ((0.9, 0.52), (0.84, 0.56), (0.96, 0.57), (0.07, 0.55))
        ),
        Part(_below(0.70, 0.03, 0.8, 5.0), "ground", "stays"),
        *_dashes(0.70, "ground2", "second"),
    ]


def _sea() -> list[Part]:
    parts = [*_disc(0.22, 0.22, 0.08, "third"), _cloud(0.76, 0.18, 0.06), Part(_below(0.46), "far", "stays")]
    for row, y in enumerate((0.53, 0.61, 0.70)):
        stays = "stays" if row == 0 else ""
        parts.append(Part(_below(y, 0.02, 6, row * 2.0, 61), ("far2", "far", "far2")[row], stays))
        if row < 2:
            parts += [
                Part(blade(x + 0.1 * row, y + 0.045, 0.09, 0.008, 0.0, 4), "paper") for x in (0.06, 0.34, 0.62, 0.86)
            ]
    return [*parts, Part(_below(0.80, 0.03, 0.7, 1.0), "ground", "stays"), *_dashes(0.79, "ground2", "sky2")[:10]]


def _meadow() -> list[Part]:
    parts = [_cloud(0.2, 0.2, 0.055), _cloud(0.78, 0.14, 0.07), Part(_below(0.52, 0.02, 1, 1), "far", "stays")]
    for i in range(16):
        x = -0.04 + i * 0.072
        leaf = blade(x, 0.74, 0.24 + 0.07 * math.sin(i * 2.3), 0.026, -math.pi / 2 + 0.4 * math.sin(i * 1.7), 5)
        parts += [Part(leaf, ("ground2", "far2", "second")[i % 3], "stays" if i % 3 == 0 else "")]
        if i % 3 == 1:
            parts.append(Part(ellipse(x + 0.02, 0.5 + 0.03 * math.sin(i), 0.024, 0.024, 10), "third"))
    return [*parts, Part(_below(0.68, 0.014, 3, 0), "ground", "stays"), *_dashes(0.69, "ground2", "third")]


def _mountains() -> list[Part]:
    parts = [*_disc(0.5, 0.16, 0.06, "third")]
    for x, y, w, role in ((0.1, 0.24, 0.36, "far"), (0.88, 0.2, 0.4, "far2"), (0.5, 0.38, 0.3, "far")):
        base = 0.78
        parts.append(Part(polygon((x - w, base), (x, y), (x + w, base), step=_STEP), role, "stays"))
        slope, d = w / (base - y), 0.12
        parts.append(
            Part(
                polygon((x, y), (x + w, base), (x + 0.08, base), (x + 0.02, y + 0.2), step=_STEP),
                "far2" if role == "far" else "far",
            )
        )
        cap = polygon(
            (x - slope * d, y + d),
            (x, y),
            (x + slope * d, y + d),
            (x + 0.03, y + d * 0.7),
            (x - 0.02, y + d * 1.15),
            step=_STEP,
        )
        parts.append(Part(cap, "paper"))
    return [*parts, Part(_below(0.69, 0.02, 1.1, 0.5), "ground", "stays"), *_dashes(0.70, "ground2", "far")]


def _desert() -> list[Part]:
    parts = [*_disc(0.7, 0.24, 0.12, "third"), Part(_below(0.58, 0.035, 0.6, 0.2), "far", "stays")]
    left = polygon((-0.3, 0.66), (0.24, 0.47), (0.66, 0.7), (0.66, 1.3), (-0.3, 1.3), step=_STEP)
    dune = polygon((0.24, 0.47), (0.66, 0.7), (0.5, 1.3), (0.1, 1.3), (0.3, 0.72), step=_STEP)
    parts += [Part(left, "far2", "stays"), Part(dune, "ground2")]
    for x, y, size in ((0.9, 0.74, 0.26), (0.1, 0.72, 0.18)):  # a cactus each
        parts += [Part(ellipse(x, y - size / 2, 0.15 * size, size / 2, 16), "second")]
        parts += [
            Part(
                curve(
                    (x, y - 0.3 * size),
                    (x + s * 0.34 * size, y - 0.4 * size),
                    (x + s * 0.36 * size, y - 0.75 * size),
                    (x + s * 0.5 * size, y - 0.75 * size),
                    (x + s * 0.46 * size, y - 0.28 * size),
                    (x, y - 0.2 * size),
                    steps=3,
                ),
                "second",
            )
            for s in (-1, 1)
        ]
    parts += [Part(_below(0.74, 0.05, 0.7, 3.6), "ground", "stays")]
    return parts + _dashes(0.76, "ground2", "sky2")[:10]


def _town() -> list[Part]:
    parts: list[Part] = []
    houses = (
        (-0.06, 0.2, 0.36),
        (0.14, 0.17, 0.24),
        (0.31, 0.2, 0.4),
        (0.51, 0.15, 0.28),
        (0.66, 0.19, 0.18),
        (0.85, 0.22, 0.36),
    )
    for i, (x, w, top) in enumerate(houses):
        role, roof = ("far", "far2", "sky2")[i % 3], ("second", "ground2", "third")[i % 3]
        parts += [Part(_box(x, top, x + w, 0.82), role, "stays")]
        parts += [Part(polygon((x - 0.014, top), (x + w / 2, top - 0.1), (x + w + 0.014, top), step=_STEP), roof)]
        for row in range(3):
            for column in range(2):
                a, b = x + w * (0.2 + 0.4 * column), top + 0.05 + 0.11 * row
                parts.append(Part(_box(a, b, a + 0.045, b + 0.06), "ground2" if role == "sky2" else "third_light"))
    return [*parts, Part(_below(0.72), "ground", "stays"), *_dashes(0.72, "ground2", "sky2")]


def _room() -> list[Part]:
    parts: list[Part] = []
    for i, x in enumerate(np.arange(-0.04, 1.1, 0.125)):
        parts.append(Part(_box(x, -0.3, x + 0.062, 0.72), "haze", "stays" if i % 2 else ""))
        parts += [Part(ellipse(x + 0.031, y + 0.06 * (i % 2), 0.014, 0.014, 8), "sky2") for y in (0.1, 0.25, 0.4, 0.55)]
    parts += [Part(_box(0.08, 0.08, 0.36, 0.4), "second"), Part(_box(0.11, 0.11, 0.33, 0.37), "third_light")]
    parts += [
        Part(polygon((0.11, 0.37), (0.19, 0.2), (0.27, 0.37), step=_STEP), "far"),
        Part(ellipse(0.27, 0.18, 0.03, 0.03, 12), "third"),
    ]
    parts += [Part(_box(-0.3, 0.70, 1.3, 1.3), "ground", "stays"), Part(_box(-0.3, 0.68, 1.3, 0.715), "paper", "stays")]
    parts += [Part(_box(-0.3, y, 1.3, y + 0.014), "ground2") for y in (0.78, 0.88)]
    return parts + [
        Part(_box(x, y, x + 0.014, y + 0.1), "ground2")
        for x, y in ((0.2, 0.78), (0.7, 0.78), (0.05, 0.89), (0.45, 0.89), (0.9, 0.89))
    ]


def _window() -> list[Part]:
    parts = [Part(_box(-0.3, -0.3, 1.3, 1.3), "far2", "stays"), Part(_box(0.16, 0.04, 0.84, 0.72), "paper", "stays")]
    parts += [Part(_box(0.2, 0.08, 0.8, 0.68), "sky", "stays"), Part(ellipse(0.34, 0.2, 0.06, 0.06, 20), "third")]
    parts += [Part(_box(0.2, 0.4, 0.8, 0.68), "far")]
    parts += [
        Part(blade(x, y, 0.12, 0.01, 0.0, 4), "paper")
        for x, y in ((0.23, 0.46), (0.62, 0.45), (0.4, 0.52), (0.66, 0.58), (0.25, 0.6))
    ]
    parts += [Part(_box(0.482, 0.06, 0.518, 0.7), "paper", "stays")]
    for x in (-0.04, 0.86):
        parts += [Part(_box(x, 0.04, x + 0.18, 0.72), "ground2", "stays")]
        parts += [Part(_box(x + 0.02, y, x + 0.16, y + 0.035), "ground") for y in np.arange(0.08, 0.68, 0.075)]
    parts += [Part(_box(-0.3, 0.76, 1.3, 1.3), "ground", "stays"), Part(_box(-0.3, 0.73, 1.3, 0.77), "paper", "stays")]
    return parts + [Part(ellipse(0.08 + 0.12 * i, 0.84 + 0.08 * (i % 2), 0.02, 0.02, 10), "ground2") for i in range(8)]


_DRAW = {
    "hills": _hills,
    "sea": _sea,
    "meadow": _meadow,
    "mountains": _mountains,
    "desert": _desert,
    "town": _town,
    "room": _room,
    "window": _window,
}


@lru_cache(maxsize=32)
def _layout(layout: int, level: int) -> Group:
    parts = _DRAW[SLOTS[INDEX["layout"]].values[layout]]()
    if level == 2:
        return group(parts)
    return group([Part(part.points, _PLAIN.get(part.role, part.role)) for part in parts if part.form])


def backdrop(canvas: Canvas, layout: int, level: int, at: tuple[float, float], bend: Bend | None) -> None:
    """Lay a setting: composed at level 2, a plain silhouette at level 1."""
    canvas.lay(_layout(layout, level), at, bend=bend)


def smear(canvas: Canvas, rough: NDArray[np.float32]) -> None:
    """Wipe the whole canvas into a dull smear with streaks; ``rough`` is (12, 12), about standard normal."""
    colours = (np.array(canvas.colours[role], dtype=np.float32) for role in ("sky", "ground"))
    base = sum(colours, np.zeros(3, np.float32)) * 0.22 + np.array([70, 66, 58], np.float32)
    streaks = np.repeat(rough[:, ::6], 6, axis=1) * 0.75 + rough * 0.25
    low = np.clip(base + streaks[:, :, None] * np.array([24, 21, 17], np.float32), 0, 255).astype(np.uint8)
    canvas.image.paste(Image.fromarray(low).resize((canvas.side, canvas.side), Image.Resampling.BICUBIC))
