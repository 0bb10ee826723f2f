"""Blockiness: seams on the grid of eight pixels that JPEG leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Floats, Measured

__all__ = ["BLOCKINESS"]

PERIOD = 8
QUIET = 0.5
"""Added to the mean difference, in code values, so that an empty sky is not divided by nothing."""


def blockiness(picture: Measured) -> float:
    """How much larger differences are across block borders than elsewhere, as a multiple of the mean difference.

    Taken on the unscaled picture, for the phase of the grid that shows it most, averaged over rows and columns.
    About 0 without blocks; 8 at most.
    """
    luma = picture.native_luma
    return float(np.mean([_seams(np.abs(np.diff(luma, axis=axis)).mean(axis=1 - axis)) for axis in (0, 1)]))


def _seams(profile: Floats) -> np.float64:
    whole = len(profile) // PERIOD * PERIOD
    if whole == 0:
        return np.float64(0)
    by_phase: NDArray[np.float64] = profile[:whole].reshape(-1, PERIOD).mean(axis=0, dtype=np.float64)
    strongest = by_phase.max()
    others = (by_phase.sum() - strongest) / (PERIOD - 1)
    return np.float64((strongest - others) / (by_phase.mean() + QUIET))


BLOCKINESS = Instrument(
    name="blockiness",
    read=blockiness,
    unit="multiples of the mean difference",
    definition=(
        "Excess of differences across the borders of 8-pixel blocks over those inside (the blockiness of Wang, "
        "Sheikh and Bovik, ICIP 2002, taken relative to the picture's own activity)."
    ),
    dimension="detail refinement",
    direct=True,
    blind_to="blocks of other sizes and pictures that were scaled after they were compressed",
    scale=SCALES["blockiness"],
)
