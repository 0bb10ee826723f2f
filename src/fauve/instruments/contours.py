"""Contours: do they still bend when fine texture is smoothed away, and do they all run downwards?"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Floats, Measured

__all__ = ["CONTOUR_WAVINESS", "VERTICAL_STREAKING"]

FINE, BROAD = 1.0, 3.5
"""Sigmas, in pixels of the working copy, at which the curvature of contours is compared."""

FAINT = 0.05
"""Gradient, in L* per pixel, that counts as no contour."""


def contour_waviness(picture: Measured) -> float:
    """Curvature of isophotes at a broad scale over that at a fine one, weighted by gradient; 1 if nothing varies.

    Contours of solid things straighten when fine texture is smoothed away; those of buckled ones go on bending.
    """
    fine = _curvature(picture.quiet, FINE)
    return _curvature(picture.quiet, BROAD) / fine if fine > 1e-4 else 1.0


def vertical_streaking(picture: Measured) -> float:
    """Share of gradient energy that points sideways, in [0, 1]; 0.5 if nothing varies."""
    down, across = picture.gradients
    sideways, upright = float((across**2).mean()), float((down**2).mean())
    total = sideways + upright
    return sideways / total if total > FAINT**2 else 0.5


def _curvature(lightness: Floats, sigma: float) -> float:
    """Mean curvature of isophotes, |kappa| in 1/pixel, weighted by gradient magnitude."""
    smooth = gaussian_filter(lightness, sigma, mode="reflect", truncate=3)
    gy, gx = np.gradient(smooth)
    gyy, gyx = np.gradient(gy)
    gxx = np.gradient(gx, axis=1)
    squared = gx * gx + gy * gy
    bending = np.abs(gxx * gy * gy - 2 * gx * gy * gyx + gyy * gx * gx) / (squared + FAINT)
    return float(bending.sum() / (np.sqrt(squared).sum() + FAINT * squared.size))


CONTOUR_WAVINESS = Instrument(
    name="contour-waviness",
    read=contour_waviness,
    unit="ratio of curvatures",
    definition=(
        "Isophote curvature after a blur of 3.5 pixels over that after 1 pixel, weighted by gradient: contours "
        "followed through scale as by Mokhtarian and Mackworth (IEEE PAMI 1986); the ratio is ours."
    ),
    dimension="detail realism",
    direct=False,
    blind_to="realism itself: a wrong hand drawn cleanly passes, round things and blur read as wavy",
    scale=SCALES["contour-waviness"],
)

VERTICAL_STREAKING = Instrument(
    name="vertical-streaking",
    read=vertical_streaking,
    unit="share of gradient energy",
    definition=(
        "Share of gradient energy in the sideways direction, an element of the structure tensor (Bigün and Granlund, "
        "ICCV 1987): high where forms are drawn out from top to bottom."
    ),
    dimension="detail realism",
    direct=False,
    blind_to="realism itself: columns and tree trunks read as melting, sideways smears as sound",
    scale=SCALES["vertical-streaking"],
)
