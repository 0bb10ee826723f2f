"""Raters against the others: known answers, a reference library, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from fauve.stats.bootstrap import ClusterDraws, cluster_bootstrap, independent_rows
from fauve.stats.raters import kappa_by_rater, less, mean_kappa, view_of_the_others

SCALE = 3


def by_hand(own: list[int]) -> int:
    """The side that more than half chose, else the middle."""
    return next((side for side in (0, 2) if 2 * own.count(side) > len(own)), 1)


@given(
    arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(2, 7)), elements=st.integers(0, 2)),
    st.integers(0, 2**32 - 1),
)
def test_the_others_say_what_more_than_half_of_them_say(ratings, seed):
    present = np.random.default_rng(seed).random(ratings.shape) < 0.7
    view, known = view_of_the_others(ratings, present, SCALE)
    for i, j in np.ndindex(ratings.shape):
        others = [int(r) for k, r in enumerate(ratings[i]) if k != j and present[i, k]]
        assert known[i, j] == (present[i, j] and bool(others))
        if known[i, j]:
            assert view[i, j] == by_hand(others)


def noisy(n: int, raters: int, seed: int = 0, follows: float = 0.7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, SCALE, n)
    return np.where(rng.random((n, raters)) < follows, truth[:, None], rng.integers(0, SCALE, (n, raters)))


def test_each_kappa_is_that_of_the_reference_library_and_their_mean_is_the_ceiling():
    ratings, present = noisy(120, 5), np.random.default_rng(3).random((120, 5)) < 0.8
    view, known = view_of_the_others(ratings, present, SCALE)
    draws = independent_rows(120, draws=200)
    each = cluster_bootstrap(draws, kappa_by_rater(draws, ratings, view, known, SCALE))
    wanted = [
        cohen_kappa_score(ratings[known[:, j], j], view[known[:, j], j], weights="quadratic", labels=[0, 1, 2])
        for j in range(5)
    ]
    assert [e.value for e in each] == pytest.approx(wanted)
    assert [e.n for e in each] == known.sum(axis=0).tolist()
    (mean,) = cluster_bootstrap(draws, mean_kappa(draws, ratings, view, known, SCALE))
    assert mean.value == pytest.approx(np.mean(wanted))
    assert mean.interval.low < mean.value < mean.interval.high


def test_a_rater_who_says_one_thing_throughout_as_the_others_do_is_left_out_of_the_mean():
    ratings = np.array([[0, 0, 0]] * 4 + [[2, 2, 0]] * 4)
    present = np.ones((8, 3), bool)
    present[4:, 2] = False
    view, known = view_of_the_others(ratings, present, SCALE)
    draws = independent_rows(8, draws=50)
    each = cluster_bootstrap(draws, kappa_by_rater(draws, ratings, view, known, SCALE))
    assert [e.value for e in each] == [1.0, 1.0, None]
    assert "one and the same" in each[2].reason
    assert cluster_bootstrap(draws, mean_kappa(draws, ratings, view, known, SCALE))[0].value == 1.0


def test_a_difference_is_taken_within_each_draw():
    ratings = noisy(90, 4, seed=5)
    present = np.ones(ratings.shape, bool)
    view, known = view_of_the_others(ratings, present, SCALE)
    draws = ClusterDraws(np.arange(90) // 3, draws=400)
    own = mean_kappa(draws, ratings, view, known, SCALE)
    (nothing,) = cluster_bootstrap(draws, less(own, own))
    assert (nothing.value, nothing.interval.low, nothing.interval.high) == (0.0, 0.0, 0.0)
    other = mean_kappa(draws, noisy(90, 4, seed=6), view, known, SCALE)
    first, second, apart = cluster_bootstrap(draws, own, other, less(own, other))
    assert apart.value == pytest.approx(first.value - second.value)


@pytest.mark.parametrize(("ratings", "present"), [([[0, 3]], [[1, 1]]), ([[0, -1]], [[1, 1]]), ([[0, 1]], [[1]])])
def test_what_is_not_on_the_scale_or_of_another_shape_is_refused(ratings, present):
    with pytest.raises(ValueError, match=r"scale of 3|must be equal|could not be broadcast"):
        view_of_the_others(ratings, present, SCALE)
