"""What the members of a family draw: the one place where a name's weights and a seed's numbers are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fauve.lab.adapters.files import member_weights
from fauve.lab.captions import encode
from fauve.lab.inference import Arrays, Guidance, interpolate, scenes_from_uniforms
from fauve.lab.scene import SIZES, canonical

__all__ = ["BASE", "dialled_weights", "drawn_scenes"]

BASE = "base"
"""The file that every dial starts from."""


def dialled_weights(file: str, dial: float | None, family: Path | None) -> Arrays:
    """A member's weights at ``dial``: base + dial * (member - base), weight by weight; None or 1 is the member itself.

    Raises:
        WeightsMissing, WeightsMismatch: the family lacks a file, or one is damaged.
    """
    own = member_weights(file, family).arrays
    return own if dial in {None, 1} else interpolate(member_weights(BASE, family).arrays, own, float(dial or 0))


def drawn_scenes(
    weights: Arrays, prompts: Sequence[str], seeds: Sequence[int], guidance: Guidance | None = None
) -> NDArray[np.int64]:
    """One scene a prompt, (n, S); members that draw with the same seed differ only as far as their distributions do."""
    uniforms = np.stack([np.random.default_rng(seed).random(len(SIZES)) for seed in seeds])
    return canonical(scenes_from_uniforms(weights, encode(prompts), uniforms, guidance))
