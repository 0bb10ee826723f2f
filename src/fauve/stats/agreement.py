"""Agreement between raters on a scale of categories: Cohen's κ and Krippendorff's α."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from fauve.stats._arrays import Floats, Integers, factorise, finite, flags, ratio, same_length
from fauve.stats.bootstrap import Resampling, Statistic, cluster_bootstrap, independent_rows
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

    statistic = Statistic(evaluate, (n,), "both raters gave one and the same category throughout")
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
    if measurement == "interval":
        evaluate = _interval_alpha(values, there, draws)
    elif measurement in ("nominal", "ordinal"):
        evaluate = _category_alpha(values, there, draws, ordinal=measurement == "ordinal")
    else:
        raise ValueError(f"there is no measurement level {measurement!r}: nominal, ordinal or interval")
    if not pairable.any():
        return Estimate.undefined("no item has two ratings", 0)
    statistic = Statistic(evaluate, (int(pairable.sum()),), "all pairable ratings are equal")
    return cluster_bootstrap(draws, statistic, level=interval_level)[0]


def _on_scale(
    first: np.ndarray[Any, Any],
    second: np.ndarray[Any, Any],
    categories: Sequence[Any] | None,
    weights: KappaWeights,
) -> tuple[Integers, Integers, int]:
    if categories is None:
        if weights != "none" and "U" in (first.dtype.kind, second.dtype.kind):
            raise ValueError(f"{weights} weights on text need the categories in order: pass categories=[…]")
        index, size = factorise("ratings", np.concatenate([first, second]))
        one, two = index[: len(first)], index[len(first) :]
    else:
        place = {category: position for position, category in enumerate(categories)}
        unknown = sorted({str(v) for v in (*first.tolist(), *second.tolist()) if v not in place})
        if unknown or len(place) != len(categories):
            problem = f"has no {', '.join(unknown)}" if unknown else "names one twice"
            raise ValueError(f"the list of categories {problem}")
        one = np.array([place[v] for v in first.tolist()], dtype=np.intp)
        two = np.array([place[v] for v in second.tolist()], dtype=np.intp)
        size = len(categories)
    _check_size(size)
    return one, two, size


def _penalty(size: int, weights: KappaWeights) -> Floats:
    steps = np.abs(np.arange(size)[:, None] - np.arange(size)).astype(np.float64)
    powers = {"none": 0, "linear": 1, "quadratic": 2}
    if weights not in powers:
        raise ValueError(f"there are no {weights!r} weights: none, linear or quadratic")
    penalty: Floats = np.where(steps > 0, steps ** powers[weights], 0.0)
    return penalty


def _interval_alpha(values: Floats, there: np.ndarray[Any, Any], draws: Resampling) -> Any:
    """α from moments: with squared differences no table of values is needed."""
    centre = float(np.median(values[there])) if there.any() else 0.0
    off = np.where(there, values - centre, 0.0)
    count = there.sum(axis=1).astype(np.float64)
    first, second = off.sum(axis=1), (off**2).sum(axis=1)
    within = np.maximum(count * second - first**2, 0.0) / np.maximum(count - 1, 1)
    within[np.ptp(np.where(there, off, first[:, None] / np.maximum(count, 1)[:, None]), axis=1) == 0] = 0.0
    sums = draws.sums(np.column_stack([count, first, second, within]))

    def evaluate(weights: Floats) -> Floats:
        n, total, squares, inside = (weights @ sums).T
        spread = n * squares - total**2
        spread = np.where(spread > 1e-12 * n * squares, spread, 0.0)
        return (1 - ratio((n - 1) * inside, spread))[:, None]

    return evaluate


def _category_alpha(values: Floats, there: np.ndarray[Any, Any], draws: Resampling, *, ordinal: bool) -> Any:
    """α from coincidences, which add up over items."""
    scale = np.unique(values[there])
    size = len(scale)
    if ordinal:
        _check_size(size)
    counts = np.stack([((values == v) & there).sum(axis=1) for v in scale], axis=1) if size else np.zeros((len(values), 0))
    counts = counts.astype(np.float64)
    others = np.maximum(counts.sum(axis=1) - 1, 1)[:, None]
    if not ordinal:
        agreed = (counts * (counts - 1)).sum(axis=1, keepdims=True) / others
        nominal_sums = draws.sums(np.hstack([counts, agreed]))

        def nominal(weights: Floats) -> Floats:
            totals = weights @ nominal_sums
            margins, matches = totals[:, :-1], totals[:, -1]
            n = margins.sum(axis=1)
            return (1 - ratio((n - 1) * (n - matches), n**2 - (margins**2).sum(axis=1)))[:, None]

        return nominal
    coincidences = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(size)
    flat = coincidences.reshape(len(values), -1) / others
    sums = draws.sums(flat)

    def evaluate(weights: Floats) -> Floats:
        table = (weights @ sums).reshape(-1, size, size)
        margins = table.sum(axis=2)
        n = margins.sum(axis=1)
        # The ordinal metric between two values is the squared difference of their mid-ranks.
        rank = np.cumsum(margins, axis=1) - margins / 2
        rank -= n[:, None] / 2
        squares = (margins * rank**2).sum(axis=1)
        crossed = np.einsum("bij,bi,bj->b", table, rank, rank, optimize=True)
        spread = n * squares - (margins * rank).sum(axis=1) ** 2
        spread = np.where(spread > 1e-12 * n * squares, spread, 0.0)
        return (1 - ratio((n - 1) * (squares - crossed), spread))[:, None]

    return evaluate


def _check_size(size: int) -> None:
    if size > MOST_CATEGORIES:
        raise ValueError(f"{size} distinct values are no rating scale: group them, or use the interval measure")
