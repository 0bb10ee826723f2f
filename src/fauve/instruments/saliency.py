"""Saliency: what stands out of a picture, by the signs of its cosine transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft
from scipy.ndimage import gaussian_filter

__all__ = ["SALIENCY_SIDE", "image_signature"]

Floats = NDArray[np.float32]

SALIENCY_SIDE = 64
"""Longer side at which the published method looks at a picture, in pixels."""

SPREAD = 0.04
"""Sigma of the final blur, as a share of the longer side."""


def image_signature(lab: Floats) -> Floats:
    """Saliency map of an L*a*b* picture (h, w, 3): non-negative, 64 on the longer side.

    Hou, Harel and Koch, IEEE PAMI 2012: the inverse cosine transform of the signs of the cosine transform, squared,
    which singles out what is sparse before a background that is spectrally sparse. Channels are weighted by how
    much they vary, so that what stands out by colour alone counts too. The map of a constant picture is zero.
    """
    h, w = lab.shape[:2]
    scale = SALIENCY_SIDE / max(h, w)
    size = (max(8, round(w * scale)), max(8, round(h * scale)))
    total = np.zeros((size[1], size[0]), np.float32)
    for channel in range(3):
        plane = Image.fromarray(np.ascontiguousarray(lab[..., channel], dtype=np.float32))
        small = np.asarray(plane.resize(size, Image.Resampling.BOX), dtype=np.float32)
        variation = float(small.std())
        if variation > 0.05:
            back: Floats = fft.idctn(np.sign(fft.dctn(small, norm="ortho")), norm="ortho")
            total += np.float32(variation) * back**2
    saliency: Floats = gaussian_filter(total, SPREAD * SALIENCY_SIDE, mode="reflect")
    return saliency
