"""What a judge says of pictures, dimension by dimension, and why it says nothing of some.

A judge behind a service may offer ``answers(images)``: for each picture, by dimension, what came of that question
(``outcome``, ``shares`` of the three answers, ``reason``, ``facts``). It is then asked once, what it answered is kept
though another dimension failed, and a question that never left it stays owed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.errors import InvalidOutput
from fauve.ledger.endings import NOT_SENT, ending
from fauve.models.judges.levels import expected_level
from fauve.models.protocols import Judge
from fauve.records import Outcome

__all__ = ["Lost", "judged", "lost"]


@dataclass(frozen=True, slots=True)
class Lost:
    """Why there is no value; ``sent`` is False where nobody was asked, so that the next run has to."""

    outcome: Outcome
    reason: str
    sent: bool = True


def lost(error: Exception) -> Lost:
    """An error of a model behind a service may say which outcome it is, and that nothing was sent."""
    outcome = getattr(error, "outcome", None)
    if not isinstance(outcome, Outcome) or outcome is Outcome.OK:
        outcome = Outcome.FAILED
    facts = getattr(error, "facts", None)
    sent = not isinstance(facts, Mapping) or ending(outcome, facts) != NOT_SENT
    return Lost(outcome, f"{type(error).__name__}: {error}", sent)


def judged(judge: Judge, pictures: Mapping[int, Image]) -> dict[int, Mapping[str, float | Lost]]:
    """For every picture by number what there is of each dimension of the judge."""
    tell = getattr(judge, "answers", None)
    if tell is None:
        return _by_rows(judge, pictures)
    try:
        told = list(tell(list(pictures.values())))
        if len(told) != len(pictures):
            raise InvalidOutput(f"{judge.card.name} answered for {len(told)} pictures of {len(pictures)}")
        return {
            place: {name: _told(answers[name]) for name in judge.dimensions}
            for place, answers in zip(pictures, told, strict=True)
        }
    except Exception as error:
        return {place: dict.fromkeys(judge.dimensions, lost(error)) for place in pictures}


def _told(answer: Any) -> float | Lost:
    if answer.outcome is Outcome.OK:
        return float(expected_level(answer.shares))
    sent = ending(answer.outcome, answer.facts) != NOT_SENT
    return Lost(answer.outcome, answer.reason or "no reason given", sent)


def _by_rows(judge: Judge, pictures: Mapping[int, Image]) -> dict[int, Mapping[str, float | Lost]]:
    """Values or reason of failure for each picture; halves what fails until single pictures are left."""
    if not pictures:
        return {}
    try:
        values = _checked(judge, judge.judge(list(pictures.values())), len(pictures))
    except Exception as error:
        if len(pictures) == 1:
            return {place: dict.fromkeys(judge.dimensions, lost(error)) for place in pictures}
        places = list(pictures)
        halves: Sequence[Sequence[int]] = places[: len(places) // 2], places[len(places) // 2 :]
        first, second = (_by_rows(judge, {place: pictures[place] for place in half}) for half in halves)
        return first | second
    return {
        place: dict(zip(judge.dimensions, map(float, row), strict=True))
        for place, row in zip(pictures, values, strict=True)
    }


def _checked(judge: Judge, answered: Any, pictures: int) -> NDArray[np.float64]:
    values = np.asarray(answered, dtype=np.float64)
    if values.shape != (pictures, len(judge.dimensions)) or not ((values >= 0) & (values <= 2)).all():
        raise InvalidOutput(f"{judge.card.name} answered {values!r}; one value in [0, 2] a dimension is wanted")
    return values
