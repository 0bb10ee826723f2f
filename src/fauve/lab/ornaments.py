"""What surrounds a subject: ornaments, companions that belong to it, and stray objects that do not."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from fauve.lab.scene import SLOTS
from fauve.lab.shapes import Group, Part, blade, curve, ellipse, group, polygon

__all__ = ["STRAYS", "companion", "ornaments", "stray"]

_STEP = 0.25


def _alga(x: float, y: float, size: float, angle: float, role: str) -> list[Part]:
    """A cut-out leaf with lobes, as on Matisse's late walls."""
    parts = []
    for i in range(4):
        along = 0.25 + 0.24 * i
        bx, by = x + size * along * math.cos(angle), y + size * along * math.sin(angle)
        for side in (-1, 1):
            parts.append(Part(blade(bx, by, size * (0.5 - 0.07 * i), size * 0.095, angle + side * 0.8, 5), role))
    return [Part(blade(x, y, size * 1.3, size * 0.08, angle, 6), role), *parts]


def _spark(x: float, y: float, r: float, role: str) -> list[Part]:
    points = [
        (
            x + (r if i % 2 == 0 else r * 0.42) * math.cos(i * math.pi / 5),
            y + (r if i % 2 == 0 else r * 0.42) * math.sin(i * math.pi / 5),
        )
        for i in range(10)
    ]
    return [Part(polygon(*points), role)]


@lru_cache(maxsize=16)
def ornaments(level: int, variant: int) -> Group | None:
    """Ornaments around the frame: none, a few, or a wealth of them. ``variant`` 0..3 arranges them."""
    if level == 0:
        return None
    turn = variant * 0.7
    parts: list[Part] = []
    if level == 1:
        for i, (x, y) in enumerate(((0.1, 0.1), (0.5, 0.06), (0.92, 0.13), (0.06, 0.5), (0.94, 0.56))):
            parts += _spark(x, y + 0.025 * math.sin(turn + i), 0.04, "third" if i % 2 else "paper")
        return group(parts + _alga(0.04, 1.03, 0.17, -1.45, "second") + _alga(0.96, 1.03, 0.17, -1.69, "second"))
    for i in range(11):  # a garland of leaves hangs from the top
        x, y = 0.0 + 0.1 * i, 0.012 + 0.02 * math.sin(2.1 * i + turn)
        parts.append(
            Part(
                blade(x, y, 0.1, 0.02, math.pi / 2 + 0.5 * math.sin(1.3 * i + turn), 5),
                ("second", "main_dark", "third")[i % 3],
            )
        )
        parts += _spark(x + 0.05, y + 0.1 + 0.025 * math.cos(1.7 * i), 0.02, ("paper", "third", "main_light")[i % 3])
    for i in range(10):
        side = (0.035 if i % 2 else 0.965) + 0.018 * math.sin(2.7 * i + turn)
        role = ("third", "paper", "main", "second")[i % 4]
        parts.append(Part(ellipse(side, 0.22 + 0.055 * i, 0.02, 0.02, 10), role))
    stems = (
        (0.02, 0.30, "second"),
        (0.98, 0.28, "second"),
        (0.16, 0.2, "third"),
        (0.85, 0.21, "third"),
        (0.3, 0.13, "main_dark"),
        (0.7, 0.13, "main_dark"),
    )
    for i, (x, size, role) in enumerate(stems):
        parts += _alga(x, 1.04, size, -math.pi / 2 + 0.22 * math.sin(turn + i * 2), role)
    return group(parts)


@lru_cache(maxsize=8)
def companion(subject: int) -> Group:
    """Something that belongs to the subject, in the box from -1 to 1 (feet at y = 1)."""
    name = SLOTS[0].values[subject]
    return group(_COMPANIONS[name]())


def _yarn() -> list[Part]:
    parts = [Part(ellipse(0, 0.3, 0.7, 0.7, 22), "third")]
    parts += [Part(blade(-0.55, 0.1 + 0.22 * i, 1.15, 0.05, -0.35 + 0.2 * i, 6), "third_dark") for i in range(3)]
    return [
        *parts,
        Part(curve((0.4, 0.9), (0.9, 0.8), (1.2, 1.0), (1.15, 1.06), (0.9, 0.92), (0.45, 1.0)), "third_dark"),
    ]


def _nest() -> list[Part]:
    parts = [Part(ellipse(x, 0.35, 0.26, 0.34, 16), "paper") for x in (-0.35, 0.05, 0.42)]
    return [
        *parts,
        Part(curve((-0.95, 0.35), (0.0, 0.55), (0.95, 0.35), (0.7, 0.9), (0.0, 1.05), (-0.7, 0.9)), "second_dark"),
    ]


def _sapling() -> list[Part]:
    crown = curve((-0.62, 0.1), (-0.5, -0.5), (0.0, -1.0), (0.5, -0.5), (0.62, 0.1), (0.3, 0.3), (-0.3, 0.3))
    parts = [
        Part(polygon((-0.1, 1), (-0.08, 0), (0.08, 0), (0.1, 1), step=_STEP), "second_dark"),
        Part(crown, "main_light"),
    ]
    parts += [
        Part(blade(0, 0.2 - 0.34 * i, 0.42 - 0.06 * i, 0.07, a, 5), "main_dark")
        for i in range(3)
        for a in (-0.7, -2.44)
    ]
    return [*parts, Part(blade(0, 0.4, 1.2, 0.05, -1.571, 5), "main_dark")]


