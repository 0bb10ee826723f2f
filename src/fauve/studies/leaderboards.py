"""Where a score would stand on the ranking of generators that the scorer's own authors published.

``leaderboards.json`` holds those rankings as facts with an address. They were measured on other prompts than any here,
so a place on one is a comparison and no measurement: it says what the authors' own ruler makes of other pictures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

__all__ = ["Leaderboard", "leaderboard", "leaderboards"]

_FILE = Path(__file__).with_name("leaderboards.json")


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """One ranking: models with their mean scores in the scorer's own unit, the highest first."""

    scorer: str
    source: str
    models: tuple[tuple[str, float], ...]

    def relative(self, score: float) -> float:
        """(score − lowest) / (highest − lowest): 0 is the last model, 1 the first; outside, beyond them."""
        lowest, highest = self.models[-1][1], self.models[0][1]
        return (score - lowest) / (highest - lowest)

    def rank(self, score: float) -> int:
        """The place of a score, from 1: one below every model that has more. A model with as much stands beside it."""
        return 1 + sum(there > score for _, there in self.models)

    @property
    def places(self) -> int:
        """How many places there are once what is compared has joined."""
        return len(self.models) + 1

    def above(self, score: float) -> tuple[str, float] | None:
        """The model just above a score, or None where there is none."""
        higher = [entry for entry in self.models if entry[1] > score]
        return higher[-1] if higher else None

    def below(self, score: float) -> tuple[str, float] | None:
        """The first model that does not stand above a score, or None where there is none."""
        lower = [entry for entry in self.models if entry[1] <= score]
        return lower[0] if lower else None


def leaderboard(scorer: str) -> Leaderboard | None:
    """The ranking of a scorer's own authors, or None where none is on file. Random weights have none."""
    return leaderboards().get(scorer)


@cache
def leaderboards() -> dict[str, Leaderboard]:
    """Every ranking by the scorer's canonical name."""
    found: dict[str, Leaderboard] = {}
    for row in json.loads(_FILE.read_text("utf-8"))["boards"]:
        # Rounded far below the published digits: 23.55 / 100 is not the float that 0.2355 names.
        models = tuple((name, round(score / row["per_score"], 9)) for name, score in row["models"])
        if any(higher < lower for (_, higher), (_, lower) in pairwise(models)):
            raise ValueError(f"leaderboards.json: the models of {row['scorer']} are not in falling order")
        found[row["scorer"]] = Leaderboard(row["scorer"], row["source"], models)
    return found
