"""Pixels against Pillow's own filters and transformers' Pillow processors, and the steps that are easy to get wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fauve.models import pixels


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", [(224, 224), (300, 200), (227, 500), (100, 90), (231, 224), (224, 227), (1000, 333)])
def test_clip_pixels_are_those_of_transformers_with_pillow(size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = CLIPImageProcessorPil(do_convert_rgb=True)(image, return_tensors="pt")["pixel_values"][0]
    torch.testing.assert_close(pixels.clip_pixels(image), expected, atol=1e-6, rtol=0)


def test_the_two_centre_rules_differ_by_a_pixel_for_every_fourth_size() -> None:
    for spare, torchvision_left in ((0, 0), (1, 0), (2, 1), (3, 2), (5, 2), (7, 4)):
        image = picture(10 + spare, 10)
        values = np.asarray(image)
        ours = np.asarray(pixels.centre_crop(image, 10, "torchvision"))
        np.testing.assert_array_equal(ours, values[:, torchvision_left : torchvision_left + 10])
        ours = np.asarray(pixels.centre_crop(image, 10, "transformers"))
        np.testing.assert_array_equal(ours, values[:, spare // 2 : spare // 2 + 10])


def undo(normalised: torch.Tensor) -> torch.Tensor:
    return normalised * torch.tensor(pixels.CLIP_STD).view(3, 1, 1) + torch.tensor(pixels.CLIP_MEAN).view(3, 1, 1)


@pytest.mark.parametrize("size", [(640, 480), (333, 640), (100, 60), (1024, 1024)])
def test_padded_pixels_are_pillows_bicubic_on_floats_in_a_black_frame(size: tuple[int, int]) -> None:
    image = picture(*size)
    scale = 224 / max(size)
    small = (round(size[0] * scale), round(size[1] * scale))
    bands = [
        np.asarray(Image.fromarray(band.astype(np.float32) / 255).resize(small, Image.Resampling.BICUBIC))
        for band in np.moveaxis(np.asarray(image), 2, 0)
    ]
    left, top = (224 - small[0]) // 2, (224 - small[1]) // 2
    expected = np.zeros((3, 224, 224), np.float32)
    expected[:, top : top + small[1], left : left + small[0]] = bands
    np.testing.assert_allclose(undo(pixels.padded_pixels(image)).numpy(), expected, atol=2e-5)


def test_without_antialias_padded_pixels_are_others() -> None:
    image = picture(640, 480)
    largest = (pixels.padded_pixels(image) - pixels.padded_pixels(image, antialias=False)).abs().max()
    assert largest > 0.3


@pytest.mark.parametrize("size", [(224, 100), (50, 224), (224, 224), (3, 2000)])
def test_padded_pixels_have_one_shape_even_where_the_longest_side_needs_no_resize(size: tuple[int, int]) -> None:
    assert pixels.padded_pixels(picture(*size)).shape == (3, 224, 224)


def test_padding_is_black_before_the_normalisation() -> None:
    frame = pixels.padded_pixels(picture(448, 224))[:, 0, 0]
    torch.testing.assert_close(frame, -torch.tensor(pixels.CLIP_MEAN) / torch.tensor(pixels.CLIP_STD))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L"])
def test_every_mode_is_made_rgb_first(mode: str) -> None:
    image = picture(300, 260).convert(mode)
    rgb = image.convert("RGB")
    for steps in (pixels.clip_pixels, pixels.padded_pixels, lambda i: pixels.square_pixels(i, 64)):
        torch.testing.assert_close(steps(image), steps(rgb))


def test_square_pixels_do_not_keep_proportions() -> None:
    image = picture(120, 60)
    expected = np.asarray(image.resize((48, 48), Image.Resampling.BICUBIC), dtype=np.float32) / 255
    ours = pixels.square_pixels(image, 48, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    np.testing.assert_allclose(ours.permute(1, 2, 0).numpy(), expected * 2 - 1, atol=1e-6)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1024, 1024, (448, 448)),
        (512, 512, (448, 448)),
        (256, 256, (448, 448)),
        (1024, 768, (364, 504)),
        (768, 512, (364, 532)),
        (1920, 1080, (336, 588)),
    ],
)
def test_qwen_sizes_of_hpsv3(width: int, height: int, expected: tuple[int, int]) -> None:
    assert pixels.qwen_size(height, width) == expected


@given(st.integers(20, 4000), st.integers(20, 4000))
def test_qwen_sizes_are_multiples_of_28_within_a_row_of_the_wanted_area(height: int, width: int) -> None:
    if max(height, width) / min(height, width) > 12:
        return
    rows, columns = pixels.qwen_size(height, width)
    assert rows % 28 == columns % 28 == 0
    assert abs(rows * columns - 200_704) <= 28 * (rows + columns + 28)


@pytest.mark.parametrize("size", [(512, 512), (768, 512), (300, 700)])
def test_qwen_patches_are_those_of_transformers_with_pillow(size: tuple[int, int]) -> None:
    image = picture(*size)
    ours, grid = pixels.qwen_patches(image)
    height, width = pixels.qwen_size(size[1], size[0])
    processor = Qwen2VLImageProcessorPil(size={"shortest_edge": 3136, "longest_edge": 12_845_056})
    theirs = processor(image.resize((width, height), Image.Resampling.BICUBIC), return_tensors="pt")
    assert list(grid) == theirs["image_grid_thw"][0].tolist()
    torch.testing.assert_close(ours, theirs["pixel_values"], atol=1e-6, rtol=0)
