"""The one definition of "the same work": a canonical form and its sha256.

Two pieces of work are the same exactly when their canonical JSON is. Every setting that can change a result
belongs into the key (adapter, revision, settings, hashes of the inputs, draw number), and nothing else: no
clock, no path, no host. What has no canonical form is an error, never a random key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

__all__ = ["canonical_json", "digest", "digest_bytes", "seed_from"]


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, shortest floats; equal values give equal text.

    Accepts None, bool, int, str, finite float, Enum (its value), dataclasses, mappings with str keys, lists,
    tuples, sets of strings. ``1`` and ``1.0`` differ: a setting that changes type is another setting.

    Raises:
        TypeError: for anything else (an unkeyable task is an error).
        ValueError: for NaN, infinity, or text with half of a surrogate pair (which UTF-8 cannot hold).
    """
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")
    return text


def digest(value: Any) -> str:
    """Sha256 of the canonical form, 64 hexadecimal digits."""
    return digest_bytes(canonical_json(value).encode("utf-8"))


def digest_bytes(data: bytes) -> str:
    """Sha256 of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def seed_from(*parts: Any) -> int:
    """A seed in [0, 2**63) that depends on every part, the same on every machine."""
    return int(digest(list(parts))[:16], 16) >> 1


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one line a kind of value
    if value is None or isinstance(value, bool | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no canonical form: keys are made of finite numbers")
        return value + 0.0  # -0.0 equals 0.0, so it gets the same text
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        if not all(isinstance(k, str) for k in value):
            raise TypeError("a mapping in a key needs str keys")
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(v) for v in value)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    raise TypeError(f"{type(value).__name__} has no canonical form: pass plain values or their hash")
