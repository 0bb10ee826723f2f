"""Tiny Qwen3-VL checkpoints of random weights, and pictures to judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.judge_models import write_qwen3vl
from PIL import Image

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose answers differ from question to question and from picture to picture."""
    return write_qwen3vl(tmp_path_factory.mktemp("tiny"), spread=0.2)


@pytest.fixture
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(7)
    noise = Image.fromarray(rng.integers(0, 255, (90, 70, 3), dtype=np.uint8))
    ramp = Image.fromarray(np.tile(np.arange(0, 200, 2, dtype=np.uint8)[None, :, None], (60, 1, 3)))
    return [noise, ramp]
