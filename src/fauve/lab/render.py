"""From a scene to its picture, the same composition at every size from 48 to 512 pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.lab.composition import compose
from fauve.lab.effects import blurred, coarsened, exposed, light_field
from fauve.lab.scene import SLOTS, check_scenes

__all__ = ["LARGEST", "SMALLEST", "render", "render_many"]

SMALLEST, LARGEST = 48, 512
_NAMES = tuple(slot.name for slot in SLOTS)
_MASK = (1 << 64) - 1


def _draws(seed: int, n: int = 16) -> list[float]:
    """``n`` numbers in 0..1 that depend on the seed alone (SplitMix64)."""
    out = []
    state = seed & _MASK
    for _ in range(n):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        out.append((z ^ (z >> 31)) / 2**64)
    return out


_BLUR = (0.034, 0.015, 0.0)


def render(scene: NDArray[np.int64], seed: int, size: int) -> NDArray[np.uint8]:
    """Draw one scene.

    Args:
        scene: (S,) tokens.
        seed: Small accidents: placement, the window of grain, which stray objects.
        size: Pixels a side, 48 to 512.

    Returns:
        (size, size, 3) uint8, sRGB.
    """
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"a picture of {size} pixels: give a size from {SMALLEST} to {LARGEST}")
    check_scenes(np.asarray(scene)[None])
    values = dict(zip(_NAMES, (int(t) for t in scene), strict=True))
    u = _draws(int(seed))
    sigma = _BLUR[values["clarity"]]
    # What will be blurred may be drawn small or coarsely: nobody can see the difference.
    side = max(SMALLEST, size * 2 // 5) if values["clarity"] == 0 else size
    factor = 4 if side < 64 else 3 if side <= 256 and values["clarity"] == 2 else 2
    image = compose(values, u, side * factor).image.reduce(factor)
    if sigma:
        image = blurred(image, sigma * side, size)
    pixels = np.asarray(image, dtype=np.float32)
    light = values["lighting distinction"]
    if light:
        pixels = pixels * light_field(
            size, -1 if values["corner"] % 2 == 0 else 1, int(values["corner"] < 2), 0.2 if light == 1 else 0.46
        )
    else:
        pixels = pixels * np.float32(0.82) + np.float32(24.0)
    bright = values["color brightness"]
    pixels = exposed(pixels, bright)
    if values["detail refinement"] < 2:
        pixels = coarsened(pixels, values["detail refinement"], u[14], u[15], (0.3, 0.7, 1.0)[bright])
    return np.asarray(np.clip(pixels + 0.5, 0, 255), dtype=np.uint8)


def render_many(scenes: NDArray[np.int64], seeds: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Draw many scenes, (n, size, size, 3) uint8; each as :func:`render` draws it alone."""
    out = np.empty((len(scenes), size, size, 3), dtype=np.uint8)
    for i, (scene, seed) in enumerate(zip(scenes, seeds, strict=True)):
        out[i] = render(scene, int(seed), size)
    return out
