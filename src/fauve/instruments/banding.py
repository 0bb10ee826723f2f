"""Banding and plateaus: tones that come in steps with nothing between them."""

from __future__ import annotations

import numpy as np

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["BANDING", "PLATEAUS"]


def banding(picture: Measured) -> float:
    """Share of all change between neighbours that happens in steps with flat ground on both sides, in [0, 1]."""
    stepped = total = 0
    down, across = picture.native_steps
    for change in (down, across.T):
        middle = change[1:-1]
        alone = (middle > 1) & (change[:-2] == 0) & (change[2:] == 0)
        stepped += int(middle[alone].sum(dtype=np.int64))
        total += int(middle.sum(dtype=np.int64))
    return stepped / total if total else 0.0


def plateaus(picture: Measured) -> float:
    """Share of neighbouring pixels of exactly one colour, clipped black and white left out, in [0, 1]."""
    channels = picture.native_channels
    shaded = (channels.max(axis=0) > 3) & (channels.min(axis=0) < 252)
    down, across = picture.native_steps
    equal = int(((down == 0) & shaded[:-1]).sum()) + int(((across == 0) & shaded[:, :-1]).sum())
    counted = int(shaded[:-1].sum()) + int(shaded[:, :-1].sum())
    return equal / counted if counted else 0.0


BANDING = Instrument(
    name="banding",
    read=banding,
    unit="share of change",
    definition=(
        "Share of the change between neighbouring pixels that lies in isolated steps, the false contours of coarse "
        "quantisation (described by Daly and Feng, SPIE Color Imaging 2004); the share is our own measure."
    ),
    dimension="detail refinement",
    direct=True,
    blind_to="steps that noise or a later scaling has softened; it takes flat graphic art for banding",
    scale=SCALES["banding"],
)

PLATEAUS = Instrument(
    name="plateaus",
    read=plateaus,
    unit="share of neighbours",
    definition=(
        "Share of neighbouring pixels with exactly the same colour, clipped ones left out: the zero differences by "
        "which Wang, Bovik and Evans (ICIP 2000) and their followers find lost detail inside blocks; the share is "
        "our own measure."
    ),
    dimension="detail refinement",
    direct=True,
    blind_to="coarse blocks that noise or a later scaling has roughened, and skies that are rightly even",
    scale=SCALES["plateaus"],
)
