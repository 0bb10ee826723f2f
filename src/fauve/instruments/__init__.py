"""Instruments: measured properties of a picture, without weights and without a prompt.

Each has a published definition, a unit, a dimension it speaks for, and a sentence on what it cannot see. Together
they make a judge that cannot be circular, and a control: :func:`polish` is what pure conventional taste would choose.
"""

from __future__ import annotations

from fauve.instruments.catalogue import (
    CANNOT_SEE,
    COMBINATIONS,
    INSTRUMENTS,
    dimension_scores,
    measure,
    polish,
    polish_of,
    score_dimensions,
)
from fauve.instruments.record import Instrument
from fauve.instruments.scale import Scale
from fauve.instruments.views import Measured

__all__ = [
    "CANNOT_SEE",
    "COMBINATIONS",
    "INSTRUMENTS",
    "Instrument",
    "Measured",
    "Scale",
    "dimension_scores",
    "measure",
    "polish",
    "polish_of",
    "score_dimensions",
]
