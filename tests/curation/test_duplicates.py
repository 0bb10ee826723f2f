"""Alike pictures: what a scaled JPEG leaves, and what is another scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from fauve.curation import CurationStore, alike, groups_of, index_folder, look_alikes, perceptual_hash
from fauve.curation.store import StoredPicture
from fauve.stimuli.photographs import photographs


def bits(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def test_the_hash_survives_scaling_and_light_and_tells_scenes_apart() -> None:
    pictures = [Image.fromarray(one.load(200)) for one in photographs()]
    hashes = [perceptual_hash(picture) for picture in pictures]
    assert all(len(code) == 16 for code in hashes)
    for picture, code in zip(pictures, hashes, strict=True):
        assert bits(code, perceptual_hash(picture.resize((90, 70)))) <= 8
        assert bits(code, perceptual_hash(ImageEnhance.Brightness(picture).enhance(0.7))) <= 8
    apart = [bits(a, b) for n, a in enumerate(hashes) for b in hashes[:n]]
    assert min(apart) > 8


def test_a_small_jpeg_of_a_photograph_is_found_and_nothing_else(photos: Path, tmp_path: Path) -> None:
    with CurationStore(tmp_path / "work", photos) as store:
        index_folder(store)
        found = alike(store)
    assert [{like.first.path, like.second.path} for like in found] == [{"again.png", "small.jpg"}]
    assert found[0].cosine is None


def picture(name: str, phash: str) -> StoredPicture:
    return StoredPicture(name * 8, name, 1, 1, ".png", phash)


def test_either_measure_is_enough_and_groups_are_what_is_connected() -> None:
    pictures = [
        picture("a", "0" * 16),
        picture("b", "0" * 15 + "f"),
        picture("c", "f" * 16),
        picture("d", "0f" * 8),
        picture("e", "f0" * 8),
    ]
    by_hash = look_alikes(pictures, bits=4)
    assert [(like.first.path, like.second.path, like.bits) for like in by_hash] == [("a", "b", 4)]
    vectors = np.eye(5, dtype=np.float32)
    vectors[2] = vectors[1]
    both = look_alikes(pictures, vectors, cosine=0.9, bits=4)
    assert [(like.first.path, like.second.path, like.cosine) for like in both] == [("b", "c", 1.0), ("a", "b", 0.0)]
    assert [[p.path for p in group] for group in groups_of(both)] == [["a", "b", "c"]]
    assert look_alikes([], bits=4) == []


def test_blocks_give_what_one_block_gives() -> None:
    rng = np.random.default_rng(0)
    pictures = [picture(f"{n:04d}", rng.bytes(8).hex()) for n in range(600)]
    pictures += [StoredPicture("x" * 64, "twin", 1, 1, ".png", pictures[10].phash)]
    pairs = {(like.first.path, like.second.path) for like in look_alikes(pictures, bits=12)}
    by_hand = {
        (a.path, b.path) for n, a in enumerate(pictures) for b in pictures[n + 1 :] if bits(a.phash, b.phash) <= 12
    }
    assert ("0010", "twin") in pairs
    assert pairs == by_hand
