"""Ruined exposure, computed in linear light: stops are stops."""

from __future__ import annotations

import numpy as np

from fauve.stimuli.raster import blur, linear, unlinear
from fauve.stimuli.record import Effect, Floats, Picture

__all__ = ["OVEREXPOSURE", "UNDEREXPOSURE", "overexposure", "underexposure"]

STOPS_UNDER = 5.5
STOPS_OVER = 4.0
BLOOM = 0.012
"""Sigma of the glow that blown highlights throw into the lens, as a share of the longer side."""


def underexposure(image: Picture, strength: float, seed: int) -> Picture:
    """Takes away up to 5.5 stops of light."""
    return unlinear(linear(image) * np.float32(2.0 ** (-STOPS_UNDER * strength)))


def overexposure(image: Picture, strength: float, seed: int) -> Picture:
    """Adds up to 4 stops, clips what the sensor cannot hold, and lets the excess glow into its surroundings."""
    light: Floats = linear(image) * np.float32(2.0 ** (STOPS_OVER * strength))
    glow = blur(np.clip(light - 1, 0, 3).astype(np.float32), BLOOM * max(image.shape))
    return unlinear((light + 0.35 * strength * np.maximum(glow, 0)).astype(np.float32))


UNDEREXPOSURE = Effect(
    "underexposure",
    "color brightness",
    "so underexposed that almost nothing can be seen",
    "exposure",
    -1,
    underexposure,
    seeded=False,
)

OVEREXPOSURE = Effect(
    "overexposure",
    "color brightness",
    "overexposed until the highlights burn out to white",
    "exposure",
    1,
    overexposure,
    seeded=False,
)
