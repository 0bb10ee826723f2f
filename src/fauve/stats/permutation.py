"""The exact test of a correlation over a handful of rows, and the smallest p value that so few rows can give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from fauve.stats._arrays import Floats, finite, same_length

__all__ = ["MOST_ORDERED", "PermutationTest", "exact_correlation"]

MOST_ORDERED = 9
"""Rows up to which every order is visited (9! = 362,880)."""

FEWEST_ORDERED = 3
"""With two rows every order has a correlation of 1 or −1."""

_EQUAL = 1e-12
"""Correlations that differ by less are the same up to rounding."""


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """A correlation among all orders of one of its columns.

    Attributes:
        value: the correlation, in [−1, 1].
        p_value: share of the orders whose correlation is at least as far from 0, this one included.
        floor: the smallest p value that any order of these values has: what this many rows can prove at best.
        orders: how many orders there are, n!.
        as_extreme: how many of them the p value counts.
        n: rows.
        reason: why there is none of these (then value, p_value and floor are None), else None.
    """

    value: float | None
    p_value: float | None
    floor: float | None
    orders: int
    as_extreme: int
    n: int
    reason: str | None = None


def exact_correlation(
    x: ArrayLike, y: ArrayLike, method: Literal["pearson", "spearman"] = "spearman"
) -> PermutationTest:
    """Correlation of two columns of shape (n,) with its exact two-sided permutation p value, for 3 to 9 rows.

    Every order of ``y`` is as likely as any other where the columns have nothing to do with each other (Fisher 1935;
    Pitman 1937). Undefined outside that range of rows, or where a column does not vary.
    """
    left, right = finite("x", x), finite("y", y)
    n = same_length(x=left, y=right)
    if not FEWEST_ORDERED <= n <= MOST_ORDERED:
        return _undefined(n, f"n = {n}: every order is visited for {FEWEST_ORDERED} to {MOST_ORDERED} rows")
    for name, column in (("x", left), ("y", right)):
        if np.all(column == column[0]):
            return _undefined(n, f"{name} does not vary")
    if method == "spearman":
        left, right = scipy.stats.rankdata(left), scipy.stats.rankdata(right)
    orders = right[np.array(list(permutations(range(n))), dtype=np.intp)]
    found = np.clip(_unit(orders) @ _unit(left[None])[0], -1.0, 1.0)
    far = np.abs(found)
    as_extreme = int((far >= far[0] - _EQUAL).sum())
    best = int((far >= far.max() - _EQUAL).sum())
    total = math.factorial(n)
    return PermutationTest(float(found[0]), as_extreme / total, best / total, total, as_extreme, n)


def _unit(rows: Floats) -> Floats:
    """Each row centred and of length 1."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    unit: Floats = centred / np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    return unit


def _undefined(n: int, reason: str) -> PermutationTest:
    return PermutationTest(None, None, None, math.factorial(min(n, MOST_ORDERED)), 0, n, reason)
