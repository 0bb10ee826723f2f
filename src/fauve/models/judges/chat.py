"""The judge J behind any OpenAI-compatible service that returns log-probabilities (vLLM and the like).

One request a dimension and picture, one token, and of ``top_logprobs`` at its place the three answers: the expected
value over them is the value, what the service says lies outside them is reported. A service that sends no
log-probabilities gives no value: what it wrote is never taken in their place. An answer that is not among the likeliest
tokens is less likely than each of those; where that bound could move the value by more than :data:`NEGLIGIBLE`, there
is none either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL.Image import Image

from fauve.errors import ConfigError, ModelError
from fauve.keys import digest
from fauve.models.chat.client import Answered, Question
from fauve.models.chat.model import ChatModel, ChatOptions, open_chat
from fauve.models.chat.pictures import Shown, picture_part
from fauve.models.chat.replies import Fault, Said
from fauve.models.generators.api_answers import dig
from fauve.models.generators.api_options import ApiOptions
from fauve.models.judges.guidelines import Guidelines, read_guidelines
from fauve.models.judges.judge_cards import judge_card
from fauve.models.judges.levels import ANSWERS, checked_dimensions, expected_level
from fauve.records import Outcome
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["ChatJudge", "Judged", "NotJudged"]

WIRE = "openai-chat-logprobs/1"
SIZE = 512
TOP = 20
"""How many alternatives are asked for; services allow 20 at most."""

NEGLIGIBLE = 1e-3
"""How far, at most, an answer that the service did not list may move a value."""

_PARAMETERS: Mapping[str, Any] = {"temperature": 0, "max_tokens": 1, "logprobs": True, "top_logprobs": TOP}

ChatLayout = Literal["paper", "fast"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one question: shares of the three answers and the mass outside them, or why there are none."""

    outcome: Outcome
    shares: tuple[float, float, float] | None = None
    outside: float | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class NotJudged(ModelError):
    """A picture could not be judged on every dimension; ``outcome`` and ``answers`` say what came of it."""

    def __init__(self, message: str, outcome: Outcome, answers: Mapping[str, Judged]) -> None:
        self.outcome, self.answers = outcome, dict(answers)
        super().__init__(message)


