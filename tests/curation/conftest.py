"""A folder of real photographs with a copy, a near copy and a broken file, and a model whose vectors are planted."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.curation import CurationStore, index_folder
from fauve.stimuli.photographs import photographs

NAMES = ("astronaut", "coffee", "chelsea", "rocket")


class Planted:
    """Vectors by what a picture's mean colour and a text's words are: known beforehand."""

    name, key = "planted", "planted-1"

    def __init__(self) -> None:
        self.seen = 0

    def images(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        self.seen += len(pictures)
        vectors = np.array([np.asarray(p, np.float64).mean(axis=(0, 1)) for p in pictures])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        words = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
        return np.array([words[text] for text in texts], np.float32)


def flat(colour: tuple[int, int, int], seed: int) -> bytes:
    """Nearly one colour, with noise so that it is a picture."""
    pixels = np.clip(np.array(colour) + np.random.default_rng(seed).integers(-9, 10, (40, 60, 3)), 0, 255)
    return png(Image.fromarray(pixels.astype(np.uint8)))


def png(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    folder = tmp_path / "colours"
    (folder / "deep").mkdir(parents=True)
    for seed, (name, colour) in enumerate(
        {
            "red.png": (220, 20, 20),
            "green.png": (20, 220, 20),
            "deep/blue.png": (20, 20, 220),
            "mauve.png": (180, 20, 180),
        }.items()
    ):
        (folder / name).write_bytes(flat(colour, seed))
    return folder


@pytest.fixture
def planted() -> Planted:
    return Planted()


@pytest.fixture
def store(colours: Path, planted: Planted, tmp_path: Path) -> Iterator[CurationStore]:
    with CurationStore(tmp_path / "work", colours) as opened:
        index_folder(opened, planted)
        yield opened


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real photographs; one of them again as a smaller JPEG, once more byte by byte, and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    pictures = [Image.fromarray(one.load(160)) for one in photographs()[:5]]
    for number, picture in enumerate(pictures):
        (folder / f"p{number}.png").write_bytes(png(picture))
    (folder / "again.png").write_bytes((folder / "p1.png").read_bytes())
    (folder / "small.jpg").write_bytes(png(pictures[1].resize((96, 72)), "JPEG", quality=70))
    (folder / "torn.png").write_bytes((folder / "p2.png").read_bytes()[:900])
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def by_path(store: CurationStore) -> Callable[[str], object]:
    return lambda name: store.named([name])[0]
