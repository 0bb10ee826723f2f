"""Small copies: what is small already is shown to the last pixel, the rest is scaled, and damage is told."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.ledger import Ledger
from fauve.records import ImageRef
from fauve.report.thumbs import AS_IT_IS, LARGE, SMALL, Thumbs, path_of, size_of


def png(width: int, height: int, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "run", write=True) as opened:
        yield opened


def test_a_small_picture_is_shown_as_it_is(ledger: Ledger, tmp_path: Path) -> None:
    data = png(AS_IT_IS, 100)
    ref = ledger.add_image(data, "small")
    with Thumbs(ledger, tmp_path / "report") as thumbs:
        thumbs.write([ref], SMALL)
        thumbs.write([ref], LARGE)
    assert thumbs.files == {path_of(ref, SMALL)} == {path_of(ref, LARGE)}
    assert (tmp_path / "report" / path_of(ref, SMALL)).read_bytes() == data


def test_a_larger_one_is_scaled(ledger: Ledger, tmp_path: Path) -> None:
    refs = [ledger.add_image(png(AS_IT_IS + 1, 90), "a"), ledger.add_image(png(700, 350), "b")]
    with Thumbs(ledger, tmp_path / "report") as thumbs:
        thumbs.write(refs, SMALL)
    for ref, size in zip(refs, [(AS_IT_IS + 1, 90), (512, 256)], strict=True):
        with Image.open(tmp_path / "report" / path_of(ref, SMALL)) as made:
            assert (made.format, made.size) == ("JPEG", size) == ("JPEG", size_of(ref, SMALL))


@pytest.mark.parametrize("width", [80, 700])
def test_a_picture_that_was_altered_is_told_and_not_shown(ledger: Ledger, tmp_path: Path, width: int) -> None:
    whole, altered = (ledger.add_image(png(width, 90, seed), str(seed)) for seed in (1, 2))
    (ledger.directory / altered.path).write_bytes(png(width, 90, 3))
    with Thumbs(ledger, tmp_path / "report") as thumbs:
        thumbs.write([whole, altered], SMALL)
    assert set(thumbs.broken) == {altered.sha256}
    assert "altered" in thumbs.broken[altered.sha256]
    assert thumbs.files == {path_of(whole, SMALL)}
    assert not (tmp_path / "report" / path_of(altered, SMALL)).exists()


def test_the_style_knows_where_pictures_lie_that_are_shown_as_they_are() -> None:
    style = files("fauve.report").joinpath("static", "fauve.css").read_text(encoding="utf-8")
    folder = path_of(ImageRef("0" * 64, 10, 10, ".png"), SMALL).split("/")[:2]
    assert f'img[src*="{"/".join(folder)}/"] {{ background: #fff; }}' in style
