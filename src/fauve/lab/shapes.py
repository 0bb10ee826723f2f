"""Shapes cut from paper: polygons in unit coordinates, and groups of them that are placed together.

A polygon is a float array (k, 2) of (x, y), y downwards. A :class:`Group` holds many polygons in one array, so that
placing and bending it costs one pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Group", "Part", "beyond", "blade", "curve", "ellipse", "group", "polygon", "shrunk"]

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of paper and the colour role that it is cut from.

    A part with a ``form`` takes light and throws shadow: "round" wraps it, "flat" is split by it. In a setting, a
    part with a form is one that stays when the setting is plain.
    """

    points: Points
    role: str
    form: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Polygons placed together: ``points`` (K, 2), and for each polygon its first and last row and its role."""

    points: Points
    pieces: tuple[tuple[int, int, str], ...]


def group(parts: Sequence[Part]) -> Group:
    """Put parts into one group, in drawing order."""
    ends = np.cumsum([len(part.points) for part in parts]).tolist()
    starts = [0, *ends[:-1]]
    pieces = tuple((a, b, part.role) for a, b, part in zip(starts, ends, parts, strict=True))
    return Group(np.concatenate([part.points for part in parts]), pieces)


def polygon(*points: tuple[float, float], step: float = 0.0) -> Points:
    """A polygon through points; ``step`` > 0 puts extra points on its edges, so that it can be bent."""
    corners = np.array(points, dtype=np.float64)
    if not step:
        return corners
    out = []
    for here, there in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        n = max(1, math.ceil(float(np.hypot(*(there - here))) / step))
        out.append(here + (there - here) * (np.arange(n) / n)[:, None])
    return np.concatenate(out)


def curve(*points: tuple[float, float], steps: int = 5) -> Points:
    """A closed, smooth outline through points (Catmull–Rom)."""
    p = np.array(points, dtype=np.float64)
    before, after, beyond = np.roll(p, 1, axis=0), np.roll(p, -1, axis=0), np.roll(p, -2, axis=0)
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (before, p, after, beyond))
    line = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(line.reshape(-1, 2))


def ellipse(x: float, y: float, rx: float, ry: float, n: int = 22, turn: float = 0.0) -> Points:
    """An ellipse of ``n`` points, turned by ``turn`` radians."""
    t = np.arange(n) * (2 * math.pi / n)
    u, v = rx * np.cos(t), ry * np.sin(t)
    return np.stack([x + u * math.cos(turn) - v * math.sin(turn), y + u * math.sin(turn) + v * math.cos(turn)], axis=1)


def blade(x: float, y: float, length: float, width: float, angle: float, n: int = 6) -> Points:
    """A leaf from (x, y), ``length`` long towards ``angle`` (radians, 0 to the right), pointed at both ends."""
    t = np.linspace(0, 1, n)
    side = width * np.sin(math.pi * t**0.8)
    along = np.concatenate([t, t[-2:0:-1]]) * length
    across = np.concatenate([side, -side[-2:0:-1]])
    ca, sa = math.cos(angle), math.sin(angle)
    return np.stack([x + along * ca - across * sa, y + along * sa + across * ca], axis=1)


def beyond(points: Points, x: float, side: int) -> Points:
    """What a vertical cut at ``x`` leaves of the polygon on the right (``side`` 1) or the left (-1); may be empty."""
    out: list[Points] = []
    for here, there in zip(points, np.roll(points, -1, axis=0), strict=True):
        a, b = side * (here[0] - x), side * (there[0] - x)
        if a >= 0:
            out.append(here)
        if a * b < 0:
            out.append(here + (there - here) * (a / (a - b)))
    return np.array(out).reshape(-1, 2)


def shrunk(points: Points, factor: float, towards: tuple[float, float]) -> Points:
    """The polygon made smaller inside itself, towards the side of its box that ``towards`` (in -1..1) names."""
    low, high = points.min(axis=0), points.max(axis=0)
    anchor = (low + high) / 2 + np.array(towards) * (high - low) / 2
    return np.asarray(anchor + factor * (points - anchor), dtype=np.float64)
