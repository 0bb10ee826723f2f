from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fauve.lab.inference import match  # noqa: E402
from fauve.lab.scene import INDEX, SIZES, draw_scenes  # noqa: E402
from fauve.lab.training.loop import Schedule, rng_at  # noqa: E402
from fauve.lab.training.matching import MatcherRecipe, Pool, hard_negatives, train_matcher  # noqa: E402
from fauve.lab.training.reward import RewardRecipe, train_reward  # noqa: E402
from fauve.lab.training.world_batches import mixed_requests, worded  # noqa: E402


def seen_perfectly(n: int = 1500) -> Pool:
    """A pool whose features are the scene itself, one-hot: what an ideal trunk would see."""
    scenes = draw_scenes(np.random.default_rng(0), n, low=0.3, faces=0.4)
    return Pool(scenes, np.concatenate([np.eye(k, dtype=np.float32)[scenes[:, s]] for s, k in enumerate(SIZES)], 1))


def test_hard_negatives_differ_in_the_stated_number_of_asked_values() -> None:
    rng = np.random.default_rng(1)
    requests = mixed_requests(rng, seen_perfectly().scenes, 0.5)
    asked = requests >= 0
    for changes in (1, 2):
        wrong = hard_negatives(rng, requests, changes)
        differ = wrong != requests
        assert not (differ & ~asked).any()
        felt = requests[:, INDEX["emotion"]] >= 0
        assert not differ[felt, INDEX["subject"]].any()
        can = np.where(felt, asked.sum(1) - 1, asked.sum(1))
        np.testing.assert_array_equal(differ.sum(1), np.minimum(changes, can))
        worded(rng, wrong, 0.0)  # none of them asks the impossible


def test_the_matcher_learns_and_repeats_bit_by_bit() -> None:
    pool = seen_perfectly()
    recipe = MatcherRecipe(schedule=Schedule(steps=60, rate=1e-2, batch=24, warmup=5))
    weights = train_matcher(recipe, pool)
    again = train_matcher(recipe, pool)
    assert all((weights[k] == again[k]).all() for k in weights)
    rng = np.random.default_rng(2)
    requests = np.full((400, len(SIZES)), -1, np.int64)
    requests[:, 0] = pool.scenes[:400, 0]
    wrong = requests.copy()
    wrong[:, 0] = (wrong[:, 0] + 1) % SIZES[0]
    right, other = (match(weights, pool.features[:400], worded(rng, r, 0.0)) for r in (requests, wrong))
    assert (right > other).mean() > 0.575  # three standard errors above chance


def test_a_reward_model_learns_the_votes_and_repeats() -> None:
    pool = seen_perfectly()
    matcher = train_matcher(MatcherRecipe(schedule=Schedule(steps=1, rate=1e-3, batch=8)), pool)
    recipe = RewardRecipe(comparisons=4000, schedule=Schedule(steps=60, rate=1e-2, batch=64, warmup=5))
    trained = train_reward(recipe, pool, matcher)
    assert trained.accuracy[0] > 0.85
    assert trained.counts.kept < trained.counts.drawn == 4400
    again = train_reward(recipe, pool, matcher)
    assert all((trained.arrays[k] == again.arrays[k]).all() for k in again.arrays)


def test_draws_of_one_step_do_not_depend_on_another() -> None:
    assert rng_at(1, 2, 3).random() == rng_at(1, 2, 3).random()
    assert rng_at(1, 2, 3).random() != rng_at(1, 2, 4).random()
