"""How VisionReward-Image makes a score of answers: its questions, weights, masks and the alignment term.

``score = w0 · alignment + sum of w_i · a_i`` over 27 questions, with ``a_i`` = 1 for yes, -1 for anything else, and 0
where the question is about a part of a person that the picture does not show. Only the alignment term hears the prompt.
Questions and weights are constants of the model, kept beside this module with their source and checked by hash.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from fauve.errors import InvalidOutput, ModelError

__all__ = ["ALIGNMENT_ANSWER", "YES", "Rule", "alignment", "alignment_question", "answer_terms", "read_rule"]

_END = "<|end_of_text|>"
YES = f"yes{_END}"
"""The one reply that counts as yes: the end token belongs to it."""

ALIGNMENT_ANSWER = "Yes"
_ALIGNMENT_QUESTION = 'Does this figure show "{}"? Please answer yes or no.'
_DATA_SHA256 = "4d8a5a431a633ec9d7fbe2c5c6e461ffccda7db6316fe9b3ecfd33c4bf45349c"
# mask question -> the questions, counted with the three masks first, that it sets to 0. The last two are about harm:
# the published code ties them to the human body, and the weights were fitted with it.
_MASKED = {0: (22, 23, 24, 28, 29), 1: (25, 26), 2: (27,)}


@dataclass(frozen=True, slots=True)
class Rule:
    """The 30 questions in the order in which they are asked, the three masks first, and the weights of the other 27."""

    questions: tuple[str, ...]
    weights: NDArray[np.float64]
    alignment_weight: float
    sha256: str


@functools.cache
def read_rule() -> Rule:
    """Questions and weights as published. Raises ModelError where their file was changed."""
    raw = (files("fauve.models.scorers") / "data" / "visionreward.json").read_bytes()
    sha256 = hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()
    if sha256 != _DATA_SHA256:
        raise ModelError(
            "visionreward: the questions and weights in data/visionreward.json are not the published ones. "
            "Install Fauve again."
        )
    data = json.loads(raw)
    weights = np.array([question["weight"] for question in data["questions"]], dtype=np.float64)
    weights.setflags(write=False)
    return Rule(
        questions=(*data["masks"], *(question["text"] for question in data["questions"])),
        weights=weights,
        alignment_weight=data["alignment_weight"],
        sha256=sha256,
    )


def answer_terms(replies: Sequence[str]) -> NDArray[np.int8]:
    """The 27 terms of a picture, each 1, -1 or 0, from the model's replies to all 30 questions.

    Raises:
        InvalidOutput: another number of replies, or one without the end token: then a "yes" could not be told from the
            beginning of something longer.
    """
    questions = read_rule().questions
    if len(replies) != len(questions):
        raise InvalidOutput(f"visionreward: {len(replies)} replies where {len(questions)} were asked for.")
    cut = next((k for k, reply in enumerate(replies) if _END not in reply), None)
    if cut is not None:
        raise InvalidOutput(
            f"visionreward: the reply to {questions[cut]!r} is {replies[cut][:40]!r}, without the end token {_END}. "
            "The server must send replies as the model wrote them."
        )
    terms = np.where([reply == YES for reply in replies], 1, -1).astype(np.int8)
    for mask, masked in _MASKED.items():
        if terms[mask] < 0:
            terms[list(masked)] = 0
    return terms[len(_MASKED) :]


def alignment_question(prompt: str) -> str:
    """What the alignment model (clip-flant5-xxl) is asked about a picture."""
    return _ALIGNMENT_QUESTION.replace("{}", prompt)


def alignment(log_probabilities: Sequence[float]) -> float:
    """The alignment term in (0, 1]: exp of the mean log-probability of the tokens of ``Yes``, its end token included.

    Raises:
        InvalidOutput: there is none, or one is no finite number of at most 0.
    """
    values = [float(value) for value in log_probabilities]
    # a probability of 1 may come out a rounding above it
    if not values or not all(math.isfinite(value) and value <= 1e-6 for value in values):
        raise InvalidOutput(
            f"visionreward: {values[:4]} are no log-probabilities of the tokens of {ALIGNMENT_ANSWER!r}: "
            "finite numbers of at most 0 are wanted."
        )
    return math.exp(min(0.0, sum(values) / len(values)))
