"""What the instruments say about real pictures whose request is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.instruments import INSTRUMENTS, polish

pytestmark = pytest.mark.shared


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_the_asked_for_darkness_and_blow_out_are_there(shared_data: Path) -> None:
    exposure = INSTRUMENTS["exposure"]
    pairs = shared_data / "pairs"
    assert exposure(read(pairs / "bench/2626_anti.jpg")) < -4
    assert exposure.score(read(pairs / "bench/2626_anti.jpg")) == 0
    assert exposure(read(pairs / "photographs/5427_photo.jpg")) < -4
    for name in ("309", "1779", "2402"):
        assert exposure(read(pairs / f"photographs/{name}_photo.jpg")) > 1.5
        assert exposure.score(read(pairs / f"photographs/{name}_photo.jpg")) < 0.6


def test_the_asked_for_blur_is_there(shared_data: Path) -> None:
    sharpness = INSTRUMENTS["sharpness"]
    for stem in ("bench/1117", "bench/2617", "bench/191"):
        original = sharpness(read(shared_data / "pairs" / f"{stem}_original.jpg"))
        anti = sharpness(read(shared_data / "pairs" / f"{stem}_anti.jpg"))
        assert anti < original - 0.15, stem


def test_taste_without_a_prompt_overrules_most_requests(shared_data: Path) -> None:
    chosen = []
    for folder, default, faithful in (("bench", "original", "anti"), ("photographs", "clean", "photo")):
        for path in sorted((shared_data / "pairs" / folder).glob(f"*_{default}.jpg")):
            other = path.with_name(path.name.replace(default, faithful))
            chosen.append(polish(read(path)) > polish(read(other)))
    assert len(chosen) == 16
    assert sum(chosen) >= 13
