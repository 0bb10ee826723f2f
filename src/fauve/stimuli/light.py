"""Light without modelling: the difference between light and shade taken out, the detail left in."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

from fauve.stimuli.raster import lab, unlab
from fauve.stimuli.record import Effect, Floats, Picture

__all__ = ["FLAT_LIGHT", "flat_light"]

WINDOW = 0.16
"""Side of the window over which light counts as one, as a share of the longer side."""

EDGE = 9.0
"""Lightness difference that is kept as an edge of the light, which avoids haloes."""


def flat_light(image: Picture, strength: float, seed: int) -> Picture:
    """Compresses the broad differences of lightness to a fifteenth and leaves two thirds of the fine ones.

    The broad part is a guided filter of lightness (He, Sun and Tang, ECCV 2010); what is left is texture.
    """
    values = lab(image)
    light = values[..., 0]
    broad = _guided(light, max(3, round(WINDOW * max(image.shape))))
    middle = 0.5 * float(np.median(broad)) + 0.5 * 66
    values[..., 0] = light - strength * (1 - 1 / 15) * (broad - middle) - strength / 3 * (light - broad)
    values[..., 1:] *= np.float32(1 - 0.25 * strength)
    return unlab(values)


def _guided(light: Floats, window: int) -> Floats:
    mean = uniform_filter(light, window, mode="reflect")
    variance = np.maximum(uniform_filter(light**2, window, mode="reflect") - mean**2, 0)
    slope = variance / (variance + EDGE**2)
    offset = mean * (1 - slope)
    broad: Floats = uniform_filter(slope, window, mode="reflect") * light + uniform_filter(
        offset, window, mode="reflect"
    )
    return broad


FLAT_LIGHT = Effect(
    "flat-light",
    "lighting distinction",
    "in flat light without any shadows",
    "light-range",
    -1,
    flat_light,
    seeded=False,
)
