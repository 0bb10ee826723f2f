"""Qwen3-VL's view of a picture: a square of ``size`` pixels, proportions not kept, cut into patches.

The published judge resizes every picture to 512 × 512, whatever its shape. The model's own processor leaves that size
as it is, so what remains of it is the scale to [-1, 1] and the order of the patches.
"""

from __future__ import annotations

from PIL import Image
from torch import Tensor

from fauve.models.pixels import normalise, unit_pixels

__all__ = ["MIDDLE", "PREPROCESSING", "qwen3_patches"]

PREPROCESSING = "qwen3-vl-square/1"
"""Name and version of the function below."""

MIDDLE = (0.5, 0.5, 0.5)
"""Mean and deviation of Qwen3-VL's processor, for each channel."""


def qwen3_patches(image: Image.Image, size: int, *, patch: int = 16, merge: int = 2) -> tuple[Tensor, tuple[int, int]]:
    """The patches of one picture, and how many rows and columns of patches there are.

    Shape (rows × columns, 3 × 2 × patch × patch): the frame stands twice, as a film of two frames; patches are in the
    order of the ``merge`` × ``merge`` groups that become one token. The resize is bicubic.
    """
    rgb = image.convert("RGB")
    square = rgb if rgb.size == (size, size) else rgb.resize((size, size), Image.Resampling.BICUBIC)
    pixels = normalise(unit_pixels(square), MIDDLE, MIDDLE)
    rows = columns = size // patch
    groups = pixels.reshape(3, rows // merge, merge, patch, columns // merge, merge, patch)
    # (row group, column group, row in it, column in it, channel, y, x)
    ordered = groups.permute(1, 4, 2, 5, 0, 3, 6)
    doubled = ordered.unsqueeze(5).expand(-1, -1, -1, -1, -1, 2, -1, -1)
    return doubled.reshape(rows * columns, 3 * 2 * patch * patch).contiguous(), (rows, columns)
