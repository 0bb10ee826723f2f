"""Where the subject of a picture is, as far as its pixels tell: a soft map, and its centre.

An effect must know what to spare or to remove. This map is deliberately not the one that the instruments use, so
that a measured change is no echo of the effect's own idea of the subject.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from fauve.stimuli.raster import blur, grid, lab
from fauve.stimuli.record import Floats, Picture

__all__ = ["subject_centre", "subject_mask"]

MAP_SIDE = 96


def subject_mask(image: Picture) -> Floats:
    """Soft membership in the subject, (h, w) in [0, 1], about a quarter of the frame near 1.

    Distance of the colour from the border's mean colour (after Achanta et al., CVPR 2009, who take the mean of
    the whole picture) plus local contrast, times a window around the middle, then one smooth blob.
    """
    salience = _salience(image)
    cut = np.quantile(salience, [0.58, 0.78])
    soft = np.clip((salience - cut[0]) / max(float(cut[1] - cut[0]), 1e-6), 0, 1)
    soft = np.ascontiguousarray(soft, dtype=np.float32)
    enlarged = Image.fromarray(soft).resize((image.shape[1], image.shape[0]), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(enlarged, dtype=np.float32), 0, 1)


def subject_centre(image: Picture) -> tuple[float, float]:
    """Row and column of the centre of the subject, as shares of height and width."""
    salience = _salience(image) ** 3
    rows, cols = grid(salience.shape)
    total = float(salience.sum())
    if total <= 0:
        return 0.5, 0.5
    h, w = salience.shape
    return (
        float((salience * (rows + 0.5)).sum()) / total / h,
        float((salience * (cols + 0.5)).sum()) / total / w,
    )


def _salience(image: Picture) -> Floats:
    h, w = image.shape[:2]
    scale = MAP_SIDE / max(h, w)
    size = (max(12, round(w * scale)), max(12, round(h * scale)))
    small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    values = lab(small)
    rows, cols = grid(values.shape)
    y, x = (rows + 0.5) / size[1] * 2 - 1, (cols + 0.5) / size[0] * 2 - 1
    border = np.maximum(np.abs(y), np.abs(x)) > 0.75
    distinct = np.linalg.norm(values - np.median(values[border], axis=0), axis=-1)
    detail = np.sqrt(np.maximum(blur(values[..., 0] ** 2, 3) - blur(values[..., 0], 3) ** 2, 0))
    window = np.exp(-0.5 * ((x / 0.55) ** 2 + (y / 0.8) ** 2))
    salience: Floats = (blur((distinct + detail).astype(np.float32), 3) + 1e-3) * window
    return np.maximum(salience, 0).astype(np.float32)
