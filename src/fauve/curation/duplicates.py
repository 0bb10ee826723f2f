"""Pictures that show the same thing: near in a model's space, or equal to the eye of a perceptual hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from fauve.curation.store import CurationStore, StoredPicture

__all__ = ["BITS", "COSINE", "Likeness", "alike", "groups_of", "look_alikes", "perceptual_hash"]

BITS = 8
"""Of 64 bits, up to which two perceptual hashes count as the same picture: scaling and JPEG stay below."""

COSINE = 0.95
"""Cosine from which two vectors count as the same scene."""

_SIDE, _KEPT, _BLOCK = 32, 8, 256


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two pictures, their cosine (None without vectors) and the bits in which their hashes differ."""

    first: StoredPicture
    second: StoredPicture
    cosine: float | None
    bits: int


def perceptual_hash(picture: Image.Image) -> str:
    """64 bits as 16 hex digits: which of the lowest 8 × 8 cosine terms of a 32 × 32 grey copy lie above their median.

    Source: the pHash of Zauner (2010), "Implementation and Benchmarking of Perceptual Image Hash Functions".
    """
    grey = picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    terms = dctn(np.asarray(grey, dtype=np.float64), norm="ortho")[:_KEPT, :_KEPT].reshape(-1)
    # The first term is the mean brightness, which says nothing of the scene.
    above = terms > np.median(terms[1:])
    return np.packbits(above).tobytes().hex()


def look_alikes(
    pictures: Sequence[StoredPicture],
    vectors: NDArray[np.float32] | None = None,
    *,
    cosine: float = COSINE,
    bits: int = BITS,
) -> list[Likeness]:
    """Every two pictures that are alike by either measure, the most alike first.

    Args:
        pictures: n of them.
        vectors: their unit vectors (n, d); None to look at the hashes alone.
        cosine: least cosine of two alike.
        bits: most bits that may differ.
    """
    hashes = np.array([list(bytes.fromhex(picture.phash)) for picture in pictures], dtype=np.uint8).reshape(-1, 8)
    found = []
    for start in range(0, len(pictures), _BLOCK):
        block = slice(start, start + _BLOCK)
        differ = np.bitwise_count(hashes[block, None, :] ^ hashes[None, :, :]).sum(axis=2, dtype=np.int64)
        near = differ <= bits
        cosines = None if vectors is None else vectors[block] @ vectors.T
        if cosines is not None:
            near |= cosines >= cosine
        for row, column in zip(*np.nonzero(near), strict=True):
            if start + row < column:
                value = None if cosines is None else float(cosines[row, column])
                pair = pictures[start + row], pictures[int(column)]
                found.append(Likeness(*pair, value, int(differ[row, column])))
    return sorted(found, key=lambda like: (-(like.cosine or 0.0), like.bits, like.first.path, like.second.path))


def alike(
    store: CurationStore, *, model: str | None = None, cosine: float = COSINE, bits: int = BITS
) -> list[Likeness]:
    """Alike pictures of a store; ``model`` is the key of a model, None to compare hashes alone."""
    if model is None:
        return look_alikes(store.pictures(), bits=bits)
    pictures, vectors = store.vectors(model)
    return look_alikes(pictures, vectors, cosine=cosine, bits=bits)


def groups_of(likenesses: Sequence[Likeness]) -> list[list[StoredPicture]]:
    """Pictures that are alike, directly or through others, together; the largest group first."""
    leader: dict[StoredPicture, StoredPicture] = {}

    def find(picture: StoredPicture) -> StoredPicture:
        while leader.setdefault(picture, picture) != picture:
            picture = leader[picture]
        return picture

    for like in likenesses:
        leader[find(like.second)] = find(like.first)
    together: dict[StoredPicture, list[StoredPicture]] = {}
    for picture in sorted(leader, key=lambda p: p.path):
        together.setdefault(find(picture), []).append(picture)
    return sorted(together.values(), key=lambda group: (-len(group), group[0].path))
