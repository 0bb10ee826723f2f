"""The main object: where the salient mass lies, how much of the frame it takes, how far it stands out."""

from __future__ import annotations

import numpy as np

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["SUBJECT_EXTENT", "SUBJECT_OFFSET"]


def subject_offset(picture: Measured) -> float:
    """Distance of the centre of salient mass from the middle of the frame, in half diagonals, in [0, 1]."""
    saliency = picture.saliency
    total = float(saliency.sum())
    if total <= 0:
        return 0.0
    h, w = saliency.shape
    down = float((saliency.sum(axis=1) * (np.arange(h) + 0.5)).sum()) / total - h / 2
    across = float((saliency.sum(axis=0) * (np.arange(w) + 0.5)).sum()) / total - w / 2
    return float(np.hypot(down, across) / (np.hypot(h, w) / 2))


def subject_extent(picture: Measured) -> float:
    """Share of the frame over which the salient mass is spread (inverse participation ratio), in (0, 1].

    Of a constant picture it is 1: nothing stands out of it.
    """
    saliency = picture.saliency.astype(np.float64)
    energy = float((saliency**2).sum())
    return float(saliency.sum() ** 2 / energy / saliency.size) if energy > 0 else 1.0


SUBJECT_OFFSET = Instrument(
    name="subject-offset",
    read=subject_offset,
    unit="half diagonals",
    definition=(
        "Distance of the centre of the image-signature saliency (Hou, Harel and Koch, IEEE PAMI 2012) from the middle "
        "of the frame, the bias towards which viewers are known for (Tatler, Journal of Vision 2007)."
    ),
    dimension="main object",
    direct=False,
    blind_to="what the subject is, and a small subject in the very middle; detail elsewhere draws it away",
    scale=SCALES["subject-offset"],
)

SUBJECT_EXTENT = Instrument(
    name="subject-extent",
    read=subject_extent,
    unit="share of the frame",
    definition=(
        "Share of the frame that carries the image-signature saliency (Hou, Harel and Koch, IEEE PAMI 2012), as an "
        "inverse participation ratio; small where a speck stands in emptiness, large where nothing stands out."
    ),
    dimension="main object",
    direct=False,
    blind_to="what the subject is; many small things spread over the frame read as one large one",
    scale=SCALES["subject-extent"],
)
