"""The scene inside the picture's file."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fauve.errors import InvalidOutput
from fauve.imaging import decode
from fauve.lab.render import render
from fauve.lab.scene import SIZES, draw_scenes
from fauve.lab.scene_text import KEY, png_of, scene_of


def test_the_scene_survives_the_way_through_a_ledger() -> None:
    scene = draw_scenes(np.random.default_rng(1), 1)[0]
    data = png_of(render(scene, 3, 64), scene)
    picture, suffix = decode(data, "x")
    assert suffix == ".png"
    assert scene_of(picture).tolist() == scene.tolist()
    assert np.asarray(picture).tobytes() == render(scene, 3, 64).tobytes()
    assert png_of(render(scene, 3, 64), scene) == data


def test_another_picture_carries_none() -> None:
    with pytest.raises(InvalidOutput, match="carries no scene"):
        scene_of(Image.new("RGB", (8, 8)))


@pytest.mark.parametrize(
    "text", ["[1, 2]", "nonsense", json.dumps([99] * len(SIZES)), json.dumps([-1] * len(SIZES)), "{}"]
)
def test_a_scene_of_another_world_is_refused(text: str) -> None:
    note, out = PngInfo(), io.BytesIO()
    note.add_text(KEY, text)
    Image.new("RGB", (8, 8), "red").save(out, "PNG", pnginfo=note)
    picture = Image.open(io.BytesIO(out.getvalue()))
    picture.load()
    with pytest.raises(InvalidOutput, match="cannot be read"):
        scene_of(picture)
