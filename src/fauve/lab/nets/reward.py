"""The reward model: the matcher's copy with a taste of its own, on request one for each group of annotators."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauve.lab.nets.matcher import Matcher

__all__ = ["RewardModel"]


class RewardModel(nn.Module):
    """Frozen picture features (n, F) and prompts (n, L) -> rewards (n, groups).

    R_g = Σ_words verdict_g(word, picture) + taste_g(picture). What is seen is shared by the groups; only the last
    linear layers differ, so one group is an ordinary reward model.
    """

    def __init__(self, words: int, features: int, groups: int = 1, width: int = 48, hidden: int = 96) -> None:
        super().__init__()
        self.groups = groups
        self.match = Matcher(words, features, width, hidden)
        self.match.verdict = nn.Linear(2 * hidden, groups)
        self.taste_look = nn.Linear(features, hidden)
        self.taste_verdict = nn.Linear(hidden, groups)
        nn.init.zeros_(self.taste_verdict.weight)
        nn.init.zeros_(self.taste_verdict.bias)

    def start_from(self, matcher: Matcher) -> None:
        """Take the matcher's weights; every group begins with its verdict."""
        own = self.match.state_dict()
        for name, value in matcher.state_dict().items():
            own[name] = value.expand_as(own[name]) if name.startswith("verdict.") else value
        self.match.load_state_dict(own)

    def forward(self, features: Tensor, tokens: Tensor) -> Tensor:
        """Rewards of the rows for every group, (n, groups)."""
        return self.of_pictures(features[:, None], tokens)[:, 0]

    def of_pictures(self, features: Tensor, tokens: Tensor) -> Tensor:
        """Rewards of the candidates (n, C, F) for each prompt (n, L), for every group: (n, C, groups)."""
        seen, there = self.match.meet(features, tokens)
        verdicts: Tensor = (self.match.verdict(seen) * there[..., None]).sum(2)
        taste: Tensor = self.taste_verdict(functional.relu(self.taste_look(features)))
        return verdicts + taste

    def of_group(self, features: Tensor, tokens: Tensor, groups: Tensor) -> Tensor:
        """The reward for the given group of each row, (n,)."""
        return torch.gather(self(features, tokens), 1, groups[:, None])[:, 0]
