"""Faces, and how five emotions show in brows, eyes and mouth."""

from __future__ import annotations

from fauve.lab.shapes import Part, Points, curve, ellipse, polygon

__all__ = ["face_parts"]

_STEP = 0.2
_EYE, _LINE = 0.3, -0.12


def _brow(x: float, y: float, lift: float, side: int, thick: float = 0.085) -> Points:
    """A brow about (x, y); a positive ``lift`` raises its inner end (side is -1 for the left eye)."""
    inner, outer = (x - side * 0.23, y - lift), (x + side * 0.23, y + lift)
    middle = (x, y - 0.05)
    return curve(inner, middle, outer, (x, middle[1] + thick * 1.2), (inner[0], inner[1] + thick * 1.5), steps=3)


def _head() -> list[Part]:
    hair = curve(
        (-0.86, 0.5), (-0.9, -0.1), (-0.72, -0.72), (-0.2, -1.02), (0.3, -1.0),
        (0.76, -0.66), (0.9, -0.05), (0.84, 0.52), (0.5, 0.62), (-0.5, 0.62), steps=3,
    )  # fmt: skip
    neck = curve((-0.22, 0.4), (0.22, 0.4), (0.24, 0.8), (0.3, 0.95), (0.0, 1.16), (-0.3, 0.95), (-0.24, 0.8), steps=4)
    dress = curve(
        (-1.06, 1.62), (-0.98, 1.12), (-0.7, 0.92), (-0.28, 0.84), (0.0, 1.04),
        (0.28, 0.84), (0.7, 0.92), (0.98, 1.12), (1.06, 1.62), steps=3,
    )  # fmt: skip
    head = curve(
        (0.0, -0.8), (0.42, -0.7), (0.66, -0.25), (0.62, 0.25), (0.36, 0.66),
        (0.0, 0.8), (-0.36, 0.66), (-0.62, 0.25), (-0.66, -0.25), (-0.42, -0.7), steps=4,
    )  # fmt: skip
    fringe = curve(
        (-0.66, -0.3), (-0.62, -0.72), (-0.1, -0.95), (0.5, -0.85), (0.68, -0.3), (0.36, -0.62), (-0.2, -0.66), steps=4
    )
    beads = [ellipse(x, 1.0 - 1.6 * x * x, 0.05, 0.05, 10) for x in (-0.26, -0.135, 0.0, 0.135, 0.26)]
    return [
        Part(hair, "second", "round"),
        Part(dress, "third", "flat"),
        Part(neck, "main_dark"),
        Part(head, "main", "round"),
        Part(fringe, "second"),
        *(Part(bead, "paper") for bead in beads),
    ]


def _eye(x: float, rx: float, ry: float, pupil: float, drop: float = 0.0) -> list[Part]:
    return [
        Part(ellipse(x, _LINE, rx + 0.03, ry + 0.03, 16), "ink"),
        Part(ellipse(x, _LINE, rx, ry, 16), "paper"),
        Part(ellipse(x, _LINE + drop, pupil, pupil, 12), "ink"),
    ]


def _happy() -> list[Part]:
    parts = []
    for side in (-1, 1):
        x = side * _EYE
        arc = curve((x - 0.21, 0.0), (x, -0.22), (x + 0.21, 0.0), (x + 0.14, 0.03), (x, -0.09), (x - 0.14, 0.03))
        parts += [Part(ellipse(side * 0.43, 0.22, 0.15, 0.11, 14), "blush"), Part(arc, "ink")]
        parts += [Part(_brow(x, -0.45, 0.03, side), "ink")]
    mouth = curve((-0.42, 0.22), (0.0, 0.3), (0.42, 0.22), (0.3, 0.52), (0.0, 0.66), (-0.3, 0.52))
    teeth = curve((-0.33, 0.28), (0.0, 0.345), (0.33, 0.28), (0.26, 0.42), (0.0, 0.46), (-0.26, 0.42))
    return [*parts, Part(mouth, "ink"), Part(teeth, "paper"), Part(ellipse(0.0, 0.57, 0.13, 0.06, 12), "blush")]


