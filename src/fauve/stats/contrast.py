"""The contrast analysis: does a scorer choose the image that was asked for?

A contrast is one prompt with two images, the faithful and the default one, and the scorer chooses the one that it
scores higher. Where the contrast comes from a pair, either image of the pair may be the faithful one: the anti
image in most pairs, the original image in some. Those two classes are what balanced accuracy, F1 and AUROC are
about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from fauve.stats._arrays import Floats, finite, flags, same_length
from fauve.stats.bootstrap import Resampling, Statistic, cluster_bootstrap, independent_rows
from fauve.stats.intervals import Estimate, wilson
from fauve.stats.paired_tests import HypothesisTest, ZeroMethod, sign_test, wilcoxon_signed_rank
from fauve.stats.weighted import (
    weighted_auroc,
    weighted_balanced_accuracy,
    weighted_f1,
    weighted_mean,
    weighted_rank_biserial,
)

__all__ = ["ContrastResult", "auroc", "auroc_symmetrised", "contrast", "preference_probability"]


@dataclass(frozen=True, slots=True)
class ContrastResult:
    """What a scorer did on n contrasts.

    Attributes:
        n: contrasts.
        n_anti: those of them whose faithful image is the anti image (all, where no truth was given).
        wins: the faithful image scored higher.
        losses: the default image scored higher.
        ties: both scored the same.
        accuracy: wins / n; a tie is not a right choice.
        accuracy_ties_half: (wins + ties / 2) / n.
        accuracy_wilson: wins / n again with Wilson's interval, which keeps a width at 0 and 1 but takes the
            contrasts as independent.
        balanced_accuracy: mean of the recalls of the two classes; undefined with one class.
        f1: F1 of the two classes weighted by their size; a tie is a miss of one class and no choice of the
            other.
        auroc: see :func:`auroc`; undefined with one class.
        auroc_symmetrised: see :func:`auroc_symmetrised`.
        margin: mean of faithful − default, in the scorer's own unit.
        rank_biserial: matched-pairs rank-biserial correlation of the margins, the effect size of Wilcoxon's
            test, in [−1, 1].
        wilcoxon: Wilcoxon signed-rank test of the mean margins of the clusters.
        sign: sign test of the mean margins of the clusters.
    """

    n: int
    n_anti: int
    wins: int
    losses: int
    ties: int
    accuracy: Estimate
    accuracy_ties_half: Estimate
    accuracy_wilson: Estimate
    balanced_accuracy: Estimate
    f1: Estimate
    auroc: Estimate
    auroc_symmetrised: Estimate
    margin: Estimate
    rank_biserial: Estimate
    wilcoxon: HypothesisTest
    sign: HypothesisTest


def contrast(
    faithful: ArrayLike,
    default: ArrayLike,
    *,
    truth_is_anti: ArrayLike | None = None,
    draws: Resampling | None = None,
    level: float = 0.95,
    zero_method: ZeroMethod = "wilcox",
) -> ContrastResult:
    """Analyse the scores of one scorer on contrasts.

    All intervals come from the same draws. The rows of a cluster are not independent, so the two tests see one
    mean margin a cluster, and their n counts clusters.

    Args:
        faithful: score of the faithful image, shape (n,).
        default: score of the default image, shape (n,).
        truth_is_anti: whether the faithful image is the anti image of its pair, shape (n,); None = one class.
        draws: resampling by prompt; None takes each contrast as its own cluster.
        level: of the intervals.
        zero_method: of Wilcoxon's test.

    Raises:
        ValueError: for scores that are not finite, or arrays of different lengths.
    """
    chosen, other, margins = _scores(faithful, default)
    anti = np.ones(len(margins), np.bool_) if truth_is_anti is None else flags("truth_is_anti", truth_is_anti)
    n = same_length(faithful=chosen, truth_is_anti=anti)
    draws = independent_rows(n) if draws is None else draws
    won, tied, truth = chosen > other, chosen == other, anti.astype(np.intp)
    predicted = np.where(tied, -1, np.where(won, truth, 1 - truth))
    accuracy, ties_half, margin, balanced, f1, area, symmetrised, effect = cluster_bootstrap(
        draws,
        weighted_mean(draws, np.column_stack([won, won + tied / 2, margins])),
        weighted_balanced_accuracy(draws, truth, predicted),
        weighted_f1(draws, truth, predicted),
        weighted_auroc(draws, np.where(anti, margins, -margins), anti),
        _symmetrised(draws, margins),
        weighted_rank_biserial(draws, margins),
        level=level,
    )
    cluster_margins = draws.means(margins)
    return ContrastResult(
        n=n,
        n_anti=int(anti.sum()),
        wins=int(won.sum()),
        losses=int((chosen < other).sum()),
        ties=int(tied.sum()),
        accuracy=accuracy,
        accuracy_ties_half=ties_half,
        accuracy_wilson=wilson(int(won.sum()), n, level),
        balanced_accuracy=balanced,
        f1=f1,
        auroc=area,
        auroc_symmetrised=symmetrised,
        margin=margin,
        rank_biserial=effect,
        wilcoxon=wilcoxon_signed_rank(cluster_margins, zero_method),
        sign=sign_test(cluster_margins),
    )


def preference_probability(first: ArrayLike, second: ArrayLike) -> Floats:
    """Two-way softmax exp(a) / (exp(a) + exp(b)) of two scores, shape (n,), in [0, 1]; never overflows."""
    a, b = finite("first", first), finite("second", second)
    same_length(first=a, second=b)
    probability: Floats = expit(a - b)
    return probability


def auroc(
    anti: ArrayLike,
    original: ArrayLike,
    truth_is_anti: ArrayLike,
    *,
    draws: Resampling | None = None,
    level: float = 0.95,
) -> Estimate:
    """Area under the ROC curve of the two-way softmax of the anti image, truth = the anti image is faithful.

    This is the published definition. It needs pairs of both classes and is undefined where only one occurs:
    then :func:`auroc_symmetrised` can stand in, under its own name. Ranks are those of the margin anti −
    original, of which the softmax is a strictly rising function: the same area, but large margins do not
    become ties at 1.

    Args:
        anti: score of the anti image, shape (n,).
        original: score of the original image, shape (n,).
        truth_is_anti: whether the anti image is the faithful one, shape (n,).
        draws: resampling by prompt; None takes each row as its own cluster.
        level: of the interval.
    """
    margins = _scores(anti, original)[2]
    draws = independent_rows(len(margins)) if draws is None else draws
    return cluster_bootstrap(draws, weighted_auroc(draws, margins, truth_is_anti), level=level)[0]


def auroc_symmetrised(
    faithful: ArrayLike, default: ArrayLike, *, draws: Resampling | None = None, level: float = 0.95
) -> Estimate:
    """Area under the ROC curve where each contrast counts twice, as (p, 1) and as (1 − p, 0).

    p is the two-way softmax of the faithful image. It is defined with one class of truth too, since every
    contrast gives its own negative, but it is another quantity than the published :func:`auroc`: the chance
    that the faithful image of a contrast is preferred more strongly than the default image of another (or the
    same) one. The two must not stand in one column.
    """
    margins = _scores(faithful, default)[2]
    draws = independent_rows(len(margins)) if draws is None else draws
    return cluster_bootstrap(draws, _symmetrised(draws, margins), level=level)[0]


def _symmetrised(draws: Resampling, margins: Floats) -> Statistic:
    both = np.concatenate([margins, -margins])
    return weighted_auroc(draws, both, np.arange(len(both)) < len(margins), copies=2)


def _scores(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats, Floats]:
    a, b = finite("first scores", first), finite("second scores", second)
    same_length(**{"first scores": a, "second scores": b})
    return a, b, a - b
