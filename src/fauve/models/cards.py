"""What must be known of a model before its numbers are read: source, licence, range, direction, limits."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["ModelCard"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The facts of one scorer, judge or generator.

    Attributes:
        name: the canonical name in tables and ledgers.
        kind: what it is: ``reward model``, ``matcher``, ``instrument``, ``control``, ``judge``, ``callable``,
            ``generator``, ``face finder``, ``selector``, ``captioner``.
        summary: one sentence on what its number means.
        revision: version of weights or of the definition; a change makes it another scorer.
        licence: SPDX id or the licence's name; None where its author states none.
        hub_id: where its weights live; None where it has none.
        gated: whether a licence must be accepted before the weights can be fetched.
        paper: arXiv id or citation.
        range: smallest and largest possible value, None for unbounded.
        higher_is_better: direction of the score.
        prompt_limit: tokens of the prompt that it can read; None for no limit.
        sees_prompt: False for scorers that give every prompt the same number.
        absolute: for a judge, whether a value below 0.5 says by itself that a picture is at the low end; False where
            only the difference between two pictures means something.
        published_preference_accuracy: accuracy on its own authors' preference test, with the name of the test.
    """

    name: str
    kind: Literal[
        "reward model",
        "matcher",
        "instrument",
        "control",
        "judge",
        "callable",
        "generator",
        "face finder",
        "selector",
        "captioner",
    ]
    summary: str
    revision: str = "1"
    licence: str | None = None
    hub_id: str | None = None
    gated: bool = False
    paper: str | None = None
    range: tuple[float | None, float | None] = (None, None)
    higher_is_better: bool = True
    prompt_limit: int | None = None
    sees_prompt: bool = True
    absolute: bool = False
    published_preference_accuracy: tuple[float, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the ledger and for ``fauve models --json``."""
        row = dataclasses.asdict(self)
        row["range"] = list(self.range)
        return row
