"""What all instruments read off a picture, taken once however many scorers and judges ask.

The same picture comes to polish, to single instruments and to the judge; measuring it is their whole cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fauve.instruments import dimension_scores, measure, polish_of
from fauve.keys import digest_bytes

__all__ = ["Reading", "reading"]

_KEPT = 1024
"""A reading is some forty numbers: so many of them cost less than one picture."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Readings by instrument in their units, dimension scores in [0, 2], and polish in [0, 2]."""

    instruments: Mapping[str, float]
    dimensions: Mapping[str, float]
    polish: float


def reading(picture: Image.Image) -> Reading:
    """The reading of an RGB picture; remembered by its pixels, the oldest forgotten first."""
    key = digest_bytes(picture.tobytes()), picture.size
    if key not in _READ:
        instruments = measure(np.asarray(picture))
        dimensions = dimension_scores(instruments)
        while len(_READ) >= _KEPT:
            _READ.pop(next(iter(_READ)))
        _READ[key] = Reading(instruments, dimensions, polish_of(dimensions))
    return _READ[key]


_READ: dict[tuple[str, tuple[int, int]], Reading] = {}
