"""How far an expected score lies from ordered classes: the measures that judges of dimensions are held to.

The published judge figures pool every rated row: all dimensions of the label set, each image once a dimension.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fauve.stats._arrays import Floats, Integers, class_index, finite, same_length
from fauve.stats.bootstrap import Resampling, Statistic, cluster_bootstrap, independent_rows
from fauve.stats.intervals import Estimate
from fauve.stats.weighted import mean, weighted_f1

__all__ = ["class_balanced_mae", "mean_absolute_error", "rounded_f1", "rounded_score"]


def mean_absolute_error(
    expected: ArrayLike, labels: ArrayLike, *, draws: Resampling | None = None, level: float = 0.95
) -> Estimate:
    """Mean of |expected score − class|.

    Args:
        expected: expected scores, shape (n,), in the unit of the classes.
        labels: true classes 0, 1, 2, …, shape (n,).
        draws: resampling (by image); None takes each row as its own cluster.
        level: of the interval.
    """
    scores, classes = _rows(expected, labels)
    draws = independent_rows(len(scores)) if draws is None else draws
    return mean(np.abs(scores - classes), draws, level=level)


def class_balanced_mae(
    expected: ArrayLike, labels: ArrayLike, *, draws: Resampling | None = None, level: float = 0.95
) -> Estimate:
    """Plain mean of the mean absolute errors of the classes that occur; arguments as above.

    A resample in which a class does not occur takes the mean over the others.
    """
    scores, classes = _rows(expected, labels)
    draws = independent_rows(len(scores)) if draws is None else draws
    member = (classes[:, None] == np.unique(classes)).astype(np.float64)
    sums = draws.sums(np.hstack([member * np.abs(scores - classes)[:, None], member]))

    def evaluate(weights: Floats) -> Floats:
        errors, support = np.hsplit(weights @ sums, 2)
        of_class = np.where(support > 0, errors / np.maximum(support, 1), 0.0)
        occurring = np.maximum((support > 0).sum(axis=1, keepdims=True), 1)
        balanced: Floats = of_class.sum(axis=1, keepdims=True) / occurring
        return balanced

    statistic = Statistic(evaluate, (len(scores),), "no rows")
    return cluster_bootstrap(draws, statistic, level=level)[0]


def rounded_f1(
    expected: ArrayLike, labels: ArrayLike, *, draws: Resampling | None = None, level: float = 0.95
) -> Estimate:
    """F1 of the rounded expected scores (:func:`rounded_score`), weighted by the size of each class.

    A score that rounds to no class that occurs is a miss, as in scikit-learn.
    """
    scores, classes = _rows(expected, labels)
    draws = independent_rows(len(scores)) if draws is None else draws
    rounded = rounded_score(scores)
    named = (rounded >= 0) & (rounded <= classes.max(initial=0))
    return cluster_bootstrap(draws, weighted_f1(draws, classes, np.where(named, rounded, -1)), level=level)[0]


def rounded_score(expected: ArrayLike) -> Floats:
    """The nearest class, an exact half going to the even one as in IEEE 754 (0.5 → 0, 1.5 → 2)."""
    return np.rint(finite("expected", expected))


def _rows(expected: ArrayLike, labels: ArrayLike) -> tuple[Floats, Integers]:
    scores = finite("expected", expected)
    raw = finite("labels", labels)
    classes = class_index("labels", raw, int(raw.max()) + 1 if raw.size else 1)
    same_length(expected=scores, labels=classes)
    return scores, classes
