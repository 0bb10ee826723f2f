"""The draws behind every interval: one seed, one count, and weights that are drawn once and shared.

Resampling weights depend on the seed and the number of clusters alone, so every scorer, metric and generator with as
many prompts is resampled by the same draws: their intervals can be compared, and the draws cost nothing twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fauve.stats.bootstrap import DRAWS, ClusterDraws
from fauve.stats.intervals import Estimate, wilson
from fauve.stats.weighted import mean

Floats = NDArray[np.float64]

__all__ = ["FEW", "SEED", "SharedDraws", "few_clusters", "share"]

SEED = 251211883
"""Seed of every resample in every study."""

FEW = 20
"""Below so many clusters a percentile interval is too narrow more often than its level says."""

MOST_KEPT = 2**23
"""Weights of one set that are kept for the next table (8 MiB packed, 64 MiB ready); larger sets are drawn again."""

READY = 2**24
"""Weights in all sets that are kept ready as floating-point numbers (128 MiB); the sets used last stay."""


class SharedDraws(ClusterDraws):
    """Resampling by cluster with the project's seed; weights are kept between instances with as many clusters."""

    def __init__(self, clusters: ArrayLike) -> None:
        super().__init__(clusters, draws=DRAWS, seed=SEED)

    def blocks(self) -> Iterator[Floats]:
        """All draws, in blocks of shape (some draws, clusters)."""
        if self.clusters * self.draws > MOST_KEPT:
            return super().blocks()
        return iter(_ready(self.clusters))


_at_hand: OrderedDict[int, tuple[Floats, ...]] = OrderedDict()
_hand = Lock()


def _ready(clusters: int) -> tuple[Floats, ...]:
    """The blocks of a set, not to be written to: unpacking them anew for every table takes as long as the statistic."""
    with _hand:
        if clusters in _at_hand:
            _at_hand.move_to_end(clusters)
            return _at_hand[clusters]
    blocks = tuple(block.astype(np.float64) for block in _kept(clusters))
    for block in blocks:
        block.flags.writeable = False
    with _hand:
        _at_hand[clusters] = blocks
        while sum(_at_hand) * DRAWS > READY and len(_at_hand) > 1:
            _at_hand.popitem(last=False)
    return blocks


@lru_cache(maxsize=32)
def _kept(clusters: int) -> tuple[NDArray[np.uint8], ...]:
    # A cluster comes up once on average; more than 255 times has a chance of about 1 in 255!.
    drawn = ClusterDraws(np.arange(clusters), draws=DRAWS, seed=SEED).blocks()
    return tuple(block.astype(np.uint8) for block in drawn)


def few_clusters(draws: ClusterDraws, what: str) -> str:
    """What a reader must know of an interval over few clusters that hold several rows each, or nothing."""
    if draws.clusters >= FEW or draws.clusters == draws.rows:
        return ""
    return f"{draws.clusters} {what} behind {draws.rows:,} rows: the interval is approximate"


def share(successes: ArrayLike, draws: ClusterDraws) -> Estimate:
    """Share of True with a 95 % interval that keeps a width at 0 and at 1.

    Rows that are independent (each its own cluster) get Wilson's interval. Rows that share clusters get the cluster
    bootstrap; where all rows agree, so that resampling could only repeat itself, Wilson's interval for as many trials
    as there are clusters.
    """
    hits = np.asarray(successes, dtype=np.bool_)
    n, won = len(hits), int(hits.sum())
    if n == draws.clusters:
        return wilson(won, n)
    if won in (0, n):
        bound = wilson(draws.clusters if won else 0, draws.clusters)
        return Estimate.of(won / n, bound.interval, n)
    return mean(hits, draws)
