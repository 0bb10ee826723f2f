"""Correction of p values for the number of tests in a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fauve.stats._arrays import Floats

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values of Holm (1979), which bound the chance of any false finding in the family.

    None stands for a test that could not be done: it stays None and is not counted.

    Raises:
        ValueError: for a p value outside [0, 1].
    """

    def step_down(ascending: Floats) -> Floats:
        m = len(ascending)
        stepped: Floats = np.maximum.accumulate(ascending * np.arange(m, 0, -1))
        return stepped

    return _adjusted(p_values, step_down)


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values of Benjamini and Hochberg (1995), which bound the expected share of false findings.

    None as for :func:`holm`.

    Raises:
        ValueError: for a p value outside [0, 1].
    """

    def step_up(ascending: Floats) -> Floats:
        m = len(ascending)
        scaled = ascending * m / np.arange(1, m + 1)
        stepped: Floats = np.minimum.accumulate(scaled[::-1])[::-1]
        return stepped

    return _adjusted(p_values, step_up)


def _adjusted(p_values: Sequence[float | None], step: Callable[[Floats], Floats]) -> list[float | None]:
    places = [i for i, p in enumerate(p_values) if p is not None]
    known = np.array([p for p in p_values if p is not None], dtype=np.float64)
    if not np.all((known >= 0) & (known <= 1)):
        raise ValueError("p values must lie between 0 and 1; None stands for a test that could not be done")
    order = np.argsort(known, kind="stable")
    adjusted = np.empty(len(known))
    adjusted[order] = np.minimum(step(known[order]), 1.0)
    result: list[float | None] = [None] * len(p_values)
    for place, p in zip(places, adjusted.tolist(), strict=True):
        result[place] = p
    return result
