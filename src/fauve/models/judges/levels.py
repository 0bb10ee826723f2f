"""The three answers that a judge may give, and what a value is made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fauve.errors import ConfigError

__all__ = ["ANSWERS", "checked_dimensions", "expected_level"]

ANSWERS = ("0", "1", "2")
"""The answer tokens; each is the level that it names."""


def expected_level(shares: ArrayLike) -> NDArray[np.float64]:
    """Expected level in [0, 2] of shares of the three answers, shape (…, 3), which need not add up to one."""
    weights = np.asarray(shares, dtype=np.float64)
    value: NDArray[np.float64] = (weights[..., 1] + 2.0 * weights[..., 2]) / weights.sum(axis=-1)
    return np.clip(value, 0.0, 2.0)


def checked_dimensions(name: str, dimensions: object) -> tuple[str, ...]:
    """The dimensions that a judge is asked for. Raises ConfigError where there is none or one stands twice."""
    if not isinstance(dimensions, list | tuple) or not dimensions or not all(isinstance(d, str) for d in dimensions):
        raise ConfigError(f"{name}: dimensions is a list of names with at least one in it, not {dimensions!r}.")
    twice = next((d for at, d in enumerate(dimensions) if d in dimensions[:at]), None)
    if twice is not None:
        raise ConfigError(f"{name}: the dimension {twice!r} stands twice among dimensions. Keep one.")
    return tuple(dimensions)
