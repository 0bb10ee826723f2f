"""Agreement between raters on a scale of categories: Cohen's κ and Krippendorff's α."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fauve.stats._arrays import Flags, Floats, Integers, factorise, finite, flags, ratio, same_length
from fauve.stats.bootstrap import Evaluate, Resampling, Statistic, cluster_bootstrap, independent_rows
from fauve.stats.intervals import Estimate

__all__ = ["KappaWeights", "MeasurementLevel", "cohen_kappa", "krippendorff_alpha"]

KappaWeights = Literal["none", "linear", "quadratic"]
"""How a disagreement counts: all alike, by the distance of the categories, by its square."""

MeasurementLevel = Literal["nominal", "ordinal", "interval"]
"""What the values of a scale mean to Krippendorff's α."""

MOST_CATEGORIES = 50
"""Tables of categories are resampled whole; a longer scale is no rating scale but a measurement."""


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weights: KappaWeights = "none",
    categories: Sequence[Any] | None = None,
    draws: Resampling | None = None,
    level: float = 0.95,
) -> Estimate:
    """Cohen's κ of two raters on the same items, with its cluster-bootstrap interval.

    Undefined where both raters gave one and the same category throughout: no disagreement was possible.

    Args:
        first: category of each item by the first rater, shape (n,), text or numbers.
        second: the same by the second rater.
        weights: of disagreements; linear and quadratic count steps between positions on the scale, not
            distances of the labels.
        categories: the scale in order; by default the sorted categories that occur, which shortens the scale
            where one was never used.
        draws: resampling of the items; None takes each as its own cluster.
        level: of the interval.

    Raises:
        ValueError: for a label that is not among ``categories``, text without ``categories`` under linear or
            quadratic weights (the alphabet is no scale), or more than 50 categories.
    """
    one, two, size = _on_scale(np.asarray(first), np.asarray(second), categories, weights)
    n = same_length(first=one, second=two)
    draws = independent_rows(n) if draws is None else draws
    penalty = _penalty(size, weights)
    sums = draws.sums((one * size + two)[:, None] == np.arange(size * size))

    def evaluate(cluster_weights: Floats) -> Floats:
        table = (cluster_weights @ sums).reshape(-1, size, size)
        total = table.sum(axis=(1, 2))
        observed = np.einsum("bij,ij->b", table, penalty) * total
        expected = np.einsum("bi,bj,ij->b", table.sum(axis=2), table.sum(axis=1), penalty, optimize=True)
        return (1 - ratio(observed, expected))[:, None]

    what = "both raters gave one and the same category throughout"
    statistic = Statistic(evaluate, (n,), what, width=size * size)
    return cluster_bootstrap(draws, statistic, level=level)[0]


def krippendorff_alpha(
    ratings: ArrayLike,
    present: ArrayLike | None = None,
    *,
    measurement: MeasurementLevel = "ordinal",
    draws: Resampling | None = None,
    interval_level: float = 0.95,
) -> Estimate:
    """Krippendorff's α of any number of raters, ratings may be missing (Krippendorff 2011).

    An item with fewer than two ratings cannot be paired and is left out; n counts the others. Undefined where
    all pairable ratings are equal.

    Args:
        ratings: shape (items, raters), numbers.
        present: same shape, False where a rater gave no rating (what stands there must be finite).
        measurement: what a difference of two values means: nominal (all alike), ordinal (by the share of
            ratings between them), interval (the squared difference).
        draws: resampling of the items; None takes each as its own cluster.
        interval_level: of the bootstrap interval.

    Raises:
        ValueError: for an ordinal scale with more than 50 distinct values.
    """
    values = finite("ratings", ratings, ndim=2)
    there = np.ones(values.shape, np.bool_) if present is None else flags("present", present, ndim=2)
    if there.shape != values.shape:
        raise ValueError(f"present has shape {there.shape}, ratings {values.shape}: they must be equal")
    draws = independent_rows(len(values)) if draws is None else draws
    pairable = there.sum(axis=1) > 1
    there = there & pairable[:, None]
    alpha = {"nominal": _nominal_alpha, "ordinal": _ordinal_alpha, "interval": _interval_alpha}.get(measurement)
    if alpha is None:
        raise ValueError(f"there is no measurement level {measurement!r}: nominal, ordinal or interval")
    same_length(ratings=values, clusters=draws.index)
    if not pairable.any():
        return Estimate.undefined("no item has two ratings", 0)
    evaluate, width = alpha(values, there, draws)
    statistic = Statistic(evaluate, (int(pairable.sum()),), "all pairable ratings are equal", width)
    return cluster_bootstrap(draws, statistic, level=interval_level)[0]


