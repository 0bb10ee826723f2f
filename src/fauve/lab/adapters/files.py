"""Where the lab's weights are: the shipped family in the package, or a folder of one's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fauve.lab.inference import Weights, read_weights

__all__ = ["SHIPPED", "member_weights"]

SHIPPED = Path(__file__).parents[1] / "family"
"""The family that comes with the package."""


def member_weights(file: str, family: Path | None = None) -> Weights:
    """Weights of one member of a family, read once.

    Raises:
        WeightsMissing, WeightsMismatch: there is no such file in the folder, or it is damaged.
    """
    return _read((SHIPPED if family is None else family) / f"{file}.safetensors")


@cache
def _read(path: Path) -> Weights:
    return read_weights(path)
