"""Selectors: which of two pictures fits a prompt better, or neither.

A selector may be a vision–language model, a rule, or the truth of a made-up world. It is asked twice where the order in
which pictures are shown could sway it, once in each order; what it answers is filed as it came, and the engine draws
the selection from both answers: a choice that turns with the order is a tie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from PIL.Image import Image

from fauve.models.cards import ModelCard
from fauve.records import Outcome

__all__ = ["Pick", "Selected", "SelectionRequest", "Selector"]

Pick = Literal["first", "second", "tie"]


@dataclass(frozen=True, slots=True)
class SelectionRequest:
    """Two pictures in the order in which they are shown, under one prompt; ``name`` is for messages and journals."""

    name: str
    prompt: str
    first: Image
    second: Image


@dataclass(frozen=True, slots=True)
class Selected:
    """What came of a request: a pick exactly when the outcome is ok, else the reason.

    ``facts`` are plain values to file beside it: the raw reply, tokens, cost, the version that the service named.
    """

    outcome: Outcome
    pick: Pick | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.OK) != (self.pick is not None):
            raise ValueError(f"outcome {self.outcome} with pick {self.pick!r}: a pick belongs to ok alone")


class Selector(Protocol):
    """Anything that says which of two pictures fits a prompt better."""

    card: ModelCard

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change an answer; part of the key of every answer."""
        ...

    # Optional, found by name: `check()` as for scorers; `blind_to_order = True` where it cannot know which picture was
    # shown first, so that one order is enough; `looks = False` where it reads the notes in the pictures' files and no
    # pixel, so that none is decoded for it; `batch` is how many requests are best handed over at once; `of` names
    # the generators whose pairs it can judge at all (shell patterns), where these are not all; `remote = True` says
    # that it waits for a service, so that several calls of `select` may be under way at once; `keep_journal(folder)`
    # has one that pays for answers note there what it bought.

    def load(self, device: str, dtype: str) -> None:
        """Make ready to select. Raises ModelError where it cannot."""
        ...

    def select(self, requests: Sequence[SelectionRequest]) -> list[Selected]:
        """One answer a request, in order; a request that fails is an outcome and does not take others with it."""
        ...
