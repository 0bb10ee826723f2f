"""People who rate the same items on one scale: how far each agrees with the others, and somebody else with them.

Whoever is held against several people meets their noise. One person held against the others meets it too, so that is
the agreement to compare with: what a person reaches under the same rule on the same items (the human ceiling).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fauve.stats._arrays import Flags, Floats, Integers, flags, ratio, same_length
from fauve.stats.bootstrap import Resampling, Statistic

__all__ = ["kappa_by_rater", "less", "mean_kappa", "view_of_the_others"]


def view_of_the_others(ratings: ArrayLike, present: ArrayLike, categories: int) -> tuple[Integers, Flags]:
    """What the other raters of each item say together: their median category, and where it is known.

    Between two categories (as many above as below) it is the middle one of the scale, rounded down.

    Args:
        ratings: category of each item by each rater, 0 to ``categories - 1``, shape (items, raters).
        present: same shape, False where a rater gave no rating.
        categories: length of the scale.

    Returns:
        (items, raters): the category, and True where the rater gave a rating and somebody else did too.
    """
    codes, there = _coded(ratings, present, categories)
    own = (codes[:, :, None] == np.arange(categories)) & there[:, :, None]
    others = own.sum(axis=1, keepdims=True) - own
    n = others.sum(axis=2)
    up_to = np.cumsum(others, axis=2)
    lower = (2 * up_to >= n[:, :, None]).argmax(axis=2)
    upper = (2 * up_to > n[:, :, None]).argmax(axis=2)
    between = (categories - 1) // 2
    return np.where(lower == upper, lower, between).astype(np.intp), there & (n > 0)


def mean_kappa(
    draws: Resampling, ratings: ArrayLike, references: ArrayLike, present: ArrayLike, categories: int
) -> Statistic:
    """Mean over raters of the quadratic κ of each with a reference of its own.

    A rater whose κ is undefined (both said one and the same throughout) is left out of the mean.

    Args:
        draws: labelling of the items.
        ratings: shape (items, raters).
        references: what each rating is held against, same shape.
        present: same shape, False where there is nothing to compare.
        categories: length of the scale that both are on.
    """
    each = kappa_by_rater(draws, ratings, references, present, categories)

    def evaluate(weights: Floats) -> Floats:
        kappas = each(weights)
        known = ~np.isnan(kappas)
        return ratio(np.where(known, kappas, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))[:, None]

    return Statistic(evaluate, (sum(each.rows),), each.undefined, each.width)


def kappa_by_rater(
    draws: Resampling, ratings: ArrayLike, references: ArrayLike, present: ArrayLike, categories: int
) -> Statistic:
    """The quadratic κ of each rater with its reference, one column a rater; arguments as for :func:`mean_kappa`."""
    codes, there = _coded(ratings, present, categories)
    against, _ = _coded(references, there, categories)
    same_length(ratings=codes, references=against, clusters=draws.index)
    raters = codes.shape[1]
    cells = (codes * categories + against)[:, :, None] == np.arange(categories**2)
    sums = draws.sums((cells & there[:, :, None]).reshape(len(codes), -1).astype(np.float64))
    penalty = ((np.arange(categories)[:, None] - np.arange(categories)) ** 2).astype(np.float64)

    def evaluate(weights: Floats) -> Floats:
        table = (weights @ sums).reshape(-1, raters, categories, categories)
        observed = np.einsum("brij,ij->br", table, penalty) * table.sum(axis=(2, 3))
        expected = np.einsum("bri,brj,ij->br", table.sum(axis=3), table.sum(axis=2), penalty, optimize=True)
        return 1 - ratio(observed, expected)

    what = "both said one and the same throughout"
    return Statistic(evaluate, tuple(int(n) for n in there.sum(axis=0)), what, width=raters * categories**2)


def less(first: Statistic, second: Statistic) -> Statistic:
    """The first minus the second in every draw; both have the same columns."""

    def evaluate(weights: Floats) -> Floats:
        return first.evaluate(weights) - second.evaluate(weights)

    return Statistic(evaluate, first.rows, first.undefined, first.width + second.width)


def _coded(ratings: ArrayLike, present: ArrayLike, categories: int) -> tuple[Integers, Flags]:
    """Categories where there is one, 0 elsewhere; both of shape (items, raters)."""
    there = flags("present", present, ndim=2)
    codes = np.where(there, np.asarray(ratings), 0).astype(np.intp)
    if codes.shape != there.shape:
        raise ValueError(f"present has shape {there.shape}, ratings {codes.shape}: they must be equal")
    if codes.size and not 0 <= codes.min() <= codes.max() < categories:
        raise ValueError(f"categories from {codes.min()} to {codes.max()}: a scale of {categories} goes from 0")
    return codes, there
