"""One seed, shared draws, and shares whose interval keeps a width."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from fauve.stats.bootstrap import DRAWS, ClusterDraws
from fauve.studies import resampling
from fauve.studies.resampling import SEED, SharedDraws, share


def test_shared_draws_are_those_of_the_seed():
    labels = np.array(["b", "a", "c", "a"])
    shared, own = SharedDraws(labels), ClusterDraws(labels, draws=DRAWS, seed=SEED)
    assert np.array_equal(np.concatenate(list(shared.blocks())), np.concatenate(list(own.blocks())))
    assert np.array_equal(shared.index, own.index)


def test_more_clusters_than_are_kept_are_drawn_again():
    shared = SharedDraws(np.arange(900))
    first = next(shared.blocks())
    assert np.array_equal(first, next(shared.blocks()))


def test_draws_at_hand_cannot_be_written_to_and_stay_within_their_bound():
    block = next(SharedDraws(np.arange(30)).blocks())
    with pytest.raises(ValueError, match="read-only"):
        block[0, 0] = 7
    for clusters in range(600, 606):
        next(SharedDraws(np.arange(clusters)).blocks())
    assert sum(resampling._at_hand) * DRAWS <= resampling.READY
    assert 605 in resampling._at_hand
    assert np.array_equal(next(SharedDraws(np.arange(30)).blocks()), block), "drawn out and back: the same draws"


@pytest.mark.parametrize(("won", "n"), [(0, 8), (3, 8), (8, 8), (87, 300)])
def test_independent_rows_get_wilsons_interval(won, n):
    found = share(np.arange(n) < won, SharedDraws(np.arange(n)))
    reference = binomtest(won, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))


def test_rows_in_clusters_are_bootstrapped():
    clusters = np.repeat(np.arange(10), 5)
    found = share(clusters < 5, SharedDraws(clusters))
    assert found.value == 0.5
    assert found.high - found.low > 0.5, "whole clusters agree: as wide as for ten rows"


@pytest.mark.parametrize("all_right", [False, True])
def test_unanimous_clusters_keep_a_width(all_right):
    clusters = np.repeat(np.arange(6), 20)
    found = share(np.full(120, all_right), SharedDraws(clusters))
    reference = binomtest(6 * all_right, 6).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))
    assert found.n == 120
