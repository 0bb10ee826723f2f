"""Where everything goes in a picture, from the setting at the back to what stands in front."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fauve.lab.backdrops import backdrop, smear
from fauve.lab.canvas import Bend, Canvas
from fauve.lab.colours import scheme
from fauve.lab.effects import noise_patch
from fauve.lab.ornaments import STRAYS, companion, ornaments, stray
from fauve.lab.scene import FACE
from fauve.lab.shapes import Part, Points, ellipse, group
from fauve.lab.subjects import shadow_group, subject_group

__all__ = ["compose"]


def _melt(level: int, u: float) -> Bend | None:
    """How forms bend in their own box: not at all, a little, or like wax."""
    if level == 2:
        return None
    phase, tilt = 2 * math.pi * u, 0.17 if u < 0.5 else -0.17

    def bend(points: Points) -> Points:
        x, y = points[:, 0], points[:, 1]
        if level == 1:
            return np.stack(
                [x + tilt * (1 - y) + 0.13 * np.sin(2.6 * y + phase), y + 0.09 * np.sin(3.1 * x + phase)], axis=1
            )
        drip = 0.34 * np.clip(y + 0.5, 0, 2) * np.sin(4.3 * x + phase) ** 2
        return np.stack(
            [x + 0.26 * np.sin(2.9 * y + phase) + 0.07 * np.sin(8 * y), y + 0.16 * np.sin(3.3 * x + phase) + drip],
            axis=1,
        )

    return bend


def _sway(level: int, u: float) -> Bend | None:
    """How the setting bends, in canvas coordinates."""
    if level == 2:
        return None
    size, phase = (0.045, 2 * math.pi * u) if level == 0 else (0.02, 2 * math.pi * u)
    return lambda p: p + size * np.sin(11 * p[:, ::-1] + phase)


def _place(level: int, side: int, up: bool, u: Sequence[float]) -> tuple[float, float, float]:
    """Centre and half width of the subject: prominent, beside the middle, or lost at the edge."""
    dx, dy, grow = 0.03 * (u[0] - 0.5), 0.03 * (u[1] - 0.5), 1 + 0.08 * (u[2] - 0.5)
    if level == 2:
        return 0.5 + dx, 0.53 + dy, 0.35 * grow
    if level == 1:
        return 0.5 + 0.2 * side + dx, 0.57 + (-0.04 if up else 0.06) + dy, 0.21 * grow
    return 0.5 + 0.42 * side + dx, (0.13 if up else 0.88) + dy, 0.125 * grow


def compose(scene: dict[str, int], u: Sequence[float], side: int) -> Canvas:
    """Lay everything that is cut from paper, back to front."""
    canvas = Canvas(side, scheme(scene["hue"], scene["palette"], scene["color aesthetic"]))
    toward = -1 if scene["corner"] % 2 == 0 else 1
    melts = scene["detail realism"]
    sway, melt = _sway(melts, u[3]), _melt(melts, u[4])
    if scene["background"] == 0:
        smear(canvas, noise_patch(u[5], u[6], 12))
    else:
        backdrop(canvas, scene["layout"], scene["background"], (0.02 * (u[7] - 0.5), 0.0), sway)
    trim = ornaments(scene["richness"], int(4 * u[8]))
    if trim is not None:
        canvas.lay(trim, bend=sway)
    place = _place(scene["main object"], toward, scene["corner"] < 2, u)
    _shadow(canvas, scene, place, toward, melt)
    x, y, half = place
    lit = subject_group(scene["subject"], scene["emotion"], scene["lighting distinction"], toward, melts == 0)
    canvas.lay(lit, (x, y), half, bend=melt)
    if scene["object pairing"] == 2:
        away = -toward if scene["main object"] < 2 else (1 if u[9] < 0.5 else -1)
        canvas.lay(companion(scene["subject"]), (0.5 + 0.35 * away, 0.82), 0.15, bend=melt)
    elif scene["object pairing"] == 0:
        _intrude(canvas, scene["main object"], toward, u)
    return canvas


def _shadow(
    canvas: Canvas, scene: dict[str, int], place: tuple[float, float, float], toward: int, melt: Bend | None
) -> None:
    """What the subject keeps the light from: the wall behind a head, the ground under all else."""
    x, y, half = place
    light = scene["lighting distinction"]
    role = "sky_shadow" if scene["subject"] == FACE or not scene["background"] else "ground_shadow"
    if light == 0:
        return
    if scene["subject"] == FACE:
        away = 0.34 if light == 2 else 0.07
        canvas.lay(shadow_group(FACE), (x - toward * half * away, y + half * 0.5 * away), half, bend=melt, role=role)
    elif light == 1:
        canvas.lay(_CONTACT, (x, y + half), half, role=role)
    else:
        # The feet stay where they are while the top falls away from the light.
        lean = 0.85 * toward
        canvas.lay(
            shadow_group(scene["subject"]),
            (x - lean * half, y + half * 0.66),
            (half, half * 0.34),
            bend=melt,
            role=role,
            lean=lean,
        )


def _intrude(canvas: Canvas, prominence: int, toward: int, u: Sequence[float]) -> None:
    """Two things that belong nowhere, on either side of a subject in the middle and away from any other."""
    first = -toward if prominence < 2 or u[10] < 0.5 else toward
    second = first if prominence < 2 else -first
    for i, (dx, dy, size) in enumerate(((0.34 * first, 0.25, 0.17), (0.3 * second, 0.74, 0.2))):
        kind, tilt = (int(3 * u[12]) + i) % len(STRAYS), int(4 * u[11]) ^ i
        canvas.lay(stray(kind, tilt), (0.5 + dx, dy), size)


_CONTACT = group([Part(ellipse(0.0, -0.02, 0.95, 0.13, 18), "shadow")])
