"""All effects by name, and the one way to apply them."""

from __future__ import annotations

import math

import numpy as np

from fauve.errors import ConfigError, DataError, UnknownName
from fauve.stimuli.balance import LOPSIDED
from fauve.stimuli.clarity import DEFOCUS, MOTION_BLUR
from fauve.stimuli.colour import CLASHING_HUES, FADING, SICKLY_CAST
from fauve.stimuli.composition import PUSHED_ASIDE
from fauve.stimuli.emptiness import EMPTIED, WIPED_BACKGROUND
from fauve.stimuli.exposure import OVEREXPOSURE, UNDEREXPOSURE
from fauve.stimuli.form import MELT, WARP
from fauve.stimuli.light import FLAT_LIGHT
from fauve.stimuli.pairing import MISPLACED_PIECES, SCATTER
from fauve.stimuli.record import Effect, Picture
from fauve.stimuli.texture import COMPRESSION, GRAIN, PIXELATE, POSTERISE

__all__ = ["EFFECTS", "SMALLEST_SIDE", "apply"]

SMALLEST_SIDE = 16
"""Pictures with a shorter side than this have too few pixels for an effect to mean anything."""

EFFECTS: dict[str, Effect] = {
    effect.name: effect
    for effect in (
        DEFOCUS,
        MOTION_BLUR,
        UNDEREXPOSURE,
        OVEREXPOSURE,
        CLASHING_HUES,
        SICKLY_CAST,
        FADING,
        GRAIN,
        POSTERISE,
        PIXELATE,
        COMPRESSION,
        WARP,
        MELT,
        FLAT_LIGHT,
        PUSHED_ASIDE,
        SCATTER,
        MISPLACED_PIECES,
        EMPTIED,
        WIPED_BACKGROUND,
        LOPSIDED,
    )
}
"""Every effect by name, in the order of the families."""


def apply(effect_name: str, image: Picture, strength: float, seed: int) -> Picture:
    """The picture under an effect.

    Args:
        effect_name: a name of :data:`EFFECTS`.
        image: uint8 RGB of shape (h, w, 3), both sides at least 16 pixels; it is not changed.
        strength: from 0 (an exact copy) to 1.
        seed: fixes whatever the effect draws at random; the draw is the same at every strength.

    Returns:
        A new uint8 RGB array of the same shape; equal arguments give equal bytes.

    Raises:
        UnknownName: no effect is called so.
        ConfigError: strength is outside [0, 1] or not finite.
        DataError: the array is no such picture.
    """
    try:
        effect = EFFECTS[effect_name]
    except KeyError:
        raise UnknownName("effect", effect_name, EFFECTS) from None
    if not math.isfinite(strength) or not 0 <= strength <= 1:
        raise ConfigError(f"effect {effect_name!r} got strength {strength}. Give a number from 0 to 1.")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < SMALLEST_SIDE:
        raise DataError(
            f"effect {effect_name!r} got an array of {image.dtype} {image.shape}. Give uint8 RGB of shape "
            f"(h, w, 3) with both sides at least {SMALLEST_SIDE} pixels."
        )
    if strength == 0:
        return image.copy()
    return effect.render(image, float(strength), seed)
