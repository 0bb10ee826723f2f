"""The eight subjects, drawn once in the box from -1 to 1 (y downwards, feet at y = 1).

A subject is a list of parts; its solid parts take light and throw a shadow.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from fauve.lab.faces import face_parts
from fauve.lab.scene import SLOTS
from fauve.lab.shapes import Group, Part, beyond, blade, curve, ellipse, group, polygon, shrunk

__all__ = ["shadow_group", "subject_group"]

_STEP = 0.22


def _cat() -> list[Part]:
    tail = curve(
        (0.42, 0.86), (0.86, 0.8), (0.95, 0.35), (0.72, 0.02), (0.62, 0.1), (0.78, 0.4), (0.72, 0.62), (0.4, 0.66)
    )
    body = curve(
        (-0.5, 1.0), (-0.52, 0.55), (-0.3, 0.1), (0.1, 0.0), (0.42, 0.25), (0.6, 0.7), (0.58, 1.0), (0.0, 1.03)
    )
    head = ellipse(-0.12, -0.33, 0.5, 0.42)
    ears = [
        polygon((-0.58, -0.42), (-0.56, -1.0), (-0.16, -0.66), step=_STEP),
        polygon((0.34, -0.42), (0.32, -1.0), (-0.08, -0.66), step=_STEP),
    ]
    parts = [Part(tail, "main", "round"), Part(body, "main", "round")]
    parts += [Part(ear, "main", "round") for ear in ears]
    parts += [Part(shrunk(ear, 0.5, (0, 0.3)), "second") for ear in ears]
    parts += [Part(head, "main", "round")]
    parts += [Part(curve((-0.3, 0.98), (-0.26, 0.4), (0.02, 0.22), (0.16, 0.6), (0.14, 0.98)), "main_light")]
    for x in (-0.32, 0.08):
        parts += [
            Part(ellipse(x, -0.38, 0.115, 0.125, 14), "third_light"),
            Part(ellipse(x, -0.38, 0.045, 0.115, 10), "ink"),
        ]
    parts += [Part(polygon((-0.2, -0.2), (-0.04, -0.2), (-0.12, -0.1), step=_STEP), "ink")]
    for side in (-1, 1):
        for lift in (-0.06, 0.06):
            x = -0.12 + side * 0.2
            parts.append(Part(blade(x, -0.13, 0.5, 0.018, (0 if side > 0 else math.pi) + side * lift * 2.4, 4), "ink"))
    return parts


def _bird() -> list[Part]:
    tail = polygon((0.38, 0.12), (1.0, 0.3), (0.98, 0.6), (0.34, 0.45), step=_STEP)
    body = curve(
        (-0.55, -0.3), (-0.2, -0.4), (0.3, -0.2), (0.62, 0.2), (0.35, 0.58), (-0.15, 0.66), (-0.5, 0.4), (-0.66, 0.0)
    )
    head = ellipse(-0.42, -0.46, 0.36, 0.34)
    wing = curve((-0.2, -0.12), (0.25, -0.2), (0.7, 0.1), (0.82, 0.42), (0.3, 0.42), (-0.1, 0.28))
    parts = [
        Part(polygon((x, 0.5), (x + 0.07, 0.5), (x + 0.07, 1.0), (x, 1.0), step=_STEP), "ink") for x in (-0.2, 0.08)
    ]
    parts += [
        Part(polygon((x - 0.14, 0.95), (x + 0.1, 0.95), (x + 0.1, 1.0), (x - 0.14, 1.0)), "ink") for x in (-0.18, 0.1)
    ]
    parts += [Part(tail, "second", "round"), Part(body, "main", "round"), Part(head, "main", "round")]
    parts += [Part(curve((-0.56, -0.05), (-0.3, -0.1), (-0.1, 0.2), (-0.2, 0.5), (-0.45, 0.34)), "main_light")]
    parts += [Part(wing, "second", "round")]
    parts += [
        Part(blade(0.0 + 0.1 * i, 0.02 + 0.1 * i, 0.5 - 0.06 * i, 0.028, 0.42, 4), "second_light") for i in range(3)
    ]
    parts += [Part(polygon((-0.72, -0.58), (-1.0, -0.4), (-0.72, -0.32), step=_STEP), "third", "round")]
    parts += [Part(ellipse(-0.5, -0.52, 0.1, 0.1, 12), "paper"), Part(ellipse(-0.52, -0.52, 0.05, 0.05, 10), "ink")]
    parts += [Part(blade(-0.3, -0.76, 0.32, 0.05, a, 4), "second") for a in (-1.9, -1.4, -0.9)]
    return parts


def _tree() -> list[Part]:
    trunk = curve(
        (-0.24, 1.0),
        (-0.11, 0.7),
        (-0.1, 0.3),
        (-0.16, 0.0),
        (0.14, 0.0),
        (0.1, 0.4),
        (0.14, 0.75),
        (0.3, 1.0),
        (0.0, 1.02),
        steps=3,
    )
    branches = [
        polygon((0.04, 0.46), (0.4, 0.0), (0.5, 0.06), (0.08, 0.62), step=_STEP),
        polygon((-0.04, 0.4), (-0.36, 0.02), (-0.45, 0.08), (-0.08, 0.56), step=_STEP),
    ]
    angles = np.arange(60) * (2 * math.pi / 60)
    reach = 0.8 + 0.2 * np.sqrt(np.abs(np.sin(5 * angles)))
    crown = np.stack([0.94 * reach * np.cos(angles), -0.36 + 0.64 * reach * np.sin(angles)], axis=1)
    parts = [Part(branch, "second_dark") for branch in branches]
    parts += [Part(trunk, "second_dark", "round"), Part(crown, "main", "round")]
    leaves = (
        (-0.6, -0.28, -0.7),
        (-0.3, -0.66, -1.2),
        (0.1, -0.72, -1.7),
        (0.46, -0.58, -2.2),
        (0.66, -0.22, -2.8),
        (-0.1, -0.3, -1.5),
    )
    parts += [Part(blade(x, y, 0.3, 0.06, a + 0.6, 5), "main_dark") for x, y, a in leaves]
    fruit = ((-0.48, -0.02), (0.02, -0.06), (0.5, 0.0), (-0.42, -0.5), (0.36, -0.36), (-0.02, -0.46), (0.22, -0.72))
    return parts + [Part(ellipse(x, y, 0.085, 0.085, 12), "third") for x, y in fruit]


def _house() -> list[Part]:
    chimney = polygon((0.32, -0.4), (0.32, -0.92), (0.54, -0.92), (0.54, -0.2), step=_STEP)
    wall = polygon((-0.72, 1.0), (-0.72, -0.14), (0.72, -0.14), (0.72, 1.0), step=_STEP)
    roof = polygon((-0.96, -0.1), (-0.1, -0.86), (0.1, -0.86), (0.96, -0.1), step=_STEP)
    door = polygon((-0.17, 1.0), (-0.17, 0.44), (-0.12, 0.34), (0.12, 0.34), (0.17, 0.44), (0.17, 1.0), step=_STEP)
    parts = [
        Part(chimney, "second_dark"),
        Part(wall, "main", "flat"),
        Part(roof, "second", "flat"),
        Part(door, "second_dark"),
    ]
    parts += [Part(ellipse(0.09, 0.7, 0.035, 0.035, 8), "third")]
    for x in (-0.46, 0.46):
        parts += [
            Part(
                polygon((x - 0.17, 0.1), (x + 0.17, 0.1), (x + 0.17, 0.48), (x - 0.17, 0.48), step=_STEP), "third_light"
            )
        ]
        parts += [Part(polygon((x - 0.02, 0.1), (x + 0.02, 0.1), (x + 0.02, 0.48), (x - 0.02, 0.48)), "main_dark")]
        parts += [Part(polygon((x - 0.17, 0.27), (x + 0.17, 0.27), (x + 0.17, 0.31), (x - 0.17, 0.31)), "main_dark")]
    return [*parts, Part(ellipse(0.0, -0.4, 0.12, 0.12, 14), "third_light")]


def _boat() -> list[Part]:
    hull = curve(
        (-0.98, 0.4), (-0.4, 0.46), (0.4, 0.46), (0.98, 0.36), (0.78, 0.78), (0.5, 0.98), (-0.45, 0.98), (-0.78, 0.8)
    )
    mast = polygon((-0.06, 0.5), (-0.06, -1.0), (0.02, -1.0), (0.02, 0.5), step=_STEP)
    main = polygon((0.07, -0.92), (0.34, -0.5), (0.62, 0.0), (0.78, 0.32), (0.07, 0.32), step=_STEP)
    jib = polygon((-0.11, -0.72), (-0.11, 0.32), (-0.7, 0.32), (-0.42, -0.2), step=_STEP)
    flag = polygon((0.02, -1.0), (0.34, -0.92), (0.02, -0.82), step=_STEP)
    parts = [Part(mast, "ink"), Part(main, "main", "flat"), Part(jib, "paper", "flat"), Part(flag, "second")]
    parts += [Part(polygon((0.07, -0.2), (0.5, -0.2), (0.58, -0.06), (0.07, -0.06), step=_STEP), "main_light")]
    parts += [
        Part(hull, "main", "round"),
        Part(polygon((-0.88, 0.52), (0.9, 0.5), (0.86, 0.6), (-0.85, 0.62), step=_STEP), "second"),
    ]
    parts += [Part(ellipse(x, 0.74, 0.07, 0.07, 10), "paper") for x in (-0.4, 0.0, 0.4)]
    for y, role, wide in ((0.92, "far2", 1.28), (1.0, "sky2", 1.05)):
        xs = np.linspace(-wide, wide, 17)
        top = np.stack([xs, y + 0.045 * np.cos(xs * 14)], axis=1)
        low = np.stack([xs[::-1] * 0.96, np.full(17, y + 0.13)], axis=1)
        parts.append(Part(np.concatenate([top, low]), role))
    return parts


def _flower() -> list[Part]:
    stem = curve((-0.05, 1.0), (-0.03, 0.5), (-0.04, 0.0), (0.05, 0.0), (0.07, 0.5), (0.06, 1.0))
    parts = [Part(stem, "second_dark", "round")]
    parts += [Part(blade(0.0, 0.92, 0.85, 0.15, a, 7), "second", "round") for a in (-0.62, math.pi + 0.62)]
    petals = range(9)
    for i in petals:
        angle = 2 * math.pi * i / len(petals) + 0.17
        x, y = 0.4 * math.cos(angle), -0.32 + 0.4 * math.sin(angle)
        parts.append(Part(ellipse(x, y, 0.3, 0.165, 14, angle), "main", "round"))
    parts += [Part(ellipse(0.0, -0.32, 0.22, 0.22, 18), "third", "round")]
    dots = [(0.11 * math.cos(a), -0.32 + 0.11 * math.sin(a)) for a in np.arange(6) * math.pi / 3]
    return parts + [Part(ellipse(x, y, 0.03, 0.03, 8), "third_dark") for x, y in dots]


def _bottle() -> list[Part]:
    body = curve(
        (-0.42, 0.98), (-0.46, 0.6), (-0.46, 0.1), (-0.4, -0.12), (-0.17, -0.36), (-0.15, -0.6), (-0.15, -0.8),
        (0.15, -0.8), (0.15, -0.6), (0.17, -0.36), (0.4, -0.12), (0.46, 0.1), (0.46, 0.6),
        (0.42, 0.98), (0.0, 1.02), steps=3,
    )  # fmt: skip
    cork = polygon((-0.12, -1.0), (0.12, -1.0), (0.13, -0.78), (-0.13, -0.78), step=_STEP)
    collar = polygon((-0.19, -0.84), (0.19, -0.84), (0.19, -0.72), (-0.19, -0.72), step=_STEP)
    label = polygon((-0.455, 0.16), (0.455, 0.16), (0.455, 0.66), (-0.455, 0.66), step=_STEP)
    parts = [
        Part(cork, "third", "round"),
        Part(body, "main", "round"),
        Part(collar, "main_dark"),
        Part(label, "paper", "flat"),
    ]
    parts += [Part(blade(-0.02, 0.62, 0.34, 0.045, a, 5), "second") for a in (-1.57, -0.75, -2.4)]
    parts += [Part(ellipse(x, y, 0.06, 0.06, 10), "third") for x, y in ((-0.28, 0.28), (0.26, 0.28), (0.0, 0.24))]
    return [
        *parts,
        Part(
            curve((-0.33, 0.08), (-0.34, -0.04), (-0.22, -0.22), (-0.2, -0.16), (-0.27, 0.0), (-0.27, 0.1)),
            "main_light",
        ),
    ]


_DRAW = {
    "cat": _cat,
    "bird": _bird,
    "tree": _tree,
    "house": _house,
    "boat": _boat,
    "flower": _flower,
    "bottle": _bottle,
}


@lru_cache(maxsize=32)
def _parts(subject: int, emotion: int) -> tuple[Part, ...]:
    name = SLOTS[0].values[subject]
    return tuple(face_parts(SLOTS[-1].values[emotion]) if name == "face" else _DRAW[name]())


@lru_cache(maxsize=512)
def subject_group(subject: int, emotion: int, lighting: int, side: int, melting: bool = False) -> Group:
    """A subject under a level of lighting; ``side`` is -1 where the light comes from the left, 1 from the right.

    ``melting`` adds the drops that run off it.
    """
    out: list[Part] = []
    for part in _parts(subject, emotion):
        out += _lit(part, lighting, side) if part.form and lighting else [part]
    return group(out + (_drips() if melting else []))


_EDGE = {"main": "main_soft", "second": "second_soft", "third": "third_soft", "paper": "sky2"}


def _lit(part: Part, lighting: int, side: int) -> list[Part]:
    """A part with its lights and shades, each cut from paper of its own."""
    points, role = part.points, part.role
    tones = {"paper": ("sky_shadow", "paper", "paper")}
    dark, base, light = tones.get(role, (f"{role}_dark", role, f"{role}_light"))
    if role == "second_dark":
        return [part]
    if part.form == "flat":
        middle, half = points[:, 0].mean(), np.ptp(points[:, 0]) / 2
        shade = beyond(points, float(middle - side * half * (0.2 if lighting == 2 else 0.72)), -side)
        tone = dark if lighting == 2 else _EDGE.get(role, base)
        return [part, Part(shade, tone)] if len(shade) > 2 else [part]
    if lighting == 1:
        soft = base if role == "paper" else f"{role}_soft"
        return [part, Part(shrunk(points, 0.5, (0.5 * side, -0.5)), soft)]
    return [
        Part(points, dark),
        Part(shrunk(points, 0.8, (0.85 * side, -0.75)), base),
        Part(shrunk(points, 0.36, (0.6 * side, -0.55)), light),
    ]


def _drips() -> list[Part]:
    """Tongues and drops of wax that run down from a subject."""
    parts = []
    for x, top, end, wide in (
        (-0.66, 0.3, 1.02, 0.07),
        (-0.34, 0.7, 1.2, 0.09),
        (0.05, 0.82, 1.38, 0.075),
        (0.38, 0.66, 1.12, 0.1),
        (0.68, 0.25, 0.9, 0.065),
    ):
        tongue = curve(
            (x - wide, top),
            (x + wide, top),
            (x + wide * 0.6, end - 0.2),
            (x + wide, end),
            (x, end + wide),
            (x - wide, end),
            (x - wide * 0.6, end - 0.2),
            steps=3,
        )
        parts += [
            Part(tongue, "main"),
            Part(ellipse(x - wide * 0.3, end - 0.03, wide * 0.25, wide * 0.5, 8), "main_light"),
        ]
    return parts


@lru_cache(maxsize=32)
def shadow_group(subject: int) -> Group:
    """The outlines that throw a subject's shadow."""
    return group([Part(part.points, "shadow") for part in _parts(subject, 1) if part.form])
