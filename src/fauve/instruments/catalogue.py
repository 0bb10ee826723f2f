"""All instruments, what they say together, and what none of them can see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fauve.instruments.background import BACKGROUND_DETAIL
from fauve.instruments.banding import BANDING, PLATEAUS
from fauve.instruments.blockiness import BLOCKINESS
from fauve.instruments.coherence import LAYOUT_COHERENCE
from fauve.instruments.colourfulness import COLOURFULNESS
from fauve.instruments.contours import CONTOUR_WAVINESS, VERTICAL_STREAKING
from fauve.instruments.contrast import CONTRAST, LIGHT_RANGE
from fauve.instruments.exposure import CLIPPING, EXPOSURE
from fauve.instruments.noise import NOISE
from fauve.instruments.palette import HUE_DISHARMONY, PALETTE_DISCORD
from fauve.instruments.record import Instrument
from fauve.instruments.richness import EDGE_DENSITY, ENTROPY
from fauve.instruments.sharpness import SHARPNESS
from fauve.instruments.subject import SUBJECT_EXTENT, SUBJECT_OFFSET
from fauve.instruments.symmetry import MIRROR_SYMMETRY
from fauve.instruments.tint import SICKLY_TINT
from fauve.instruments.views import Measured, Picture

__all__ = [
    "CANNOT_SEE",
    "COMBINATIONS",
    "INSTRUMENTS",
    "dimension_scores",
    "measure",
    "polish",
    "polish_of",
    "score_dimensions",
]

INSTRUMENTS: dict[str, Instrument] = {
    instrument.name: instrument
    for instrument in (
        SHARPNESS,
        EXPOSURE,
        CLIPPING,
        COLOURFULNESS,
        PALETTE_DISCORD,
        HUE_DISHARMONY,
        SICKLY_TINT,
        NOISE,
        BANDING,
        PLATEAUS,
        BLOCKINESS,
        CONTRAST,
        LIGHT_RANGE,
        SUBJECT_OFFSET,
        SUBJECT_EXTENT,
        LAYOUT_COHERENCE,
        EDGE_DENSITY,
        ENTROPY,
        BACKGROUND_DETAIL,
        MIRROR_SYMMETRY,
        CONTOUR_WAVINESS,
        VERTICAL_STREAKING,
    )
}
"""Every instrument by name."""

COMBINATIONS: dict[str, str] = {
    "background": "mean",
    "clarity": "mean",
    "color aesthetic": "minimum",
    "color brightness": "minimum",
    "detail realism": "mean",
    "detail refinement": "minimum",
    "lighting distinction": "mean",
    "main object": "minimum",
    "object pairing": "mean",
    "richness": "mean",
    "symmetry": "mean",
}
"""How the instruments of a dimension are combined.

``minimum`` where each instrument looks for another fault and one fault is enough: a picture full of grain is coarse
however free of banding it is. ``mean`` where they are two readings of one thing, where one alone is too weak a proxy
to overrule the other (detail realism), or where there is only one.
"""

CANNOT_SEE: dict[str, str] = {
    "emotion": "No instrument speaks for it: mood lies in what is shown, not in measured properties of pixels.",
    "detail realism": (
        "Only buckled contours and downward smears are seen, as weak proxies; wrong anatomy, impossible objects and "
        "garbled text drawn cleanly are not."
    ),
    "object pairing": (
        "Only whether colours lie in pieces is seen; whether the things belong together is a matter of what they are."
    ),
    "main object": "Only where saliency lies and how far it spreads is seen, not whether it is the subject asked for.",
}
"""Dimensions that instruments cannot see at all (emotion) or only through a proxy, with the reason."""

_RULES: dict[str, Callable[[Sequence[float]], np.floating]] = {"minimum": np.min, "mean": np.mean}


def measure(image: Picture) -> dict[str, float]:
    """The readings of all instruments on a uint8 RGB picture (h, w, 3), by name, each in its own unit, finite."""
    views = Measured(image)
    return {name: instrument(views) for name, instrument in INSTRUMENTS.items()}


def dimension_scores(readings: Mapping[str, float]) -> dict[str, float]:
    """The dimensions that instruments can speak for, each in [0, 2], from the readings of :func:`measure`."""
    scores: dict[str, list[float]] = {dimension: [] for dimension in COMBINATIONS}
    for name, instrument in INSTRUMENTS.items():
        scores[instrument.dimension].append(float(np.float64(instrument.scale(readings[name]))))
    return {dimension: float(_RULES[COMBINATIONS[dimension]](values)) for dimension, values in scores.items()}


def polish_of(dimensions: Mapping[str, float]) -> float:
    """The prompt-blind taste: the mean of all dimension scores, in [0, 2].

    What conventional taste would choose if it only had eyes for finish: sharp, well exposed, colourful in harmony,
    fine in texture, lit with contrast, with a subject in the middle, full and balanced. It knows no prompt, so on
    a request for the opposite it is wrong by construction. All dimensions weigh the same because nothing measured
    says otherwise.
    """
    return float(np.mean(list(dimensions.values())))


def score_dimensions(image: Picture) -> dict[str, float]:
    """:func:`dimension_scores` of a uint8 RGB picture (h, w, 3); emotion is never among them."""
    return dimension_scores(measure(image))


def polish(image: Picture) -> float:
    """:func:`polish_of` a uint8 RGB picture (h, w, 3)."""
    return polish_of(score_dimensions(image))
