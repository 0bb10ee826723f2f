"""What an array must be before a statistic looks at it.

Every check raises :class:`ValueError` with the name of the argument, what is wrong and where, so that a number
that is no number stops at the door and never comes out as a result.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]

LARGEST = 1e100
"""No score is larger: up to here squares and sums of millions of rows stay finite."""


def finite(name: str, values: ArrayLike, ndim: int = 1) -> Floats:
    """The values as float64 of ``ndim`` dimensions, all finite and at most 1e100 in size."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim:
        raise ValueError(f"{name} has {array.ndim} dimensions, not {ndim}")
    wrong = ~(np.abs(array) <= LARGEST)
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        at = first[0] if ndim == 1 else first
        raise ValueError(
            f"{name} holds {array[first]} at {at} ({int(wrong.sum())} such values): "
            f"leave items without a score out, and count them as missing"
        )
    return array


def flags(name: str, values: ArrayLike, ndim: int = 1) -> Flags:
    """The values as booleans; 0 and 1 are taken for them, nothing else is."""
    array = np.asarray(values)
    if array.ndim != ndim:
        raise ValueError(f"{name} has {array.ndim} dimensions, not {ndim}")
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} must hold booleans (or 0 and 1) only")
    return array.astype(np.bool_)


def class_index(name: str, values: ArrayLike, classes: int, *, lowest: int = 0) -> Integers:
    """Whole numbers from ``lowest`` to ``classes - 1``."""
    array = finite(name, values)
    if array.size and (np.any(array != np.rint(array)) or array.min() < lowest or array.max() >= classes):
        raise ValueError(f"{name} must hold whole numbers from {lowest} to {classes - 1} only")
    return array.astype(np.intp)


def factorise(name: str, labels: ArrayLike) -> tuple[Integers, int]:
    """Labels (text or whole numbers) as positions among their sorted distinct values, and how many those are."""
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions, not 1: pass one label a row, as text or a number")
    if array.dtype.kind == "f":
        finite(name, array)
    elif array.dtype.kind == "O":
        if any(not isinstance(label, str) for label in array):
            raise ValueError(f"{name} mixes kinds of labels or lacks some: make them all text or all numbers")
        array = array.astype(np.str_)
    distinct, index = np.unique(array, return_inverse=True)
    return index.reshape(-1).astype(np.intp), int(distinct.size)


def same_length(**arrays: NDArray[Any]) -> int:
    """The common number of rows."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"arrays of different lengths ({listed}): join them by key first")
    return next(iter(lengths.values()))


def open_share(name: str, value: float) -> float:
    """A number strictly between 0 and 1."""
    if not (math.isfinite(value) and 0 < value < 1):
        raise ValueError(f"{name} is {value}: it must lie between 0 and 1, both excluded")
    return float(value)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise quotient, NaN where the denominator is not above 0; broadcasts."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    out = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=out, where=np.broadcast_to(denominator > 0, shape))
    return out
