"""Names, files and cards of the lab's family; plain data, read without loading anything.

These are small models of a made-up world, trained on simulated annotators. They show how a mechanism works and are no
evidence about any real model; every card says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fauve.models.cards import ModelCard

__all__ = ["LAB_CARDS", "LAB_GENERATORS", "LAB_SCORERS", "Member"]

_CAVEAT = "Made-up world."


@dataclass(frozen=True, slots=True)
class Member:
    """A trained part of the family: its canonical name, the file of its weights, and what it was made for."""

    name: str
    file: str
    summary: str


LAB_GENERATORS: dict[str, Member] = {
    m.name: m
    for m in (
        Member("lab-base", "base", "Scene-program generator, trained on captions, aligned to nothing."),
        Member("lab-aesthetic-mild", "aesthetic-mild", "The base, aligned a little with the majority's taste."),
        Member("lab-aesthetic-strong", "aesthetic-strong", "The base, aligned strongly with the majority's taste."),
        Member("lab-placebo", "placebo", "The base after the same training with a random reward: the control."),
        Member("lab-instruction", "instruction", "The base, aligned with the matcher: does the picture fit its words?"),
        Member("lab-plural", "plural", "The base, aligned with a reward that hears every group of annotators."),
    )
}

LAB_SCORERS: dict[str, Member] = {
    m.name: m
    for m in (
        Member("lab-matcher", "matcher", "Matches pictures with words; nobody's taste went into it."),
        Member("lab-universal", "universal", "Reward model of annotators who mostly like the same polish."),
        Member("lab-plural-reward", "plural-reward", "Reward model that knows the annotators' groups, averaged."),
    )
}


def _card(member: Member, kind: Literal["generator", "matcher", "reward model"]) -> ModelCard:
    return ModelCard(member.name, kind, f"{_CAVEAT} {member.summary}", licence="Apache-2.0")


LAB_CARDS: dict[str, ModelCard] = {
    **{name: _card(member, "generator") for name, member in LAB_GENERATORS.items()},
    **{
        name: _card(member, "matcher" if name == "lab-matcher" else "reward model")
        for name, member in LAB_SCORERS.items()
    },
    "lab-judge": ModelCard("lab-judge", "judge", f"{_CAVEAT} Learned judge of its eleven dimensions.", absolute=True),
    "lab-truth": ModelCard(
        "lab-truth", "judge", f"{_CAVEAT} The scene behind the picture: the truth, no model.", absolute=True
    ),
}
"""The card of every name that the lab registers."""
