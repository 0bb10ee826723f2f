"""The rankings that reward models' authors published, and places on them."""

from __future__ import annotations

import pytest

from fauve.studies.leaderboards import leaderboard, leaderboards
from fauve.studies.published import published


@pytest.mark.parametrize(
    ("scorer", "models", "just_above"),
    [
        ("imagereward", 6, "Stable Diffusion 1.4"),
        ("hpsv2.1", 22, "DALL·E mini"),
        ("hpsv3", 11, "HunyuanDiT"),
    ],
)
def test_the_published_means_of_artworks_get_their_published_places(scorer, models, just_above):
    board = leaderboard(scorer)
    stated = {m: published("real_art", m, scorer).value for m in ("mean", "relative", "rank", "rank_of")}
    assert len(board.models) == models
    assert board.places == stated["rank_of"]
    assert board.rank(stated["mean"]) == stated["rank"]
    assert board.above(stated["mean"])[0] == just_above
    # The mean is published with two decimals; half a unit of the last one is what the relative score may be off.
    slack = 0.005 / (board.models[0][1] - board.models[-1][1]) + 0.005
    assert board.relative(stated["mean"]) == pytest.approx(stated["relative"], abs=slack)


def test_ends_and_ties_of_a_board():
    board = leaderboard("hpsv3")
    assert (board.relative(10.55), board.relative(-0.24)) == (1.0, 0.0)
    assert (board.rank(99.0), board.above(99.0), board.below(99.0)) == (1, None, ("Kolors", 10.55))
    assert (board.rank(-99.0), board.above(-99.0), board.below(-99.0)) == (12, ("SD2", -0.24), None)
    assert board.rank(8.20) == 8, "a model with the same score stands beside, not above"
    assert board.below(8.20) == ("SDXL", 8.20)


def test_scores_are_in_the_unit_of_the_scorer():
    assert leaderboard("hpsv2.1").models[0] == ("SDXL Refiner 0.9", 0.3134)
    assert leaderboard("hpsv2.0").models[-1] == ("GLIDE", 0.2355)
    assert all(len(board.source) > 20 for board in leaderboards().values())


def test_no_board_for_strangers_and_for_random_weights():
    assert leaderboard("mine") is None
    assert leaderboard("hpsv3 (random weights)") is None
