"""Cutting faces out: clipped to the picture, named answers, nobody dragged along by a failure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fauve.engine.faces import FOUND, NO_FACE, NOT_LOOKED_FOR, FaceSearch, _cut
from fauve.errors import InvalidOutput, PluginError
from fauve.ledger import Ledger
from fauve.models.cards import ModelCard
from fauve.models.face_finders import make_face_finder
from fauve.models.protocols import FaceBox, FaceFinder
from fauve.settings import AdapterSettings

HERE = "tests.engine.test_faces"


class ByWidth:
    """No face in pictures wider than 40 pixels, an error for those wider than 60, two answers for those under 20."""

    card = ModelCard(name="by width", kind="face finder", summary="test")
    settings = {"revision": 1}

    def load(self, device: str, dtype: str) -> None: ...

    def find(self, images: Sequence[Image.Image]) -> list[FaceBox | None]:
        (image,) = images
        if image.width > 60:
            raise RuntimeError("too wide")
        if image.width > 40:
            return [None]
        return [FaceBox(2, 3, 12, 15, 0.8)] * (2 if image.width < 20 else 1)


class Unchecked(ByWidth):
    def check(self) -> None:
        raise PluginError("its weights are missing")


class NoFinder:
    card = ByWidth.card


def picture(ledger: Ledger, width: int) -> str:
    pixels = np.random.default_rng(width).integers(0, 255, (30, width, 3), dtype=np.uint8)
    path = ledger.directory / "one.png"
    Image.fromarray(pixels).save(path)
    return ledger.add_image(path.read_bytes(), "one").sha256


def test_each_picture_has_its_own_answer(ledger: Ledger) -> None:
    search = FaceSearch(AdapterSettings(name=f"{HERE}:ByWidth"))
    found = search.look(ledger, [picture(ledger, width) for width in (64, 30, 50, 10)])
    assert [face.note for face in found] == [NOT_LOOKED_FOR, FOUND, NO_FACE, NOT_LOOKED_FOR]
    assert found[0].reason == "RuntimeError: too wide"
    assert "ValueError" in (found[3].reason or "")
    assert (found[2].reason, found[2].image) == (None, None)
    assert found[1].box == FaceBox(2, 3, 12, 15, 0.8)
    assert ledger.db.execute("SELECT width, height FROM images WHERE sha256 = ?", (found[1].image,)).fetchone() == (
        10,
        12,
    )


def test_a_damaged_picture_is_no_picture_without_a_face(ledger: Ledger) -> None:
    sha = picture(ledger, 30)
    next((ledger.directory / "images").rglob(f"{sha}*")).write_bytes(b"gone")
    (face,) = FaceSearch(AdapterSettings(name=f"{HERE}:ByWidth")).look(ledger, [sha])
    assert face.note == NOT_LOOKED_FOR
    assert "altered" in (face.reason or "")


def test_nobody_looks_where_none_is_named(ledger: Ledger) -> None:
    search = FaceSearch(AdapterSettings(name="none"))
    assert (search.name, search.register(ledger)) == ("none", None)
    assert [face.note for face in search.look(ledger, ["0" * 64])] == [NOT_LOOKED_FOR]


def test_a_finder_is_checked_before_anything_starts() -> None:
    assert isinstance(make_face_finder(f"{HERE}:ByWidth"), FaceFinder)
    with pytest.raises(PluginError, match="its weights are missing"):
        FaceSearch(AdapterSettings(name=f"{HERE}:Unchecked"))
    with pytest.raises(PluginError, match="is no face finder"):
        FaceSearch(AdapterSettings(name=f"{HERE}:NoFinder"))


@given(*[st.floats(-100, 100) for _ in range(4)])
def test_a_cut_is_the_part_of_the_box_inside_the_picture(left: float, top: float, right: float, bottom: float) -> None:
    whole = Image.new("RGB", (40, 30))
    box = FaceBox(left, top, right, bottom, 0.5)
    sides = (max(math.floor(left), 0), max(math.floor(top), 0), min(math.ceil(right), 40), min(math.ceil(bottom), 30))
    if sides[0] < sides[2] and sides[1] < sides[3]:
        assert _cut(whole, box).size == (sides[2] - sides[0], sides[3] - sides[1])
    else:
        with pytest.raises(InvalidOutput, match="holds no pixel"):
            _cut(whole, box)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_box_is_made_of_numbers(odd: float) -> None:
    with pytest.raises(InvalidOutput):
        _cut(Image.new("RGB", (40, 30)), FaceBox(0, 0, odd, 10, 0.5))


def test_the_cut_has_the_pixels_of_the_picture(
    ledger: Ledger, photo_bytes: Callable[..., bytes], tmp_path: Path
) -> None:
    sha = picture(ledger, 30)
    (face,) = FaceSearch(AdapterSettings(name=f"{HERE}:ByWidth")).look(ledger, [sha])
    shown = [next((ledger.directory / "images").rglob(f"{name}*")) for name in (sha, face.image)]
    whole, cut = (np.asarray(Image.open(path)) for path in shown)
    assert np.array_equal(cut, whole[3:15, 2:12])
