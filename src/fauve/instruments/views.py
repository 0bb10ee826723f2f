"""The views of a picture that instruments share, each computed once and only when somebody asks."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab

from fauve.errors import DataError
from fauve.instruments.denoise import noise_level, quieten
from fauve.instruments.saliency import image_signature

__all__ = ["SMALLEST_SIDE", "WORKING_SIDE", "Floats", "Measured", "Picture"]

Picture = NDArray[np.uint8]
"""A picture: uint8 RGB of shape (h, w, 3)."""

Floats = NDArray[np.float32]

WORKING_SIDE = 384
"""Instruments look at a copy whose longer side is at most this many pixels."""

SMALLEST_SIDE = 16

_CODES = np.arange(256, dtype=np.float64) / 255
_TO_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)


class Measured:
    """A picture as the instruments see it.

    Args:
        image: uint8 RGB of shape (h, w, 3), both sides at least 16 pixels.

    Raises:
        DataError: the array is no such picture.
    """

    def __init__(self, image: Picture) -> None:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < SMALLEST_SIDE:
            raise DataError(
                f"an instrument got an array of {image.dtype} {image.shape}. Give uint8 RGB of shape (h, w, 3) "
                f"with both sides at least {SMALLEST_SIDE} pixels."
            )
        self.native = image

    @cached_property
    def rgb(self) -> Picture:
        """The working copy, uint8 (h, w, 3), longer side at most 384; small pictures are not enlarged."""
        return _shrink(self.native, WORKING_SIDE)

    @cached_property
    def small_rgb(self) -> Picture:
        """A copy for what concerns areas and not details, longer side at most 96."""
        return _shrink(self.rgb, 96)

    @cached_property
    def luminance(self) -> Floats:
        """Relative luminance Y (Rec. 709) in linear light, (h, w) in [0, 1]."""
        light = _TO_LINEAR[self.rgb]
        return light @ np.array([0.2126, 0.7152, 0.0722], np.float32)

    @cached_property
    def luma(self) -> Floats:
        """Gamma-coded luma (Rec. 601) of the working copy, (h, w) in [0, 255]."""
        return _luma(self.rgb)

    @cached_property
    def native_luma(self) -> Floats:
        """Luma of the unscaled picture, at most its central 1024 x 1024 pixels."""
        h, w = self.native.shape[:2]
        # The crop starts on a multiple of 8 so that a block grid keeps its phase.
        top, left = max(0, (h - 1024) // 2) // 8 * 8, max(0, (w - 1024) // 2) // 8 * 8
        return _luma(self.native[top : top + 1024, left : left + 1024])

    @cached_property
    def native_channels(self) -> NDArray[np.int16]:
        """The middle of the unscaled picture, at most 512 x 512 pixels, as (3, h, w).

        Unscaled, because scaling smooths the steps of coarse quantisation.
        """
        h, w = self.native.shape[:2]
        top, left = max(0, (h - 512) // 2), max(0, (w - 512) // 2)
        crop = self.native[top : top + 512, left : left + 512]
        return np.ascontiguousarray(crop.transpose(2, 0, 1), dtype=np.int16)

    @cached_property
    def native_steps(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Largest difference over the channels between neighbours down (h-1, w) and across (h, w-1)."""
        channels = self.native_channels
        down = np.abs(channels[:, 1:] - channels[:, :-1]).max(axis=0)
        across = np.abs(channels[:, :, 1:] - channels[:, :, :-1]).max(axis=0)
        return down, across

    @cached_property
    def lab(self) -> Floats:
        """CIE L*a*b* (D65) of the working copy, (h, w, 3)."""
        values: Floats = rgb2lab(self.rgb.astype(np.float32) / 255)
        return values

    @cached_property
    def small_lab(self) -> Floats:
        """CIE L*a*b* of the small copy."""
        values: Floats = rgb2lab(self.small_rgb.astype(np.float32) / 255)
        return values

    @cached_property
    def hsv(self) -> tuple[Floats, Floats]:
        """Hue in degrees and saturation in [0, 1] of the small copy, each (h, w)."""
        coded = np.asarray(Image.fromarray(self.small_rgb).convert("HSV"), dtype=np.float32)
        return coded[..., 0] * np.float32(360 / 256), coded[..., 1] / np.float32(255)

    @cached_property
    def lightness(self) -> Floats:
        """L* of the working copy, (h, w) in [0, 100]."""
        return np.ascontiguousarray(self.lab[..., 0])

    @cached_property
    def saliency(self) -> Floats:
        """Image-signature saliency of the small copy, non-negative, 64 on the longer side."""
        return image_signature(self.small_lab)

    @cached_property
    def noise(self) -> float:
        """Estimated deviation of noise in luma, in code values of 255."""
        return noise_level(self.luma)

    @cached_property
    def quiet(self) -> Floats:
        """L* with the estimated noise taken out, (h, w): what structure is read from, lest grain pass for detail."""
        return quieten(self.lightness, noise_level(self.lightness))

    @cached_property
    def gradients(self) -> tuple[Floats, Floats]:
        """Central differences of quiet L* down and across, L* per pixel, each (h, w)."""
        down, across = np.gradient(self.quiet)
        return np.asarray(down, np.float32), np.asarray(across, np.float32)

    @cached_property
    def gradient_magnitude(self) -> Floats:
        """Length of the gradient of quiet L*, (h, w)."""
        down, across = self.gradients
        return np.hypot(down, across)


def _shrink(image: Picture, longer_side: int) -> Picture:
    h, w = image.shape[:2]
    scale = longer_side / max(h, w)
    if scale >= 1:
        return image
    size = (max(SMALLEST_SIDE, round(w * scale)), max(SMALLEST_SIDE, round(h * scale)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def _luma(image: Picture) -> Floats:
    return image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