class ChatJudge(ChatModel):
    """A vision-language model behind a service as a judge of single dimensions.

    Args:
        model: how the service calls it.
        base_url: address of the service, up to and with ``/v1``.
        name: under which its values stand; None for ``chat:MODEL``.
        layout: ``paper`` (question before the picture) or ``fast`` (picture first, which a service that keeps prefixes
            answers quicker).
        size: side in pixels of the square that pictures are resized to before they are sent.
        dimensions, guidelines: as for :class:`~fauve.models.judges.qwen3vl.QwenJudge`.
        parameters: what to send beside the rest, or instead; None takes one out.
        token_prices: what a million tokens cost in and out, in the service's currency; None counts ``price`` a call.
        options: limits, money (``price`` is what one call may cost at most), key, journal: see
            :class:`~fauve.models.generators.api_options.ApiOptions`.

    Raises:
        ConfigError, UnknownName: where the options make no sense.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        name: str | None = None,
        layout: ChatLayout = "paper",
        size: int = SIZE,
        dimensions: Sequence[str] = PROMPT_DIMENSIONS,
        guidelines: str | Path | Mapping[str, Any] | Guidelines | None = None,
        parameters: Mapping[str, Any] | None = None,
        token_prices: tuple[float, float] | None = None,
        **options: Unpack[ApiOptions],
    ) -> None:
        name = name or f"chat:{model}"
        if layout not in ("paper", "fast"):
            raise ConfigError(f"{name}: layout is paper or fast, not {layout!r}.")
        if size < 1:
            raise ConfigError(f"{name}: size is a number of pixels, not {size}.")
        self.card = judge_card(name, "chat-judge")
        self.model, self.layout, self.size = model, layout, size
        self.dimensions = checked_dimensions(name, list(dimensions))
        self.guidelines = read_guidelines(guidelines)
        self._questions = {dimension: self.guidelines.text(dimension) for dimension in self.dimensions}
        # one token is read out of its log-probabilities, so there is nothing to say of an answer that could mend it
        asked_once: ChatOptions = {**options, "parameters": parameters, "token_prices": token_prices, "asks": 1}
        super().__init__(open_chat(name, (model, base_url), None, _PARAMETERS, asked_once))
        self._known: dict[str, Judged] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that is sent beside the picture, and where it is sent; never the key."""
        return {
            "wire": WIRE,
            "service": self.account.base_url,
            "model": self.model,
            "layout": self.layout,
            "size": self.size,
            "dimensions": list(self.dimensions),
            "questions": self.guidelines.hashes(self.dimensions),
            "answers": list(ANSWERS),
            "parameters": dict(self._chat.setup.parameters),
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Limits and money: filed beside the values, no part of their key."""
        return {**super().provenance, "guidelines": self.guidelines.name}

    def judge(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Expected values, shape (images, dimensions), each in [0, 2].

        Raises:
            NotJudged: for the first picture that has not a value on every dimension, with what came of each.
        """
        rows = []
        for answers in self.answers(images):
            lacking = {d: a for d, a in answers.items() if a.outcome is not Outcome.OK}
            if lacking:
                dimension, first = next(iter(lacking.items()))
                raise NotJudged(
                    f"{self.card.name}: no value for {dimension} ({first.outcome}: {first.reason}); "
                    f"{len(lacking)} of {len(answers)} dimensions have none. Ask again, or mend what it says.",
                    first.outcome,
                    answers,
                )
            rows.append([expected_level(answers[d].shares or ()) for d in self.dimensions])
        return np.array(rows, dtype=np.float64).reshape(len(images), len(self.dimensions))

    def answers(self, images: Sequence[Image]) -> list[dict[str, Judged]]:
        """For every picture what came of each dimension; at most ``concurrency`` questions are under way at once."""
        asked = []
        for image in images:
            square = image.convert("RGB").resize((self.size, self.size), Pictures.Resampling.BICUBIC)
            shown = Shown(square)
            asked += [self._question(dimension, shown) for dimension in self.dimensions]
        keys = [digest(question.identity) for question in asked]
        # what was paid for is not asked again for the sake of others that failed
        new = {key: question for key, question in zip(keys, asked, strict=True) if key not in self._known}
        found = {key: _judged(answer) for key, answer in zip(new, self._chat.ask(list(new.values())), strict=True)}
        self._known |= {key: judged for key, judged in found.items() if judged.outcome is Outcome.OK}
        rows = [{**self._known, **found}[key] for key in keys]
        each = len(self.dimensions)
        return [dict(zip(self.dimensions, rows[at : at + each], strict=True)) for at in range(0, len(rows), each)]

    def _question(self, dimension: str, shown: Shown) -> Question:
        text = self._questions[dimension]

        def messages() -> list[dict[str, Any]]:
            parts = [{"type": "text", "text": text}, picture_part(shown)]
            return [{"role": "user", "content": parts if self.layout == "paper" else parts[::-1]}]

        identity = {"wire": WIRE, "layout": self.layout, "question": digest(text), "shown": shown.pixels}
        return Question(dimension, identity, messages, _shares_of)


def _judged(answer: Answered) -> Judged:
    if answer.outcome is not Outcome.OK:
        return Judged(answer.outcome, reason=answer.reason, facts=answer.facts)
    none, some, full = answer.value["shares"]
    return Judged(Outcome.OK, (none, some, full), answer.value["outside"], facts=answer.facts)


def _shares_of(said: Said) -> dict[str, Any]:
    """The shares of the three answers, and the mass outside them. Raises Fault where there are none."""
    ranked = dig(said.answer, "choices", 0, "logprobs", "content", 0, "top_logprobs")
    if not isinstance(ranked, list) or not ranked:
        raise Fault(_no_shares(said))
    shares = _shares(ranked)
    three = tuple(shares.get(answer, 0.0) for answer in ANSWERS)
    total = math.fsum(three)
    if not 0 < total < 1.01:
        raise Fault(f"the three answers have a probability of {total:.3g} together")
    lacking = [answer for answer in ANSWERS if answer not in shares]
    unknown = len(lacking) * min(shares.values()) if lacking else 0.0
    # no value is further than 2 from the others' mean, so this is the most that the missing share can do
    if 2 * unknown / total > NEGLIGIBLE:
        raise Fault(
            f"{', '.join(lacking)} is not among the {len(shares)} first tokens that the service lists, and may be as "
            f"likely as {min(shares.values()):.2g}: raise `top_logprobs`, or use a model that answers in one digit"
        )
    return {"shares": [three[0] / total, three[1] / total, three[2] / total], "outside": max(0.0, 1.0 - total)}


def _no_shares(said: Said) -> str:
    if not isinstance(dig(said.answer, "choices", 0), dict):
        told = dig(said.answer, "error", "message")
        return f"the answer holds no choice{f': {told}' if isinstance(told, str) and told else ''}"
    return (
        "the service sent no log-probabilities, and a value is made of nothing else. Use a service that returns "
        "`top_logprobs` (vLLM does), or a judge on this machine"
    )


def _shares(ranked: Sequence[Any]) -> dict[str, float]:
    """Probability by token. Several tokens may have the same text: the first, which is the likeliest, counts."""
    found: dict[str, float] = {}
    for one in ranked:
        token, value = dig(one, "token"), dig(one, "logprob")
        number = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
        if isinstance(token, str) and number and value <= 1e-3:
            found.setdefault(token, math.exp(value))
    return found
