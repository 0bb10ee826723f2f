"""What an effect is: a graded, seeded way of doing to a picture what a prompt can ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Effect", "Floats", "Picture"]

Picture = NDArray[np.uint8]
"""A picture: uint8 RGB of shape (h, w, 3)."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Effect:
    """One anti-aesthetic effect.

    ``render(image, strength, seed)`` takes a picture and a strength in (0, 1] and returns a picture of the same
    shape; call it through :func:`fauve.stimuli.apply`, which checks its input and keeps strength 0 exact.
    ``request`` is the clause by which a prompt asks for the effect. ``instrument`` names the instrument of
    :data:`fauve.instruments.INSTRUMENTS` that must move as strength grows, ``direction`` says which way.
    ``seeded`` is False where the seed changes nothing.
    """

    name: str
    dimension: str
    request: str
    instrument: str
    direction: Literal[-1, 1]
    render: Callable[[Picture, float, int], Picture]
    seeded: bool = True
