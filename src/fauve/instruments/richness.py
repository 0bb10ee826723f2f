"""Richness: how much of the frame holds edges, and how varied its tones are."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["EDGE_DENSITY", "ENTROPY"]

VISIBLE_STEP = 2.0
"""L* per pixel from which an edge counts: about twice the smallest visible difference."""


def edge_density(picture: Measured) -> float:
    """Share of pixels whose lightness gradient exceeds 2 L* per pixel, in [0, 1]."""
    return float((picture.gradient_magnitude > VISIBLE_STEP).mean())


def entropy(picture: Measured) -> float:
    """Shannon entropy of lightness in 64 steps, in bits, in [0, 6]."""
    steps = np.minimum((np.clip(picture.quiet, 0, 100) * (64 / 100)).astype(np.uint8), 63)
    shares = np.bincount(steps.ravel(), minlength=64) / steps.size
    return float(entr(shares).sum() / np.log(2))


EDGE_DENSITY = Instrument(
    name="edge-density",
    read=edge_density,
    unit="share of the frame",
    definition=(
        "Share of pixels on an edge, the edge density by which Rosenholtz, Li and Nakano (Journal of Vision 2007) and "
        "earlier Mack and Oliva (2004) measure clutter; the threshold of 2 L* per pixel is ours."
    ),
    dimension="richness",
    direct=False,
    blind_to="what the edges belong to: gravel and grain read as rich, a few telling things as poor",
    scale=SCALES["edge-density"],
)

ENTROPY = Instrument(
    name="entropy",
    read=entropy,
    unit="bit",
    definition="Entropy of the histogram of lightness in 64 steps (Shannon, Bell System Technical Journal 1948).",
    dimension="richness",
    direct=False,
    blind_to="where the tones lie: a smooth gradient has as many as a street scene",
    scale=SCALES["entropy"],
)
