"""A canvas on which paper shapes are laid, larger than the picture, so that its edges come out smooth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw

from fauve.lab.colours import Colour
from fauve.lab.shapes import Group, Points

__all__ = ["Bend", "Canvas"]

Bend = Callable[[Points], Points]
"""Displaces points: how forms melt."""


class Canvas:
    """A square of ``side`` pixels, drawn on in unit coordinates (0..1, y downwards)."""

    def __init__(self, side: int, colours: Mapping[str, Colour], ground: str = "sky") -> None:
        self.side = side
        self.colours = dict(colours)
        self.image = Image.new("RGB", (side, side), self.colours[ground])
        self._draw = ImageDraw.Draw(self.image)

    def lay(
        self,
        shapes: Group,
        at: tuple[float, float] = (0.0, 0.0),
        scale: float | tuple[float, float] = 1.0,
        *,
        bend: Bend | None = None,
        role: str | None = None,
        lean: float = 0.0,
    ) -> None:
        """Lay a group with its origin at ``at``, scaled, and leaning by ``lean`` (shear of x by y).

        ``bend`` works in the group's own coordinates, before it is placed; ``role`` overrides every piece's colour.
        """
        points = shapes.points if bend is None else bend(shapes.points)
        sx, sy = scale if isinstance(scale, tuple) else (scale, scale)
        placed = np.empty(points.shape, dtype=np.float32)
        side = self.side
        if lean:
            placed[:, 0] = (at[0] + sx * (points[:, 0] + lean * points[:, 1])) * side
        else:
            placed[:, 0] = points[:, 0] * (sx * side) + at[0] * side
        placed[:, 1] = points[:, 1] * (sy * side) + at[1] * side
        flat = placed.reshape(-1).tolist()
        colours, polygon = self.colours, self._draw.polygon
        for start, end, own in shapes.pieces:
            polygon(flat[2 * start : 2 * end], colours[role or own])
