"""What is kept comes back exactly, once; what is damaged is made anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from fauve.models.features import FeatureStore, RecentFeatures, feature_key, fill, pixel_hash


def test_the_hash_sees_pixels_and_size_and_not_the_file() -> None:
    values = np.arange(2 * 6 * 3, dtype=np.uint8).reshape(2, 6, 3)
    image = Image.fromarray(values)
    assert pixel_hash(image) == pixel_hash(image.convert("RGBA"))
    assert pixel_hash(image) != pixel_hash(Image.fromarray(values.reshape(6, 2, 3)))
    other = values.copy()
    other[0, 0, 0] += 1
    assert pixel_hash(image) != pixel_hash(Image.fromarray(other))


def test_everything_that_makes_a_feature_is_in_its_key() -> None:
    base = ("i", "p", "c", "float32")
    keys = {feature_key(*base)}
    keys |= {feature_key(*(*base[:n], "other", *base[n + 1 :])) for n in range(4)}
    assert len(keys) == 5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_store_keeps_what_it_was_given_between_processes(tmp_path: Path, dtype: torch.dtype) -> None:
    feature = torch.randn(5, 7).to(dtype)
    FeatureStore(tmp_path).put("ab" * 32, feature)
    kept = FeatureStore(tmp_path).get("ab" * 32)
    assert kept is not None
    assert kept.dtype == dtype
    assert torch.equal(kept, feature)
    assert FeatureStore(tmp_path).get("cd" * 32) is None
    assert not list(tmp_path.rglob("*.part"))


def test_a_damaged_entry_is_made_anew(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.put("ab" * 32, torch.ones(3))
    (file,) = tmp_path.rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-5])
    made = fill(store, ["ab" * 32], lambda places: [torch.zeros(3) for _ in places])
    assert torch.equal(made[0], torch.zeros(3))
    assert torch.equal(store.get("ab" * 32), torch.zeros(3))


def test_fill_makes_every_missing_key_once(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.put("b" * 64, torch.tensor([9.0]))
    calls: list[list[int]] = []

    def make(places: list[int]) -> list[Tensor]:
        calls.append(places)
        return [torch.tensor([float(place)]) for place in places]

    keys = ["a" * 64, "b" * 64, "a" * 64, "c" * 64]
    assert [float(f) for f in fill(store, keys, make)] == [0.0, 9.0, 0.0, 3.0]
    assert calls == [[0, 3]]
    fill(store, keys, make)
    assert len(calls) == 1


def test_a_row_of_a_batch_is_kept_without_the_batch(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    fill(store, ["a" * 64], lambda _places: list(torch.zeros(1000, 256))[:1])
    (file,) = tmp_path.rglob("*.safetensors")
    assert file.stat().st_size < 4096


def test_memory_gives_up_the_least_recently_used() -> None:
    kept = RecentFeatures(most_bytes=3 * 400)
    for key in "abc":
        kept.put(key, torch.zeros(100))
    assert kept.get("a") is not None
    kept.put("d", torch.zeros(100))
    assert kept.get("b") is None
    assert all(kept.get(key) is not None for key in "acd")
    kept.put("a", torch.zeros(200))
    assert kept.get("c") is None
