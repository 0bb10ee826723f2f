"""Weights on disk: safetensors with the model's card inside, the same bytes for the same weights.

The format (https://github.com/huggingface/safetensors) is a JSON header and raw arrays, so reading it needs no library.
Arrays are stored as float16 and used as float32: what training hands on is what was stored, never what was rounded off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.keys import canonical_json, digest_bytes

__all__ = ["Arrays", "Weights", "interpolate", "read_weights", "write_weights"]

Arrays = Mapping[str, NDArray[np.float32]]
_TYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


@dataclass(frozen=True, slots=True)
class Weights:
    """Float32 arrays by name, the card that was stored with them, and the sha256 of the file."""

    arrays: Arrays
    card: dict[str, Any]
    sha256: str

    @property
    def parameters(self) -> int:
        """How many numbers these are."""
        return sum(a.size for a in self.arrays.values())


def write_weights(path: Path, arrays: Mapping[str, NDArray[np.floating[Any]]], card: Mapping[str, Any]) -> str:
    """Store arrays as float16 with a card, by way of a temporary file; returns the sha256 of the bytes.

    Raises:
        ValueError: for an array that float16 cannot hold (not finite, or above 65504).
    """
    header: dict[str, Any] = {"__metadata__": {"card": canonical_json(card)}}
    blocks, end = [], 0
    for name in sorted(arrays):
        half = np.ascontiguousarray(arrays[name], dtype="<f2")
        if not np.isfinite(half).all():
            raise ValueError(f"{path.name}: array {name!r} has values that float16 cannot hold; training diverged.")
        header[name] = {"dtype": "F16", "shape": list(half.shape), "data_offsets": [end, end + half.nbytes]}
        blocks.append(half.tobytes())
        end += half.nbytes
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    head += b" " * (-len(head) % 8)
    data = len(head).to_bytes(8, "little") + head + b"".join(blocks)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(data)
    os.replace(unfinished, path)
    return digest_bytes(data)


def read_weights(path: Path) -> Weights:
    """The weights of a file, as float32.

    Raises:
        WeightsMissing: there is no such file.
        WeightsMismatch: the file is no safetensors file of float16 or float32 arrays, or is cut short.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise WeightsMissing(f"{path}: no such weights. Train them with `fauve lab train`.") from None
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        card = json.loads(header.pop("__metadata__", {}).get("card", "{}"))
        arrays = {name: _array(data, start, entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise WeightsMismatch(f"{path}: no weights of the lab ({problem}). Train or fetch them again.") from problem
    return Weights(arrays, card, digest_bytes(data))


def _array(data: bytes, start: int, entry: dict[str, Any]) -> NDArray[np.float32]:
    kind: np.dtype[Any] = _TYPES[entry["dtype"]]
    shape, (first, last) = entry["shape"], entry["data_offsets"]
    if start + last > len(data):
        raise ValueError("the file is cut short")
    values = np.frombuffer(data[start + first : start + last], kind)
    return np.asarray(values.reshape(shape), np.float32)


def interpolate(base: Arrays, other: Arrays, dial: float) -> dict[str, NDArray[np.float32]]:
    """base + dial · (other − base): 0 is the base, 1 the other, beyond both extrapolates.

    Raises:
        WeightsMismatch: the two are not of one architecture.
    """
    if {k: v.shape for k, v in base.items()} != {k: v.shape for k, v in other.items()}:
        raise WeightsMismatch("these two models are not of one architecture; the dial joins members of one family.")
    amount = np.float32(dial)
    return {name: base[name] + amount * (other[name] - base[name]) for name in base}
