"""What a rewriter is asked, what it answers, and how captions become pairs of prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fauve.errors import InvalidOutput
from fauve.prompts.texts import Caption, PairText
from fauve.records import Outcome

__all__ = ["RewriteRequest", "Rewriter", "Rewritten", "Unwritten", "write_pairs"]


@dataclass(frozen=True, slots=True)
class RewriteRequest:
    """A caption and the dimensions that are wanted at their low end.

    ``words`` is how long the prompt shall be, for rewriters that are ``length_matched``; the others are not told.
    """

    original: str
    dimensions: tuple[str, ...]
    words: int | None = None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came of a request: an anti prompt exactly when the outcome is ok, else the reason.

    ``negative`` is what a negative prompt says; None where there is nothing to keep away.

    ``facts`` are plain values to file beside it: model, tokens, cost, how often it was asked. Never a key.
    """

    outcome: Outcome
    anti: str | None = None
    negative: str | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.OK) != (self.anti is not None) or (self.anti is None and self.negative is not None):
            raise ValueError(f"outcome {self.outcome}: prompts belong to ok, and to ok alone")


class Rewriter(Protocol):
    """Writes anti prompts."""

    # Optional, found by name: `length_matched = True` for one that asks for no dimension and only matches a length;
    # `batch` is how many requests are best handed over at once; `check()` makes sure before any work that it can be
    # asked; `keep_journal(folder)` has one that pays note there what it bought.

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change a text."""
        ...

    def rewrite(self, requests: Sequence[RewriteRequest]) -> list[Rewritten]:
        """One answer a request, in order; a request that fails is an outcome and does not take others with it."""
        ...


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A caption that has no anti prompt, with why."""

    caption: Caption
    dimensions: tuple[str, ...]
    outcome: Outcome
    reason: str


def write_pairs(
    captions: Sequence[Caption], dimensions: Sequence[tuple[str, ...]], rewriter: Rewriter
) -> tuple[list[PairText], list[Unwritten]]:
    """Pairs of the captions under the dimensions drawn for each, and the captions that got no anti prompt.

    Raises:
        InvalidOutput: where the rewriter does not answer every request.
        ValueError: where there are not as many draws as captions.
    """
    requests = [RewriteRequest(caption.text, drawn) for caption, drawn in zip(captions, dimensions, strict=True)]
    answers = rewriter.rewrite(requests)
    if len(answers) != len(requests):
        raise InvalidOutput(f"the rewriter gave {len(answers)} answers to {len(requests)} requests")
    pairs, unwritten = [], []
    for caption, drawn, answer in zip(captions, dimensions, answers, strict=True):
        if answer.anti is None:
            unwritten.append(Unwritten(caption, drawn, answer.outcome, answer.reason or "no reason given"))
        else:
            groups = {"theme": caption.theme} if caption.theme else {}
            pairs.append(PairText(caption.id, caption.text, answer.anti, drawn, groups, answer.negative))
    return pairs, unwritten
