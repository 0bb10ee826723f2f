"""What an instrument is: a measured property of a picture, with its definition, its limits and its scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fauve.instruments.scale import Scale
from fauve.instruments.views import Measured, Picture

__all__ = ["Instrument"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One measured property.

    ``read`` takes the shared views of a picture; calling the instrument itself takes an array as well. ``unit``
    is the unit of the reading. ``definition`` says in a sentence what is computed and who published it.
    ``dimension`` is the aesthetic axis that it speaks for; ``direct`` is False where it is only a proxy.
    ``blind_to`` says what it cannot see. ``scale`` maps a reading to [0, 2].
    """

    name: str
    read: Callable[[Measured], float]
    unit: str
    definition: str
    dimension: str
    direct: bool
    blind_to: str
    scale: Scale

    def __call__(self, image: Picture | Measured) -> float:
        """The reading of a uint8 RGB picture (h, w, 3) in the instrument's unit, always finite."""
        return self.read(image if isinstance(image, Measured) else Measured(image))

    def score(self, image: Picture | Measured) -> float:
        """The reading of the picture on the scale from 0 (low end of the dimension) to 2 (high end)."""
        return float(np.float64(self.scale(self(image))))