def _on_scale(
    first: NDArray[Any], second: NDArray[Any], categories: Sequence[Any] | None, weights: KappaWeights
) -> tuple[Integers, Integers, int]:
    """Position of each label on the scale, and the length of the scale."""
    if categories is None:
        numeric = {array.dtype.kind in "biuf" for array in (first, second) if array.size}
        if len(numeric) > 1:
            raise ValueError("one rater gave numbers, the other text")
        if weights != "none" and numeric == {False}:
            raise ValueError(f"{weights} weights on text need the categories in order: pass categories=[…]")
        index, size = factorise("ratings", np.concatenate([first, second]))
        one, two = index[: len(first)], index[len(first) :]
    else:
        place = {category: position for position, category in enumerate(categories)}
        unknown = sorted({str(label) for label in (*first.tolist(), *second.tolist()) if label not in place})
        if unknown or len(place) != len(categories):
            problem = f"has no {', '.join(unknown)}" if unknown else "names one twice"
            raise ValueError(f"the list of categories {problem}")
        one = np.array([place[label] for label in first.tolist()], dtype=np.intp)
        two = np.array([place[label] for label in second.tolist()], dtype=np.intp)
        size = len(categories)
    _check_size(size)
    return one, two, size


def _penalty(size: int, weights: KappaWeights) -> Floats:
    powers = {"none": 0, "linear": 1, "quadratic": 2}
    if weights not in powers:
        raise ValueError(f"there are no {weights!r} weights: none, linear or quadratic")
    steps = np.abs(np.arange(size)[:, None] - np.arange(size)).astype(np.float64)
    penalty: Floats = np.where(steps > 0, steps ** powers[weights], 0.0)
    return penalty


def _nominal_alpha(values: Floats, there: Flags, draws: Resampling) -> tuple[Evaluate, int]:
    """From the counts of each value and of agreeing pairs, which add up over items."""
    counts = _value_counts(values, there)
    agreeing = (counts * (counts - 1)).sum(axis=1, keepdims=True) / _others(counts)
    sums = draws.sums(np.hstack([counts, agreeing]))

    def evaluate(weights: Floats) -> Floats:
        totals = weights @ sums
        margins, matches = totals[:, :-1], totals[:, -1]
        n = margins.sum(axis=1)
        return (1 - ratio((n - 1) * (n - matches), n**2 - (margins**2).sum(axis=1)))[:, None]

    return evaluate, counts.shape[1]


def _ordinal_alpha(values: Floats, there: Flags, draws: Resampling) -> tuple[Evaluate, int]:
    """From the table of coincidences, as what a step means depends on how often each value occurs."""
    counts = _value_counts(values, there)
    size = counts.shape[1]
    _check_size(size)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(size)
    sums = draws.sums(pairs.reshape(len(values), -1) / _others(counts))

    def evaluate(weights: Floats) -> Floats:
        table = (weights @ sums).reshape(-1, size, size)
        margins = table.sum(axis=2)
        n = margins.sum(axis=1)
        # The ordinal metric between two values is the squared difference of their mid-ranks.
        rank = np.cumsum(margins, axis=1) - margins / 2 - n[:, None] / 2
        squares = (margins * rank**2).sum(axis=1)
        products = np.einsum("bij,bi,bj->b", table, rank, rank, optimize=True)
        spread = n * squares - (margins * rank).sum(axis=1) ** 2
        return (1 - ratio((n - 1) * (squares - products), _above_rounding(spread, n * squares)))[:, None]

    return evaluate, size * size


def _interval_alpha(values: Floats, there: Flags, draws: Resampling) -> tuple[Evaluate, int]:
    """From moments: with squared differences no table of values is needed."""
    off = np.where(there, values - np.median(values[there]), 0.0)
    count = there.sum(axis=1).astype(np.float64)
    item_mean = off.sum(axis=1) / np.maximum(count, 1)
    around = (np.where(there, off - item_mean[:, None], 0.0) ** 2).sum(axis=1)
    inside = around * count / np.maximum(count - 1, 1)
    sums = draws.sums(np.column_stack([count, off.sum(axis=1), (off**2).sum(axis=1), inside]))

    def evaluate(weights: Floats) -> Floats:
        n, total, squares, within = (weights @ sums).T
        spread = _above_rounding(n * squares - total**2, n * squares)
        return (1 - ratio((n - 1) * within, spread))[:, None]

    return evaluate, sums.shape[1]


def _value_counts(values: Floats, there: Flags) -> Floats:
    """How often each distinct value was given to each item, shape (items, values)."""
    scale = np.unique(values[there])
    return np.stack([((values == v) & there).sum(axis=1) for v in scale], axis=1).astype(np.float64)


def _others(counts: Floats) -> Floats:
    """Ratings of an item besides one, at least 1, shape (items, 1)."""
    others: Floats = np.maximum(counts.sum(axis=1, keepdims=True) - 1, 1)
    return others


def _above_rounding(spread: Floats, scale: Floats) -> Floats:
    return np.where(spread > 1e-12 * scale, spread, 0.0)


def _check_size(size: int) -> None:
    if size > MOST_CATEGORIES:
        raise ValueError(f"{size} distinct values are no rating scale: group them, or use the interval measure")
