"""What a captioner offers, and what comes of captioning a picture.

A factual caption stands in for a prompt where a picture was made without one: an artwork is scored under what it shows.
A word of praise or mood in it would tell a reward model what to think, so there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from PIL.Image import Image

from fauve.models.cards import ModelCard
from fauve.records import Outcome

__all__ = ["Captioned", "Captioner"]


@dataclass(frozen=True, slots=True)
class Captioned:
    """What came of a picture: a caption exactly when the outcome is ok, else the reason.

    ``facts`` are plain values to file beside it: the raw reply, tokens, cost, words that interpret.
    """

    outcome: Outcome
    caption: str | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.OK) != bool(self.caption):
            raise ValueError(f"outcome {self.outcome} with caption {self.caption!r}: a caption belongs to ok alone")


class Captioner(Protocol):
    """Anything that says what a picture shows."""

    card: ModelCard

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change a caption; part of what captions are filed under."""
        ...

    # Optional, found by name: `check()`, `provenance`, `remote = True` and `keep_journal(folder)` as for scorers.

    def load(self, device: str, dtype: str) -> None:
        """Make ready to caption. Raises ModelError where it cannot."""
        ...

    def caption(self, images: Sequence[Image]) -> list[Captioned]:
        """One answer a picture, in order; a picture that fails is an outcome and does not take others with it."""
        ...
