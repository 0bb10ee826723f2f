"""Sharpness: how much a second blurring would take away."""

from __future__ import annotations

from skimage.measure import blur_effect

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["SHARPNESS"]

FILTER_LENGTH = 11


def sharpness(picture: Measured) -> float:
    """1 minus the perceptual blur of Crété-Roffet et al., in [0, 1]; 0 where nothing varies.

    The blur filter is 11 pixels long, as published; a shorter side of 16 pixels still holds it.
    """
    lightness = picture.quiet / 100
    if float(lightness.max() - lightness.min()) < 1 / 255:
        return 0.0
    blur: float = blur_effect(lightness, h_size=FILTER_LENGTH)  # type: ignore[no-untyped-call]
    return 1.0 - float(blur)


SHARPNESS = Instrument(
    name="sharpness",
    read=sharpness,
    unit="share of variation that a second blur removes",
    definition=(
        "One minus the no-reference perceptual blur: how little neighbouring differences shrink when the picture "
        "is blurred once more, noise being taken out first (Crété-Roffet, Dolmière, Ladret and Nicolas, SPIE Human "
        "Vision and Electronic Imaging 2007)."
    ),
    dimension="clarity",
    direct=True,
    blind_to=(
        "whether the sharp part is the subject; in a nearly black frame it reads what little there is, because it is "
        "relative to all variation"
    ),
    scale=SCALES["sharpness"],
)
