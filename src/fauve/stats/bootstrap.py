"""The percentile bootstrap over clusters, as weights.

A resample of clusters is a row of whole numbers: how often each cluster was drawn. So a statistic that can be
computed from weights needs no loop over draws: sums over the rows of a cluster are taken once, and a block of
draws is one matrix product. Labels are put in sorted order before they are drawn, so the same clusters and seed
give the same resamples whatever the order of the rows, and every scorer or metric of a table can share them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fauve.stats._arrays import Floats, Integers, factorise, open_share, same_length
from fauve.stats.intervals import Estimate, percentile_interval

__all__ = [
    "DRAWS",
    "ClusterDraws",
    "Evaluate",
    "HierarchicalDraws",
    "Resampling",
    "Statistic",
    "cluster_bootstrap",
    "independent_rows",
]

DRAWS = 10_000
"""Draws of every interval unless the caller says otherwise."""

BLOCK = 2**20
"""Numbers in a block of weights (8 MiB): bounds the memory whatever the count of draws."""


Evaluate = Callable[[Floats], Floats]
"""Weights of shape (draws, clusters) to numbers of shape (draws, columns), NaN where a draw leaves one undefined."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One or several numbers as a function of cluster weights.

    Attributes:
        evaluate: the function.
        rows: count of rows behind each column.
        undefined: what it means, in words, when there is no number.
        width: numbers that it holds at once for each draw; with many, draws are given to it in smaller parts.
    """

    evaluate: Evaluate
    rows: tuple[int, ...]
    undefined: str
    width: int = 1

    def __call__(self, weights: Floats) -> Floats:
        """The numbers for weights of shape (draws, clusters), shape (draws, columns)."""
        step = max(1, BLOCK // max(1, self.width))
        parts = [self.evaluate(weights[i : i + step]) for i in range(0, len(weights), step)]
        return np.concatenate(parts)


class Resampling(ABC):
    """A way to resample rows by their cluster: the labelling, and the draws in blocks.

    Attributes:
        index: cluster of each row, shape (rows,), from 0 to ``clusters - 1``.
        clusters: how many clusters there are.
        draws: how many resamples :meth:`blocks` gives in all.
        seed: of NumPy's PCG64; the same seed gives the same draws on every machine.
    """

    def __init__(self, index: Integers, clusters: int, draws: int, seed: int) -> None:
        if draws < 1 or seed < 0:
            raise ValueError(f"{draws} draws with seed {seed}: at least 1 draw and a seed of 0 or above are needed")
        self.index, self.clusters, self.draws, self.seed = index, clusters, draws, seed
        self._order = np.argsort(index, kind="stable")
        self._starts = np.searchsorted(index[self._order], np.arange(clusters))

    @property
    def rows(self) -> int:
        """How many rows are resampled."""
        return len(self.index)

    @property
    @abstractmethod
    def no_interval(self) -> str | None:
        """Why these clusters allow no interval, or None."""

    @abstractmethod
    def _weights(self, rng: np.random.Generator, draws: int) -> Floats:
        """How often each cluster is drawn, shape (draws, clusters)."""

    def blocks(self) -> Iterator[Floats]:
        """All draws, in blocks of shape (some draws, clusters), the same on every call."""
        rng = np.random.Generator(np.random.PCG64(self.seed))
        step = max(1, BLOCK // max(1, self.clusters))
        for start in range(0, self.draws, step):
            yield self._weights(rng, min(step, self.draws - start))

    def sums(self, values: Floats) -> Floats:
        """Sum of each column over the rows of each cluster: (rows, k) to (clusters, k)."""
        same_length(values=values, clusters=self.index)
        if self.clusters == 0:
            return np.zeros((0, values.shape[1]))
        return np.add.reduceat(values[self._order], self._starts, axis=0, dtype=np.float64)

    def means(self, values: Floats) -> Floats:
        """Mean over the rows of each cluster: (rows,) to (clusters,)."""
        means: Floats = self.sums(values[:, None])[:, 0] / np.bincount(self.index, minlength=self.clusters)
        return means


class ClusterDraws(Resampling):
    """Resampling of whole clusters (all rows of a prompt come or stay away together).

    Args:
        clusters: a label for each row, shape (rows,), text or numbers.
        draws: count of resamples.
        seed: of the draws.
    """

    def __init__(self, clusters: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> None:
        index, count = factorise("clusters", clusters)
        super().__init__(index, count, draws, seed)

    @property
    def no_interval(self) -> str | None:
        """One cluster says nothing about how clusters vary."""
        return "only one cluster" if self.clusters == 1 else None

    def _weights(self, rng: np.random.Generator, draws: int) -> Floats:
        return _counts(rng, draws, self.clusters)


class HierarchicalDraws(Resampling):
    """Resampling in two steps: first-level groups (say training seeds), then clusters within each drawn group.

    Clusters are nested: prompt 7 under seed 1 and prompt 7 under seed 2 are two clusters. A group that is drawn
    twice has its clusters resampled twice, independently.

    Args:
        first: label of the first level for each row, shape (rows,).
        clusters: label of the cluster within it for each row, shape (rows,).
        draws: count of resamples.
        seed: of the draws.
    """

    def __init__(self, first: ArrayLike, clusters: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> None:
        upper, self.groups = factorise("first", first)
        lower, count = factorise("clusters", clusters)
        same_length(first=upper, clusters=lower)
        # Sorted pairs put the clusters of a group side by side.
        index, total = factorise("clusters", upper * max(1, count) + lower)
        super().__init__(index, total, draws, seed)
        group_of_cluster = np.zeros(total, dtype=np.intp)
        group_of_cluster[index] = upper
        self._sizes = np.bincount(group_of_cluster, minlength=self.groups)

    @property
    def no_interval(self) -> str | None:
        """One group says nothing about how groups vary."""
        return "only one group at the first level" if self.groups == 1 else None

    def _weights(self, rng: np.random.Generator, draws: int) -> Floats:
        times = _counts(rng, draws, self.groups).astype(np.int64)
        parts = [
            rng.multinomial(times[:, group] * size, np.full(size, 1 / size)) for group, size in enumerate(self._sizes)
        ]
        return np.concatenate(parts, axis=1).astype(np.float64)


def _counts(rng: np.random.Generator, draws: int, clusters: int) -> Floats:
    """How often each of ``clusters`` comes up in ``clusters`` picks with replacement, shape (draws, clusters)."""
    picks = rng.integers(0, clusters, size=(draws, clusters))
    picks += np.arange(draws)[:, None] * clusters
    counts = np.bincount(picks.reshape(-1), minlength=draws * clusters)
    return counts.reshape(draws, clusters).astype(np.float64)


def independent_rows(rows: int, *, draws: int = DRAWS, seed: int = 0) -> ClusterDraws:
    """Draws in which every row is its own cluster."""
    return ClusterDraws(np.arange(rows), draws=draws, seed=seed)


def cluster_bootstrap(draws: Resampling, *statistics: Statistic, level: float = 0.95) -> list[Estimate]:
    """Value and percentile interval of every column of every statistic, in order, from one pass over the draws.

    The value is the statistic at one of each cluster. Where all rows are equal the interval is that value. A
    statistic without a value, too few clusters, or more than 5 % undefined draws leave None with a reason.
    """
    open_share("level", level)
    columns = [(n, statistic.undefined) for statistic in statistics for n in statistic.rows]
    if draws.rows == 0:
        return [Estimate.undefined("no rows", 0) for _ in columns]
    values = _evaluate(statistics, np.ones((1, draws.clusters)))[0]
    drawn = None
    if draws.no_interval is None:
        drawn = np.concatenate([_evaluate(statistics, block) for block in draws.blocks()])
    estimates = []
    for column, (n, undefined) in enumerate(columns):
        if np.isnan(values[column]):
            estimates.append(Estimate.undefined("no rows" if n == 0 else undefined, n))
            continue
        interval = None if drawn is None else percentile_interval(drawn[:, column], level)
        reason = draws.no_interval or f"in over 5 % of the resamples: {undefined}"
        estimates.append(Estimate.of(values[column], interval, n, reason))
    return estimates


def _evaluate(statistics: tuple[Statistic, ...], weights: Floats) -> Floats:
    return np.concatenate([statistic(weights) for statistic in statistics], axis=1)
