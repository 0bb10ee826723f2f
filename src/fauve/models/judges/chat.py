"""The judge J behind any OpenAI-compatible service that returns log-probabilities (vLLM and the like).

One request a dimension and picture, one token, and of ``top_logprobs`` at its place the three answers: the expected
value over them is the value, what the service says lies outside them is reported. A service that sends no
log-probabilities gives no value: what it wrote is never taken in their place. An answer that is not among the likeliest
tokens is less likely than each of those; where that bound could move the value by more than :data:`NEGLIGIBLE`, there
is none either.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL.Image import Image

from fauve.errors import ConfigError, ModelError, suggestion
from fauve.keys import digest, digest_bytes
from fauve.models.generators.api_account import Account
from fauve.models.generators.api_answers import NoPicture, ProviderError, dig, read_json, shortened
from fauve.models.generators.api_journal import ApiJournal
from fauve.models.generators.api_limits import Budget, Limits
from fauve.models.generators.api_line import Line
from fauve.models.generators.api_transport import HttpTransport, Transport
from fauve.models.generators.api_wire import data_url, merged
from fauve.models.judges.guidelines import Guidelines, read_guidelines
from fauve.models.judges.judge_cards import judge_card
from fauve.models.judges.levels import ANSWERS, checked_dimensions, expected_level
from fauve.records import Outcome
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["ChatJudge", "ChatOptions", "Judged", "NotJudged"]

WIRE = "openai-chat-logprobs/1"
SIZE = 512
TOP = 20
"""How many alternatives are asked for; services allow 20 at most."""

NEGLIGIBLE = 1e-3
"""How far, at most, an answer that the service did not list may move a value."""

_REFUSALS = ("content_policy", "content_filter", "moderation", "safety", "flagged")

ChatLayout = Literal["paper", "fast"]


class ChatOptions(TypedDict, total=False):
    """None of these changes an answer; they are those of :class:`fauve.models.generators.api_generator.ApiOptions`."""

    key_env: str
    price: float | None
    budget: float | None
    concurrency: int
    per_minute: float | None
    timeout: float
    deadline: float
    resend: int
    journal: str | Path | None
    transport: Transport


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


class ChatJudge:
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
        options: limits, money, key: see :class:`ChatOptions`. ``key_env`` is ``OPENAI_API_KEY`` unless given.

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
        **options: Unpack[ChatOptions],
    ) -> None:
        name = name or f"chat:{model}"
        if layout not in ("paper", "fast"):
            raise ConfigError(f"{name}: layout is paper or fast, not {layout!r}.")
        if size < 1:
            raise ConfigError(f"{name}: size is a number of pixels, not {size}.")
        known = set(ChatOptions.__annotations__)
        if unknown := sorted(set(options) - known):
            raise ConfigError(f"{name}: there is no option {unknown[0]!r}.{suggestion(unknown[0], known)}")
        self.card = judge_card(name, "chat-judge")
        self.model, self.layout, self.size = model, layout, size
        self.dimensions = checked_dimensions(name, list(dimensions))
        self.guidelines = read_guidelines(guidelines)
        self._questions = {dimension: self.guidelines.text(dimension) for dimension in self.dimensions}
        self.parameters = merged({"temperature": 0, "max_tokens": 1, "logprobs": True, "top_logprobs": TOP}, parameters)
        self.account = _account(name, base_url, options)
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
            "parameters": self.parameters,
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Limits and money: filed beside the values, no part of their key."""
        limits, budget = self.account.limits, self.account.budget
        return {
            "limits": {name: getattr(limits, name) for name in Limits.__slots__},
            "price": float(budget.price),
            "budget": None if budget.most is None else float(budget.most),
            "spent": float(budget.spent),
            "guidelines": self.guidelines.name,
        }

    def check(self) -> None:
        """Make sure that there is a key, without a call. Raises ModelError with what to set or to install."""
        if importlib.util.find_spec("tenacity") is None:
            raise ModelError(f"{self.card.name} needs the package tenacity: pip install 'fauve[api]'.")
        self.account.check()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Check, and forget an earlier reason to stop asking; device and number format are the service's own."""
        self.check()
        self.account.resume(anew=True)

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
        self.check()
        self.account.resume()
        asked = []
        for image in images:
            square = image.convert("RGB").resize((self.size, self.size), Pictures.Resampling.BICUBIC)
            shown, pixels = data_url(square), digest_bytes(square.tobytes())
            asked += [(dimension, shown, pixels) for dimension in self.dimensions]
        if not asked:
            return []
        pool = ThreadPoolExecutor(min(len(asked), self.account.limits.concurrency), "fauve-judge")
        try:
            found = list(pool.map(lambda one: self._answer(*one), asked))
        finally:
            pool.shutdown(cancel_futures=True)
        each = len(self.dimensions)
        return [dict(zip(self.dimensions, found[at : at + each], strict=True)) for at in range(0, len(found), each)]

    def _answer(self, dimension: str, shown: str, pixels: str) -> Judged:
        key = digest({"settings": self.settings, "dimension": dimension, "picture": pixels})
        known = self._bought(key)
        if known is not None:
            return known
        with self.account.slots:
            self.account.pace.wait()
            line = Line(self.account, key, dimension, _is_refusal)
            facts: dict[str, Any] = {}
            try:
                self.account.stop_if_halted()
                reply = read_json(line.buy("/chat/completions", self._body(dimension, shown)))
                facts |= _facts(reply)
                judged = _read(reply, self.account.redact)
            except NoPicture as none:
                judged = Judged(none.outcome, reason=none.reason)
                facts |= none.facts
            line.settle(facts.pop("stated_cost", None))
        facts = {**facts, **line.facts()}
        judged = Judged(judged.outcome, judged.shares, judged.outside, judged.reason, facts)
        self._file(key, line, judged)
        return judged

    def _bought(self, key: str) -> Judged | None:
        """An answer that this judge or the journal has: what was paid for is not asked again for the sake of others."""
        if key not in self._known and self.account.journal is not None:
            kept = self.account.journal.picture(key)
            if kept is not None:
                held = json.loads(kept[0])
                shares = (held["shares"][0], held["shares"][1], held["shares"][2])
                self._known[key] = Judged(Outcome.OK, shares, held["outside"], facts={**kept[1], "reused": True})
        return self._known.get(key)

    def _file(self, key: str, line: Line, judged: Judged) -> None:
        ok = judged.outcome is Outcome.OK
        if ok:
            self._known[key] = judged
        if self.account.journal is not None and line.statuses:
            data = json.dumps({"shares": judged.shares, "outside": judged.outside}).encode() if ok else None
            self.account.journal.answered(key, str(judged.outcome), judged.reason, line.cost, judged.facts, data)

    def _body(self, dimension: str, shown: str) -> dict[str, Any]:
        text = {"type": "text", "text": self._questions[dimension]}
        picture = {"type": "image_url", "image_url": {"url": shown}}
        content = [text, picture] if self.layout == "paper" else [picture, text]
        return {"model": self.model, "messages": [{"role": "user", "content": content}], **self.parameters}