def _calm() -> list[Part]:
    parts = []
    for side in (-1, 1):
        x = side * _EYE
        parts += [*_eye(x, 0.17, 0.1, 0.085, 0.01), Part(_brow(x, -0.37, 0.035, side, 0.045), "ink")]
        lid = curve((x - 0.2, _LINE), (x, _LINE - 0.14), (x + 0.2, _LINE), (x, _LINE - 0.05))
        parts.append(Part(lid, "main_dark"))
    lips = curve((-0.23, 0.42), (-0.08, 0.39), (0.0, 0.41), (0.08, 0.39), (0.23, 0.42), (0.1, 0.53), (-0.1, 0.53))
    smile = curve((-0.27, 0.39), (-0.1, 0.45), (0.1, 0.45), (0.27, 0.39), (0.1, 0.475), (-0.1, 0.475))
    return [*parts, Part(lips, "lips"), Part(smile, "ink")]


def _sad() -> list[Part]:
    parts = []
    for side in (-1, 1):
        x = side * _EYE
        parts += [*_eye(x, 0.17, 0.13, 0.09, 0.05), Part(_brow(x, -0.38, 0.15, side), "ink")]
        lid = curve((x - side * 0.2, _LINE - 0.2), (x + side * 0.22, _LINE - 0.02), (x + side * 0.2, _LINE - 0.16))
        parts.append(Part(lid, "main_dark"))
        drop = curve(
            (x + side * 0.06, 0.0), (x + side * 0.18, 0.3), (x + side * 0.06, 0.46), (x - side * 0.06, 0.3), steps=4
        )
        parts.append(Part(drop, "tear"))
    mouth = curve(
        (-0.36, 0.64), (-0.2, 0.45), (0.0, 0.39), (0.2, 0.45), (0.36, 0.64), (0.18, 0.57), (0.0, 0.52), (-0.18, 0.57)
    )
    return [*parts, Part(mouth, "ink")]


def _angry() -> list[Part]:
    parts = []
    for side in (-1, 1):
        parts += _eye(side * _EYE, 0.18, 0.12, 0.09)
        brow = polygon((side * 0.02, -0.2), (side * 0.06, -0.06), (side * 0.56, -0.36), (side * 0.6, -0.56), step=_STEP)
        parts.append(Part(brow, "ink"))
    parts += [Part(polygon((x, -0.46), (x + 0.05, -0.46), (x + 0.03, -0.22), step=_STEP), "ink") for x in (-0.08, 0.03)]
    mouth = polygon((-0.4, 0.64), (-0.3, 0.34), (0.3, 0.34), (0.4, 0.64), step=_STEP)
    teeth = polygon((-0.32, 0.58), (-0.25, 0.4), (0.25, 0.4), (0.32, 0.58), step=_STEP)
    bars = [
        polygon((x - 0.018, 0.38), (x + 0.018, 0.38), (x + 0.018, 0.6), (x - 0.018, 0.6)) for x in (-0.13, 0.0, 0.13)
    ]
    middle = polygon((-0.3, 0.475), (0.3, 0.475), (0.3, 0.505), (-0.3, 0.505), step=_STEP)
    return [*parts, Part(mouth, "ink"), Part(teeth, "paper"), *(Part(bar, "ink") for bar in (*bars, middle))]


def _scared() -> list[Part]:
    parts = []
    for side in (-1, 1):
        parts += [*_eye(side * _EYE, 0.22, 0.26, 0.06), Part(_brow(side * 0.31, -0.56, 0.12, side, 0.06), "ink")]
    return [*parts, Part(ellipse(0.0, 0.51, 0.17, 0.24, 18), "ink"), Part(ellipse(0.0, 0.65, 0.1, 0.07, 10), "blush")]


_EXPRESSIONS = {"happy": _happy, "calm": _calm, "sad": _sad, "angry": _angry, "scared": _scared}


def face_parts(emotion: str) -> list[Part]:
    """A head with hair and shoulders that shows an emotion."""
    nose = curve((0.02, -0.14), (0.1, 0.12), (0.09, 0.25), (-0.07, 0.25), (-0.01, 0.1), (-0.03, -0.14), steps=3)
    return [*_head(), Part(nose, "main_dark"), *_EXPRESSIONS[emotion]()]