def _fence() -> list[Part]:
    parts = [
        Part(polygon((-1.1, y), (1.1, y), (1.1, y + 0.14), (-1.1, y + 0.14), step=_STEP), "paper") for y in (0.25, 0.65)
    ]
    for x in (-0.9, -0.3, 0.3, 0.9):
        parts.append(
            Part(polygon((x - 0.14, 1), (x - 0.14, 0), (x, -0.25), (x + 0.14, 0), (x + 0.14, 1), step=_STEP), "paper")
        )
    return parts


def _little_boat() -> list[Part]:
    return [
        Part(polygon((0, -0.9), (0.75, 0.4), (0, 0.4), step=_STEP), "third"),
        Part(polygon((-0.1, -0.5), (-0.1, 0.4), (-0.6, 0.4), step=_STEP), "paper"),
        Part(curve((-0.9, 0.5), (0, 0.56), (0.9, 0.5), (0.55, 1.0), (-0.55, 1.0)), "second"),
    ]


def _tulip() -> list[Part]:
    return [
        Part(polygon((-0.06, 1), (-0.05, -0.2), (0.05, -0.2), (0.06, 1), step=_STEP), "second_dark"),
        Part(blade(0, 0.95, 1.0, 0.16, -1.1, 6), "second"),
        Part(
            curve(
                (-0.42, -0.9),
                (-0.2, -0.62),
                (0, -0.98),
                (0.2, -0.62),
                (0.42, -0.9),
                (0.36, -0.3),
                (0, -0.08),
                (-0.36, -0.3),
            ),
            "third",
        ),
    ]


def _fruit_bowl() -> list[Part]:
    bowl = curve((-1.0, 0.3), (0.0, 0.36), (1.0, 0.3), (0.7, 0.86), (0.3, 1.02), (-0.3, 1.02), (-0.7, 0.86))
    parts = []
    for x, y, role in ((-0.5, 0.12, "third"), (0.5, 0.12, "main"), (0.0, -0.12, "second")):
        parts += [Part(ellipse(x, y, 0.42, 0.4, 18), role)]
        parts += [Part(ellipse(x - 0.12, y - 0.14, 0.1, 0.08, 10), f"{role}_light")]
    parts += [Part(blade(0.02, -0.48, 0.5, 0.11, a, 5), "second_dark") for a in (-0.5, -2.5)]
    band = polygon((-0.88, 0.52), (0.88, 0.52), (0.83, 0.64), (-0.83, 0.64), step=_STEP)
    return [*parts, Part(bowl, "paper"), Part(band, "main")]


_COMPANIONS = {
    "face": _tulip, "cat": _yarn, "bird": _nest, "tree": _sapling,
    "house": _fence, "boat": _little_boat, "flower": _tulip, "bottle": _fruit_bowl,
}  # fmt: skip


def _cone() -> list[Part]:
    parts = [Part(polygon((-0.9, 1), (-0.9, 0.8), (0.9, 0.8), (0.9, 1), step=_STEP), "stray_ink")]
    for i, role in enumerate(("stray_a", "stray_b", "stray_a", "stray_b", "stray_a")):
        top, low = -1 + 0.36 * i, -1 + 0.36 * (i + 1)
        a, b = 0.08 + 0.11 * i, 0.08 + 0.11 * (i + 1)
        parts.append(Part(polygon((-a, top), (a, top), (b, low), (-b, low), step=_STEP), role))
    return parts


def _tyre() -> list[Part]:
    parts = [Part(ellipse(0, 0, 1, 1, 28), "stray_ink")]
    parts += [
        Part(ellipse(0.84 * math.cos(a), 0.84 * math.sin(a), 0.13, 0.13, 8), "stray_a")
        for a in (i * math.pi / 5 for i in range(10))
    ]
    return [*parts, Part(ellipse(0, 0, 0.55, 0.55, 22), "stray_b"), Part(ellipse(0, 0, 0.2, 0.2, 14), "stray_ink")]


def _plug() -> list[Part]:
    bar = polygon((-1, -0.28), (0.2, -0.28), (0.2, 0.28), (-1, 0.28), step=_STEP)
    prongs = [
        Part(polygon((0.2, y), (1, y), (1, y + 0.14), (0.2, y + 0.14), step=_STEP), "stray_ink") for y in (-0.32, 0.18)
    ]
    stripes = [
        Part(polygon((x, -0.5), (x + 0.24, -0.5), (x + 0.24, 0.5), (x, 0.5), step=_STEP), "stray_b")
        for x in (-0.6, -0.12)
    ]
    return [
        Part(polygon((-1, -0.5), (0.3, -0.5), (0.3, 0.5), (-1, 0.5), step=_STEP), "stray_a"),
        *stripes,
        Part(bar, "stray_ink"),
        *prongs,
    ]


STRAYS = (_cone, _tyre, _plug)


@lru_cache(maxsize=16)
def stray(kind: int, tilt: int) -> Group:
    """A hazard-coloured thing that belongs nowhere: cone, tyre or plug (0..2), tilted four ways, in -1..1."""
    angle = (-0.5, -0.2, 0.3, 0.6)[tilt]
    c, s = math.cos(angle), math.sin(angle)
    turned = np.array([[c, s], [-s, c]])
    return group([Part(part.points @ turned, part.role) for part in STRAYS[kind]()])