def _account(name: str, base_url: str, options: ChatOptions) -> Account:
    key_env = options.get("key_env", "OPENAI_API_KEY")
    journal = None if options.get("journal") is None else ApiJournal(options["journal"] or "")
    limits = Limits(**{key: options[key] for key in Limits.__slots__ if key in options})  # type: ignore[literal-required]
    spent = Decimal(0) if journal is None else journal.spent()
    budget = Budget(options.get("budget"), options.get("price"), spent)
    transport = options.get("transport") or HttpTransport()
    keys = (key_env,) if key_env else ()
    return Account(name, base_url, keys, _authorised, transport, limits, budget, journal)


def _authorised(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _is_refusal(error: ProviderError) -> bool:
    told = f"{error.code} {error.message}".lower()
    return error.status in {400, 403} and any(sign in told for sign in _REFUSALS)


def _facts(reply: Mapping[str, Any]) -> dict[str, Any]:
    said = {
        "request_id": reply.get("id"),
        "answered_model": reply.get("model"),
        "finish_reason": dig(reply, "choices", 0, "finish_reason"),
        "text": dig(reply, "choices", 0, "message", "content"),
    }
    facts: dict[str, Any] = {name: shortened(value, 120) for name, value in said.items() if isinstance(value, str)}
    for name in ("prompt_tokens", "completion_tokens"):
        count = dig(reply, "usage", name)
        if type(count) is int and count >= 0:
            facts[name] = count
    cost = dig(reply, "usage", "cost")
    stated = isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < float("inf")
    return {**facts, "stated_cost": cost} if stated else facts


def _read(reply: Mapping[str, Any], redact: Any) -> Judged:
    """The shares of the three answers in a reply of status 200. Raises NoPicture where there are none."""
    choice = dig(reply, "choices", 0)
    if not isinstance(choice, dict):
        said = shortened(str(redact(dig(reply, "error", "message") or "")))
        raise NoPicture(Outcome.UNPARSABLE, f"the answer holds no choice{': ' + said if said else ''}")
    if choice.get("finish_reason") == "content_filter" or dig(choice, "message", "refusal"):
        raise NoPicture(Outcome.REFUSED, shortened(str(dig(choice, "message", "refusal") or "stopped by a filter")))
    ranked = dig(choice, "logprobs", "content", 0, "top_logprobs")
    if not isinstance(ranked, list) or not ranked:
        raise NoPicture(
            Outcome.UNPARSABLE,
            "the service sent no log-probabilities, and a value is made of nothing else. Use a service that returns "
            "`top_logprobs` (vLLM does), or a judge on this machine",
        )
    shares = _shares(ranked)
    three = tuple(shares.get(answer, 0.0) for answer in ANSWERS)
    total = math.fsum(three)
    if not 0 < total < 1.01:
        raise NoPicture(Outcome.UNPARSABLE, f"the three answers have a probability of {total:.3g} together")
    lacking = [answer for answer in ANSWERS if answer not in shares]
    unknown = len(lacking) * min(shares.values()) if lacking else 0.0
    # no value is further than 2 from the others' mean, so this is the most that the missing share can do
    if 2 * unknown / total > NEGLIGIBLE:
        raise NoPicture(
            Outcome.UNPARSABLE,
            f"{', '.join(lacking)} is not among the {len(shares)} first tokens that the service lists, and may be as "
            f"likely as {min(shares.values()):.2g}: raise `top_logprobs`, or use a model that answers in one digit",
        )
    return Judged(Outcome.OK, (three[0] / total, three[1] / total, three[2] / total), max(0.0, 1.0 - total))


def _shares(ranked: Sequence[Any]) -> dict[str, float]:
    """Probability by token. Several tokens may have the same text: the first, which is the likeliest, counts."""
    found: dict[str, float] = {}
    for one in ranked:
        token, value = dig(one, "token"), dig(one, "logprob")
        number = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
        if isinstance(token, str) and number and value <= 1e-3:
            found.setdefault(token, math.exp(value))
    return found
