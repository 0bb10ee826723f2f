"""A small CLIP vocabulary and pictures that show what a preprocessing does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def clip_vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a byte-level CLIP tokenizer of 516 ids, start 514, end 515, that joins "the" and nothing else."""
    folder = tmp_path_factory.mktemp("clip_vocabulary")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "th", "the</w>", "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    CLIPTokenizer(vocab=vocabulary, merges=[("t", "h"), ("th", "e</w>")]).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    """A square, a wide and a tall picture, each smooth with noise, no two alike."""
    made = []
    for seed, (width, height) in enumerate(((256, 256), (300, 200), (180, 333))):
        rng = np.random.default_rng(seed)
        y, x = np.mgrid[0:height, 0:width] / 200.0
        waves = np.stack([np.sin((seed + 2) * x + c * y) for c in range(3)], axis=-1)
        pixels = 128 + 80 * waves + rng.normal(0, 25, (height, width, 3))
        made.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    return made


@pytest.fixture(scope="session")
def whole_grid() -> np.ndarray:
    """Cells of three pictures by two prompts."""
    return np.array([(image, prompt) for image in range(3) for prompt in range(2)], dtype=np.intp)
