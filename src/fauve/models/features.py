"""Features of images that were seen before, so that new prompts cost no vision work.

A feature is kept under the hash of everything that makes it: the picture's pixels, the preprocessing, the checkpoint
and the number format. The store is a cache: deleting it loses nothing but time, and an entry that cannot be read is
made anew.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from fauve.keys import digest

__all__ = ["FeatureStore", "Features", "RecentFeatures", "feature_key", "fill", "pixel_hash"]


def pixel_hash(image: Image.Image) -> str:
    """Sha256 of a picture's size and RGB values: what a model sees of it, whatever file it came from."""
    rgb = image.convert("RGB")
    state = hashlib.sha256(f"{rgb.width}x{rgb.height}:".encode())
    state.update(rgb.tobytes())
    return state.hexdigest()


def feature_key(image: str, preprocessing: str, checkpoint: str, dtype: str) -> str:
    """The name of one feature: ``image`` and ``checkpoint`` are hashes."""
    return digest({"image": image, "preprocessing": preprocessing, "checkpoint": checkpoint, "dtype": dtype})


class Features(Protocol):
    """Where tensors are kept by key."""

    def get(self, key: str) -> Tensor | None:
        """The tensor under ``key``, or None."""
        ...

    def put(self, key: str, feature: Tensor) -> None:
        """Keep a tensor under ``key``."""
        ...


class FeatureStore:
    """A folder of tensors by key. Several processes may use one folder."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def get(self, key: str) -> Tensor | None:
        """The tensor under ``key`` on the CPU, or None."""
        try:
            return load_file(self._path(key))["feature"]
        except FileNotFoundError:
            return None
        except (SafetensorError, KeyError, OSError):
            with suppress(OSError):
                self._path(key).unlink()
            return None

    def put(self, key: str, feature: Tensor) -> None:
        """Keep a tensor. Readers see the whole of it or nothing."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.close(handle)
        try:
            # a row of a batch is a view: cloned, or the whole batch would be written
            save_file({"feature": feature.detach().to("cpu", copy=True).contiguous()}, part)
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(part)
            raise

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.safetensors"


class RecentFeatures:
    """Tensors in memory, the least recently used given up beyond ``most_bytes``."""

    def __init__(self, most_bytes: int = 1 << 28) -> None:
        self._most = most_bytes
        self._held = 0
        self._kept: OrderedDict[str, Tensor] = OrderedDict()

    def get(self, key: str) -> Tensor | None:
        """The tensor under ``key``, or None; it counts as used."""
        feature = self._kept.get(key)
        if feature is not None:
            self._kept.move_to_end(key)
        return feature

    def put(self, key: str, feature: Tensor) -> None:
        """Keep a tensor, and give up others for it."""
        previous = self._kept.pop(key, None)
        self._held -= 0 if previous is None else previous.nbytes
        self._kept[key] = feature
        self._held += feature.nbytes
        while self._held > self._most and len(self._kept) > 1:
            self._held -= self._kept.popitem(last=False)[1].nbytes


def fill(kept: Features, keys: Sequence[str], make: Callable[[list[int]], Sequence[Tensor]]) -> list[Tensor]:
    """One tensor a key: what is kept, and what ``make`` gives for the positions that are not.

    ``make`` is called once with the positions of the missing keys, each key once, and not at all where nothing is
    missing. What it makes is kept on its own, not as a view of a whole batch.
    """
    known = {key: feature for key in dict.fromkeys(keys) if (feature := kept.get(key)) is not None}
    missing = [at for key, at in _first_places(keys).items() if key not in known]
    if missing:
        for at, made in zip(missing, make(missing), strict=True):
            known[keys[at]] = made.detach().to("cpu", copy=True)
            kept.put(keys[at], known[keys[at]])
    return [known[key] for key in keys]


def _first_places(keys: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, key in enumerate(keys):
        places.setdefault(key, at)
    return places
