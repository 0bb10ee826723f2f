"""Light, colour, position and noise on pixel arrays: the vocabulary in which the effects are written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft
from skimage.color import lab2rgb, rgb2lab

from fauve.keys import seed_from
from fauve.stimuli.record import Floats, Picture

__all__ = [
    "LATTICE",
    "blur",
    "convolve",
    "grid",
    "lab",
    "linear",
    "mix",
    "resample",
    "resize",
    "smooth_field",
    "smoothstep",
    "to_picture",
    "unlab",
    "unlinear",
    "white_noise",
]

LATTICE = 384
"""Longer side, in pixels, of the lattice on which random fields are drawn, so that an effect looks the same
on a picture of any size."""

_CODES = np.arange(256, dtype=np.float64) / 255
_TO_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear(image: Picture) -> Floats:
    """Linear light in [0, 1] of an sRGB picture (IEC 61966-2-1), same shape."""
    return _TO_LINEAR[image]


def unlinear(light: Floats) -> Picture:
    """The sRGB picture of linear light; what is outside [0, 1] is clipped, as a sensor does."""
    light = np.clip(light, 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return to_picture(coded * 255)


def to_picture(values: Floats) -> Picture:
    """Rounds values on the 0–255 scale to uint8, clipped."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def lab(image: Picture) -> Floats:
    """CIE L*a*b* (D65) of a picture, float32 (h, w, 3)."""
    values: Floats = rgb2lab(image.astype(np.float32) / 255)
    return values


def unlab(values: Floats) -> Picture:
    """The picture of L*a*b* values; colours outside sRGB are clipped per channel."""
    light = np.clip(values[..., 0], 0, 100)
    # A dark colour can be yellower than any light: its Z would be negative. The nearest possible one is meant.
    yellow = np.minimum(values[..., 2], 199.9 * (light + 16) / 116)
    bounded = np.stack([light, values[..., 1], yellow], axis=-1)
    return to_picture(lab2rgb(bounded).astype(np.float32) * 255)


def mix(plain: Floats, other: Floats, amount: float | Floats) -> Floats:
    """``plain`` where amount is 0, ``other`` where it is 1."""
    return plain + (other - plain) * np.asarray(amount, dtype=np.float32)


def smoothstep(x: Floats) -> Floats:
    """0 below 0, 1 above 1, and a smooth rise between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def grid(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Pixel coordinates (rows, columns) as float32 arrays of shape (h, w)."""
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return rows, cols


def resample(image: Floats, rows: Floats, cols: Floats) -> Floats:
    """Bilinear samples of ``image`` (h, w, c) at fractional positions, the border repeated outside."""
    h, w = image.shape[:2]
    rows, cols = np.clip(rows, 0, h - 1), np.clip(cols, 0, w - 1)
    top, left = np.minimum(rows.astype(np.intp), h - 2), np.minimum(cols.astype(np.intp), w - 2)
    down, right = (rows - top)[..., None], (cols - left)[..., None]
    upper: Floats = image[top, left] * (1 - right) + image[top, left + 1] * right
    lower = image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right
    between: Floats = upper * (1 - down) + lower * down
    return between


def resize(image: Picture, height: int, width: int) -> Picture:
    """The picture at another size, antialiased."""
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def convolve(image: Floats, kernel: Floats) -> Floats:
    """Convolution of (h, w, c) with a small odd (k, k) kernel that sums to 1, the border mirrored."""
    h, w = image.shape[:2]
    reach = kernel.shape[0] // 2
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    size = [fft.next_fast_len(n, real=True) for n in padded.shape[:2]]
    spectrum = fft.rfft2(padded, size, axes=(0, 1)) * fft.rfft2(kernel, size)[..., None]
    full: Floats = fft.irfft2(spectrum, size, axes=(0, 1)).astype(np.float32)
    return full[2 * reach : 2 * reach + h, 2 * reach : 2 * reach + w]


def blur(image: Floats, sigma: float) -> Floats:
    """Gaussian blur of (h, w) or (h, w, c) with the border mirrored, exact in the frequency domain.

    The cosine transform makes the cost independent of sigma; a backdrop needs sigmas of a quarter of the frame.
    """
    h, w = image.shape[:2]
    down = np.exp(-0.5 * (np.pi * np.arange(h) / h * sigma) ** 2).astype(np.float32)
    across = np.exp(-0.5 * (np.pi * np.arange(w) / w * sigma) ** 2).astype(np.float32)
    gain = down[:, None] * across
    spectrum = fft.dctn(image, axes=(0, 1))
    blurred: Floats = fft.idctn(spectrum * (gain if image.ndim == 2 else gain[..., None]), axes=(0, 1))
    return blurred


def white_noise(shape: tuple[int, ...], seed: int, *what: str) -> Floats:
    """Standard normal noise (h, w) drawn on the lattice and enlarged to the picture.

    The same seed and name give the same field at every strength; ``what`` keeps the fields of one effect apart.
    """
    rows, cols = _lattice(shape)
    draw = np.random.default_rng(seed_from("stimulus", seed, *what)).standard_normal((rows, cols), np.float32)
    return _enlarge(draw, shape)


def smooth_field(shape: tuple[int, ...], seed: int, scale: float, *what: str) -> Floats:
    """A smooth random field (h, w) with mean 0 and standard deviation 1.

    ``scale`` is the Gaussian correlation length as a share of the longer side.
    """
    rows, cols = _lattice(shape)
    draw = np.random.default_rng(seed_from("stimulus", seed, *what)).standard_normal((rows, cols), np.float32)
    field = blur(draw, scale * max(rows, cols))
    field = (field - field.mean()) / max(float(field.std()), 1e-9)
    return _enlarge(field, shape)


def _lattice(shape: tuple[int, ...]) -> tuple[int, int]:
    scale = min(1.0, LATTICE / max(shape[:2]))
    return max(2, round(shape[0] * scale)), max(2, round(shape[1] * scale))


def _enlarge(field: Floats, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if field.shape == shape[:2]:
        return field
    picture = Image.fromarray(field, mode="F") if field.dtype == np.float32 else Image.fromarray(field)
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), dtype=np.float32)
