"""Symmetry: likeness of the left half and the mirrored right half."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from fauve.instruments.record import Instrument
from fauve.instruments.reference import SCALES
from fauve.instruments.views import Measured

__all__ = ["MIRROR_SYMMETRY"]


def mirror_symmetry(picture: Measured) -> float:
    """Correlation of L* with its left-right mirror image after a slight blur, in [-1, 1]; 1 if nothing varies."""
    lightness = gaussian_filter(picture.small_lab[..., 0], 1.5, mode="reflect").astype(np.float64)
    centred = lightness - lightness.mean()
    energy = float((centred**2).sum())
    if energy < 1e-3 * centred.size:
        return 1.0
    return float((centred * centred[:, ::-1]).sum() / energy)


MIRROR_SYMMETRY = Instrument(
    name="mirror-symmetry",
    read=mirror_symmetry,
    unit="correlation",
    definition=(
        "Correlation of lightness with its mirror image about the vertical middle line (bilateral symmetry as a share "
        "of energy: Zabrodsky, Peleg and Avnir, IEEE PAMI 1995)."
    ),
    dimension="symmetry",
    direct=True,
    blind_to="balance without likeness, symmetry about other lines, and subjects that are symmetric off centre",
    scale=SCALES["mirror-symmetry"],
)
