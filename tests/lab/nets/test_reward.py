from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from fauve.lab.nets.matcher import Matcher  # noqa: E402
from fauve.lab.nets.reward import RewardModel  # noqa: E402


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(6, 12), torch.randint(1, 20, (6, 5))


def test_a_reward_model_begins_as_the_matcher_for_every_group() -> None:
    features, tokens = batch()
    matcher = Matcher(20, 12, width=8, hidden=10)
    reward = RewardModel(20, 12, groups=3, width=8, hidden=10)
    reward.start_from(matcher)
    torch.testing.assert_close(reward(features, tokens), matcher(features, tokens)[:, None].expand(-1, 3))


def test_of_group_picks_the_column_of_each_row() -> None:
    features, tokens = batch()
    reward = RewardModel(20, 12, groups=2, width=8, hidden=10)
    groups = torch.tensor([0, 1, 1, 0, 1, 0])
    table = reward(features, tokens)
    assert reward.of_group(features, tokens, groups).tolist() == [table[i, g] for i, g in enumerate(groups.tolist())]


def test_a_null_prompt_matches_every_picture_alike() -> None:
    features, _ = batch()
    scores = Matcher(20, 12)(features, torch.zeros(6, 5, dtype=torch.int64))
    assert scores.abs().max() == 0


def test_candidates_are_scored_as_rows_are() -> None:
    features, tokens = batch()
    matcher = Matcher(20, 12)
    captions = torch.stack([tokens, tokens.roll(1, 0)], 1)
    torch.testing.assert_close(matcher.of_captions(features, captions)[:, 1], matcher(features, tokens.roll(1, 0)))
    pictures = torch.stack([features, features.roll(2, 0)], 1)
    torch.testing.assert_close(matcher.of_pictures(pictures, tokens)[:, 1], matcher(features.roll(2, 0), tokens))


def test_a_reward_of_candidates_is_that_of_rows() -> None:
    features, tokens = batch()
    reward = RewardModel(20, 12, groups=2)
    torch.nn.init.normal_(reward.taste_verdict.weight)
    candidates = torch.stack([features, features.roll(2, 0)], 1)
    torch.testing.assert_close(reward.of_pictures(candidates, tokens)[:, 1], reward(features.roll(2, 0), tokens))
