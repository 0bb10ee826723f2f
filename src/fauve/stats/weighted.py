"""Statistics as functions of resampling weights: means, shares, F1, AUROC, effect sizes.

Each takes the draws (for the labelling of rows by cluster) and the rows, and gives a
:class:`~fauve.stats.bootstrap.Statistic`. At whole-number weights the result is what the plain statistic gives on
rows repeated that often, exactly up to rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fauve.stats._arrays import Floats, Integers, class_index, finite, flags, ratio, same_length
from fauve.stats.bootstrap import Resampling, Statistic, cluster_bootstrap
from fauve.stats.intervals import Estimate

__all__ = [
    "mean",
    "weighted_accuracy",
    "weighted_auroc",
    "weighted_balanced_accuracy",
    "weighted_effect_size",
    "weighted_f1",
    "weighted_mean",
    "weighted_rank_biserial",
]

ROUNDING = 1e-12
"""A variance below this share of the second moment is rounding, not variation."""


def mean(values: ArrayLike, draws: Resampling, *, level: float = 0.95) -> Estimate:
    """Mean of ``values``, shape (rows,), with its cluster-bootstrap interval."""
    return cluster_bootstrap(draws, weighted_mean(draws, finite("values", values)[:, None]), level=level)[0]


def weighted_mean(draws: Resampling, values: ArrayLike, present: ArrayLike | None = None) -> Statistic:
    """Mean of each column of ``values``, shape (rows, columns).

    ``present`` has the same shape and is False where a row has no value in a column; what stands in ``values``
    there must be finite and is not looked at.
    """
    array = finite("values", values, ndim=2)
    there = np.ones(array.shape, np.bool_) if present is None else flags("present", present, ndim=2)
    if there.shape != array.shape:
        raise ValueError(f"present has shape {there.shape}, values {array.shape}: they must be equal")
    # Taken from the median, equal rows give exactly their value in every draw.
    centre = np.array([np.median(c[t]) if t.any() else 0.0 for c, t in zip(array.T, there.T, strict=True)])
    columns = array.shape[1]
    rows = np.ones((len(array), 1)) if there.all() else there.astype(np.float64)
    both = draws.sums(np.hstack([np.where(there, array - centre, 0.0), rows]))

    def evaluate(weights: Floats) -> Floats:
        product = weights @ both  # one pass over the weights, which are far larger than everything else
        means: Floats = ratio(product[:, :columns], product[:, columns:]) + centre
        return means

    return Statistic(evaluate, tuple(int(n) for n in there.sum(axis=0)), "no rows", width=array.shape[1])


def weighted_accuracy(draws: Resampling, truth: ArrayLike, predicted: ArrayLike) -> Statistic:
    """Share of rows whose predicted class is the true one; a prediction of -1 (none) is wrong."""
    actual, guess, _ = _classes(truth, predicted)
    return weighted_mean(draws, (actual == guess)[:, None])


def weighted_balanced_accuracy(draws: Resampling, truth: ArrayLike, predicted: ArrayLike) -> Statistic:
    """Plain mean of the recall of each class that occurs.

    Undefined where fewer than two classes occur: it would repeat the accuracy under another name.

    Args:
        draws: labelling of the rows.
        truth: class of each row, a whole number from 0.
        predicted: predicted class of each row; -1 stands for none of them and counts as not recalled.
    """
    actual, guess, classes = _classes(truth, predicted)
    member = actual[:, None] == np.arange(classes)
    sums = draws.sums(np.hstack([member & (guess == actual)[:, None], member]).astype(np.float64))

    def evaluate(weights: Floats) -> Floats:
        hit, support = np.hsplit(weights @ sums, 2)
        occurring = (support > 0).sum(axis=1)
        recall = np.where(support > 0, hit / np.maximum(support, 1), 0.0).sum(axis=1)
        return np.where(occurring > 1, recall / np.maximum(occurring, 1), np.nan)[:, None]

    return Statistic(evaluate, (len(actual),), "only one class occurs")


def weighted_f1(draws: Resampling, truth: ArrayLike, predicted: ArrayLike) -> Statistic:
    """F1 of each class, averaged with the count of rows of that class as weight.

    Arguments as for :func:`weighted_balanced_accuracy`. A prediction of -1 is a miss of the true class and a
    false alarm of none. With one class it is the F1 of that class.
    """
    actual, guess, classes = _classes(truth, predicted)
    labels = np.arange(classes)
    member, named = actual[:, None] == labels, guess[:, None] == labels
    sums = draws.sums(np.hstack([member & named, member, named]).astype(np.float64))

    def evaluate(weights: Floats) -> Floats:
        hit, support, predictions = np.hsplit(weights @ sums, 3)
        f1 = 2 * hit / np.maximum(support + predictions, 1)
        return ratio((f1 * support).sum(axis=1), support.sum(axis=1))[:, None]

    return Statistic(evaluate, (len(actual),), "no rows")


def weighted_auroc(draws: Resampling, scores: ArrayLike, positive: ArrayLike, copies: int = 1) -> Statistic:
    """Chance that a positive row scores above a negative one, ties at half.

    Args:
        draws: labelling of the rows.
        scores: any monotone score, shape (copies · rows,).
        positive: class of each score.
        copies: how often the rows stand one after the other, where a row gives several scores.
    """
    score, is_positive = finite("scores", scores), flags("positive", positive)
    index = np.tile(draws.index, copies)
    same_length(scores=score, positive=is_positive, clusters=index)
    order = np.argsort(score[~is_positive], kind="stable")
    negative, negative_at = score[~is_positive][order], index[~is_positive][order]
    positive_at = index[is_positive]
    below = np.searchsorted(negative, score[is_positive], side="left")
    up_to = np.searchsorted(negative, score[is_positive], side="right")

    def evaluate(weights: Floats) -> Floats:
        running, mine = _running(weights, negative_at), _per_row(weights, positive_at)
        wins = np.einsum("ib,ib->b", mine, running[below] + running[up_to]) / 2
        return ratio(wins, running[-1] * mine.sum(axis=0))[:, None]

    return Statistic(evaluate, (draws.rows,), "only one class occurs", width=len(score))


def weighted_rank_biserial(draws: Resampling, differences: ArrayLike) -> Statistic:
    """Matched-pairs rank-biserial correlation: (T+ − T−) / (T+ + T−) of the signed ranks, in [−1, 1].

    Zero differences are left out before ranking, as in Wilcoxon's own test (Kerby 2014).
    """
    every = finite("differences", differences)
    same_length(differences=every, clusters=draws.index)
    kept = np.flatnonzero(every)
    kept = kept[np.argsort(np.abs(every[kept]), kind="stable")]
    size, at = np.abs(every[kept]), draws.index[kept]
    sign = np.sign(every[kept])
    below, up_to = np.searchsorted(size, size, side="left"), np.searchsorted(size, size, side="right")

    def evaluate(weights: Floats) -> Floats:
        running, mine = _running(weights, at), _per_row(weights, at)
        twice_ranked = running[below]
        twice_ranked += running[up_to]
        twice_ranked += 1
        twice_ranked *= mine
        return ratio(sign @ twice_ranked, twice_ranked.sum(axis=0))[:, None]

    return Statistic(evaluate, (len(every),), "all differences are zero", width=len(every))


def weighted_effect_size(draws: Resampling, differences: ArrayLike) -> Statistic:
    """Cohen's d_z: mean difference over the standard deviation (n − 1) of the differences."""
    array = finite("differences", differences)
    centre = float(np.median(array)) if array.size else 0.0
    off = array - centre
    sums = draws.sums(np.column_stack([np.ones_like(off), off, off**2]))

    def evaluate(weights: Floats) -> Floats:
        n, first, second = (weights @ sums).T
        average = ratio(first, n)
        spread = second - n * average**2
        variance = ratio(np.where(spread > ROUNDING * second, spread, 0.0), n - 1)
        sd = np.sqrt(variance, out=np.zeros_like(variance), where=variance > 0)
        return ratio(average + centre, sd)[:, None]

    return Statistic(evaluate, (len(array),), "the differences do not vary")


def _classes(truth: ArrayLike, predicted: ArrayLike) -> tuple[Integers, Integers, int]:
    both = finite("truth", truth), finite("predicted", predicted)
    top = max((int(array.max()) for array in both if array.size), default=0)
    actual = class_index("truth", both[0], top + 1)
    guess = class_index("predicted", both[1], top + 1, lowest=-1)
    same_length(truth=actual, predicted=guess)
    return actual, guess, max(top, 0) + 1


def _per_row(weights: Floats, at: Integers) -> Floats:
    """Weight of the cluster of each row, shape (rows, draws)."""
    by_cluster: Floats = np.ascontiguousarray(weights.T)
    return by_cluster[at]


def _running(weights: Floats, at: Integers) -> Floats:
    """Weight of the first i of the sorted rows for i = 0 … n, shape (n + 1, draws)."""
    by_cluster = list(np.ascontiguousarray(weights.T))
    out = np.zeros((len(at) + 1, len(weights)))
    # Row by row: adding whole rows is more than twice as fast as np.cumsum along the first axis.
    for row, cluster in enumerate(at.tolist()):
        np.add(out[row], by_cluster[cluster], out=out[row + 1])
    return out
