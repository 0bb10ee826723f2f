"""What all tests share: no network, one thread for each of several workers, real images, small ones, a ledger."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from fauve.ledger import Ledger

settings.register_profile("fauve", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fauve")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real images and figures that lie beside the checkout, on machines that have them."""
    folder = (Path(__file__).parents[1] / ".." / "shared" / "data").resolve()
    if not folder.is_dir():
        pytest.skip("the real images and figures (../shared/data) are not on this machine")
    return folder


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def photo_bytes() -> Callable[..., bytes]:
    """Bytes of a small picture with structure and noise: another one for each seed."""

    def make(seed: int = 0, size: tuple[int, int] = (48, 32), form: str = "PNG", mode: str = "RGB") -> bytes:
        rng = np.random.default_rng(seed)
        ramp = np.linspace(0, 160, size[0])[None, :, None]
        pixels = (ramp + rng.uniform(0, 90, (size[1], size[0], 3))).astype(np.uint8)
        return encoded(Image.fromarray(pixels).convert(mode), form)

    return make


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger, opened to write."""
    with Ledger(tmp_path / "run", write=True) as opened:
        yield opened


@pytest.fixture
def scored_pairs(tmp_path: Path) -> Path:
    """A pairs.jsonl with twenty pairs of one generator: prompts and imported scores, no pictures."""
    rows = [
        {
            "id": f"p{n}",
            "generator": "flux-dev",
            "prompt_original": f"thing {n}",
            "prompt_anti": f"a blurred thing {n}",
            "dimensions": ["clarity"],
            "image_original": None,
            "image_anti": None,
            "scores": [
                {"scorer": "hpsv3", "image": image, "prompt": "anti", "value": n % 3 - side, "source": "published"}
                for side, image in enumerate(("original", "anti"))
            ],
        }
        for n in range(20)
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path / "pairs.jsonl"
