"""Pictures as they are sent: read back by another decoder, every pixel as it was."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fauve.models.chat.png import quick_png


def read(data: bytes) -> Image.Image:
    Image.open(io.BytesIO(data)).verify()  # checks every sum of the file
    return Image.open(io.BytesIO(data))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["noise", "flat", "ramp"]), st.integers(0, 9))
def test_every_pixel_comes_back(width: int, height: int, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if kind == "flat":
        pixels[:] = pixels[0, 0]
    if kind == "ramp":
        pixels = (np.arange(height)[:, None, None] * 7 + np.arange(width)[None, :, None] * 3 + pixels % 3).astype(
            np.uint8
        )
    back = read(quick_png(Image.fromarray(pixels)))
    assert (back.format, back.mode) == ("PNG", "RGB")
    assert np.array_equal(np.asarray(back), pixels)


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P"])
def test_other_modes_are_sent_as_rgb(mode: str) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 5, 3), dtype=np.uint8)).convert(mode)
    assert np.array_equal(np.asarray(read(quick_png(picture))), np.asarray(picture.convert("RGB")))


def test_a_smooth_picture_is_as_small_as_a_usual_encoder_makes_it() -> None:
    y, x = np.mgrid[:256, :256]
    grain = np.random.default_rng(0).normal(0, 2, (256, 256, 3))
    picture = Image.fromarray(np.clip((x + y)[..., None] / 2 + grain, 0, 255).astype(np.uint8))
    usual = io.BytesIO()
    picture.save(usual, "PNG", compress_level=1)
    assert len(quick_png(picture)) < 1.1 * len(usual.getvalue())
