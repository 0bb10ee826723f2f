"""Rows that a straight line does not hold for, by a rule that is stated before it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from fauve.stats._arrays import Flags, Floats, finite, open_share, same_length

__all__ = ["Outliers", "line_outliers"]

_ROUNDING = 1e-12
"""A residual below this share of the spread of y is rounding."""


@dataclass(frozen=True, slots=True)
class Outliers:
    """Which rows lie off the line.

    Attributes:
        flags: shape (n,), True where the row is an outlier.
        residuals: externally studentised, shape (n,); NaN where leaving the row out leaves no line or no spread.
        bound: the size above which a residual is one; NaN where there are too few rows.
    """

    flags: Flags
    residuals: Floats
    bound: float


def line_outliers(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Outliers:
    """Rows whose externally studentised residual from the least-squares line exceeds Bonferroni's bound.

    Each row is held against the line through the others (deleted residuals; Cook and Weisberg 1982): t(n − 3) where the
    row belongs to the line. The bound is that of ``level`` over all n rows together. Fewer than five rows have none.
    """
    open_share("level", level)
    left, right = finite("x", x), finite("y", y)
    n = same_length(x=left, y=right)
    nothing = Outliers(np.zeros(n, np.bool_), np.full(n, np.nan), float("nan"))
    if n < 5 or np.all(left == left[0]):
        return nothing
    centred = left - left.mean()
    leverage = 1 / n + centred**2 / (centred**2).sum()
    slope = (centred @ right) / (centred @ centred)
    residual = right - right.mean() - slope * centred
    residual[np.abs(residual) <= _ROUNDING * max(1.0, float(np.abs(right).max()))] = 0.0
    rest = np.maximum((residual @ residual) - residual**2 / (1 - leverage), 0.0) / (n - 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        studentised = residual / np.sqrt(rest * (1 - leverage))
    studentised[residual == 0] = 0.0
    bound = float(scipy.stats.t.ppf(1 - (1 - level) / (2 * n), n - 3))
    return Outliers(np.abs(studentised) > bound, studentised, bound)
