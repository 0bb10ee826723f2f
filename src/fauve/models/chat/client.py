"""Asks a language model behind an OpenAI-compatible service for JSON: forms, repairs, asking again, and the money.

The form of an answer is asked for as strictly as the service takes it: a JSON schema, any JSON object, or in words
alone; what comes back is read past prose and fences in each case. An answer that cannot be read, or that the reader
turns down (out of range, two choices at once), is asked for again with the fault named, at most ``asks`` times in all;
then the question ends as ``unparsable``. An answer is never guessed.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError, ModelError, suggestion
from fauve.keys import digest
from fauve.models.chat.replies import objects, read_said
from fauve.models.generators.api_account import Account
from fauve.models.generators.api_answers import NoPicture, ProviderError, dig, plain, read_json, shortened
from fauve.models.generators.api_generator import ApiOptions
from fauve.models.generators.api_journal import ApiJournal
from fauve.models.generators.api_limits import Budget, Limits
from fauve.models.generators.api_line import LOG, Line
from fauve.models.generators.api_transport import HttpTransport, Reply
from fauve.records import Outcome

__all__ = ["Answered", "ChatClient", "ChatSetup", "Fault", "Question"]

_FORM_UNKNOWN = frozenset({"400", "415", "422", "501"})
_REFUSALS = ("moderation_blocked", "content_policy", "content_filter", "contentfilter", "safety system")
_REPLY_LENGTH = 4000


class Fault(Exception):
    """Why an answer cannot be used; said to the model when it is asked again."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: a name for messages and the journal, what tells it from others, and how it is put.

    ``identity`` is plain data; with the settings it is the key under which a paid answer is kept. ``messages`` makes
    the messages when their turn is near, so that pictures of waiting questions take no memory twice.
    """

    name: str
    identity: Mapping[str, Any]
    messages: Callable[[], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a question: the value that the reader made of it exactly when the outcome is ok, else the reason."""

    outcome: Outcome
    value: Any = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatSetup:
    """What is asked of whom, and how an answer must look.

    Attributes:
        name: of the model in tables and messages.
        model: as the service calls it.
        base_url: address of the service, up to and with its version.
        schema: JSON schema of an answer.
        parameters: what is sent beside the messages.
        asks: how often one question may be asked in all, the first time included.
        token_prices: what a million tokens cost in and out, in the service's currency; None counts ``price`` a call.
    """

    name: str
    model: str
    base_url: str
    schema: Mapping[str, Any]
    parameters: Mapping[str, Any]
    asks: int = 3
    token_prices: tuple[float, float] | None = None


class ChatClient:
    """One model behind one service.

    Args:
        setup: see :class:`ChatSetup`.
        read: makes a plain JSON value of the objects in an answer, or raises :class:`Fault`.
        options: limits, money (``price`` is what one call may cost at most), key, journal: see
            :class:`~fauve.models.generators.api_generator.ApiOptions`.

    Raises:
        ConfigError: where an option makes no sense.
    """

    def __init__(self, setup: ChatSetup, read: Callable[[list[dict[str, Any]]], Any], options: ApiOptions) -> None:
        known = set(ApiOptions.__annotations__)
        if unknown := sorted(set(options) - known):
            raise ConfigError(f"{setup.name}: there is no option {unknown[0]!r}.{suggestion(unknown[0], known)}")
        if setup.asks < 1:
            raise ConfigError(f"{setup.name}: asks is at least 1.")
        self.setup, self._read = setup, read
        journal = options.get("journal")
        kept = None if journal is None else ApiJournal(journal)
        self._own_journal = kept is not None
        self._money = options.get("budget"), options.get("price")
        limits = Limits(**{key: options[key] for key in Limits.__slots__ if key in options})  # type: ignore[literal-required]
        budget = Budget(*self._money, Decimal(0) if kept is None else kept.spent())
        key_env = options.get("key_env", "OPENAI_API_KEY")
        transport = options.get("transport") or HttpTransport()
        key_names = (key_env,) if key_env else ()
        self.account = Account(setup.name, setup.base_url, key_names, _bearer, transport, limits, budget, kept)
        strict = {"name": "answer", "strict": True, "schema": setup.schema}
        self._forms: tuple[Mapping[str, Any] | None, ...] = (
            {"type": "json_schema", "json_schema": strict},
            {"type": "json_object"},
            None,
        )
        self._form = 0

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything here that can change an answer; never the key."""
        return {
            "service": self.account.base_url,
            "model": self.setup.model,
            "parameters": dict(self.setup.parameters),
            "schema": digest(self.setup.schema),
            "asks": self.setup.asks,
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Limits and money: filed beside the answers, no part of their key."""
        limits, budget = self.account.limits, self.account.budget
        return {
            "limits": {name: getattr(limits, name) for name in Limits.__slots__},
            "price": float(budget.price),
            "budget": None if budget.most is None else float(budget.most),
            "spent": float(budget.spent),
        }

    def check(self) -> None:
        """Make sure that there is a key, without a call. Raises ModelError with what to set or to install."""
        if importlib.util.find_spec("tenacity") is None:
            raise ModelError(f"{self.setup.name} needs the package tenacity: pip install 'fauve[api]'.")
        self.account.check()

    def resume(self) -> None:
        """Forget a reason to stop asking."""
        self.account.resume(anew=True)

    def keep_journal(self, folder: Path) -> None:
        """Keep what is bought in a folder, unless the options named one; it counts towards the budget."""
        if not self._own_journal:
            self.account.journal = ApiJournal(folder)
            self.account.budget = Budget(*self._money, self.account.journal.spent())
            self._own_journal = True

    def ask(self, questions: Sequence[Question]) -> list[Answered]:
        """One answer a question, in order; at most ``concurrency`` are under way at once, over all threads.

        Raises:
            ModelError: where there is no key.
        """
        self.check()
        self.account.resume()
        if not questions:
            return []
        pool = ThreadPoolExecutor(min(len(questions), self.account.limits.concurrency), "fauve-chat")
        try:
            return list(pool.map(self._answer, questions))
        finally:
            pool.shutdown(cancel_futures=True)

    def _answer(self, question: Question) -> Answered:
        try:
            key = digest({"settings": self.settings, "question": question.identity})
        except ValueError as error:
            return Answered(Outcome.FAILED, reason=f"the prompt cannot be sent: {error}", facts={"sent": False})
        bought = None if self.account.journal is None else self.account.journal.picture(key)
        if bought is not None:
            return Answered(Outcome.OK, json.loads(bought[0]), facts={**bought[1], "reused": True})
        messages = question.messages()  # pictures are made ready while others hold the slots
        with self.account.slots:
            self.account.pace.wait()
            line = Line(self.account, key, question.name, _is_refusal)
            made = self._conversation(messages, line)
        return self._filed(key, line, made)

    def _conversation(self, messages: list[dict[str, Any]], line: Line) -> Answered:
        facts: dict[str, Any] = {
            "model": self.setup.model,
            "parameters": json.dumps(dict(self.setup.parameters)),
            "asked": 0,
            "tokens_in": 0,
            "tokens_out": 0,
            "replies": [],
            "faults": [],
        }
        try:
            while facts["asked"] < self.setup.asks:
                facts["asked"] += 1
                text, value, fault = self._asked(messages, line, facts)
                if fault is None:
                    return Answered(Outcome.OK, value, facts=facts)
                facts["faults"].append(str(fault))
                # some services take no empty turn
                messages = [
                    *messages,
                    {"role": "assistant", "content": text or "(nothing)"},
                    {"role": "user", "content": f"{fault} Answer with the JSON object alone."},
                ]
        except NoPicture as none:
            return Answered(none.outcome, reason=none.reason, facts={**facts, **none.facts})
        return Answered(
            Outcome.UNPARSABLE,
            reason=f"asked {facts['asked']} times; the last answer: {facts['faults'][-1]}",
            facts=facts,
        )

    def _asked(
        self, messages: list[dict[str, Any]], line: Line, facts: dict[str, Any]
    ) -> tuple[str, Any, Fault | None]:
        """One answer: as it was said, the value in it, or what is wrong with it. Raises NoPicture."""
        try:
            answer = read_json(self._bought(messages, line, facts))
            _note_who(answer, facts)
            said = read_said(answer)
        except NoPicture as none:
            line.settle(None)
            if none.outcome is not Outcome.UNPARSABLE:
                raise
            return "", None, Fault(f"Nothing could be read ({none.reason}).")
        facts["tokens_in"] += said.tokens[0]
        facts["tokens_out"] += said.tokens[1]
        facts["replies"].append(shortened(said.text, _REPLY_LENGTH))
        line.settle(self._cost(answer, said.tokens))
        try:
            found = objects(said.text)
            if not found:
                raise Fault("It was cut off: be brief." if said.cut else "There is no JSON object in it.")
            return said.text, self._read(found), None
        except Fault as fault:
            return said.text, None, fault

    def _bought(self, messages: list[dict[str, Any]], line: Line, facts: dict[str, Any]) -> Reply:
        """The reply under the strictest form that the service takes. Raises NoPicture."""
        for form in range(self._form, len(self._forms)):
            wanted, calls = self._forms[form], len(line.statuses)
            body = {"model": self.setup.model, "messages": messages, **self.setup.parameters}
            try:
                reply = line.buy("/chat/completions", body if wanted is None else {**body, "response_format": wanted})
            except NoPicture as none:
                turned_away = none.outcome is Outcome.FAILED and line.statuses[calls:][-1:]
                if wanted is None or not turned_away or turned_away[0] not in _FORM_UNKNOWN:
                    raise
            else:
                self._form = form
                facts["form"] = "words" if wanted is None else wanted["type"]
                return reply
        raise AssertionError("words alone are the last form")

    def _cost(self, answer: Any, tokens: tuple[int, int]) -> float | None:
        """What the service states, else by tokens, else None: the price of a call counts."""
        stated = dig(answer, "usage", "cost")
        if isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated < float("inf"):
            return float(stated)
        if self.setup.token_prices is None or not any(tokens):
            return None
        return sum(count * price for count, price in zip(tokens, self.setup.token_prices, strict=True)) / 1_000_000

    def _filed(self, key: str, line: Line, made: Answered) -> Answered:
        line.settle(None)
        reason = None if made.reason is None else shortened(self.account.redact(made.reason), 500)
        facts = self.account.redact(plain({**made.facts, **line.facts()}))
        data = json.dumps(made.value).encode() if made.outcome is Outcome.OK else None
        if self.account.journal is not None and line.statuses:
            self.account.journal.answered(key, str(made.outcome), reason, line.cost, facts, data)
        LOG.info("%s %s: %s%s", self.account.name, key[:12], made.outcome, f" ({reason})" if reason else "")
        return Answered(made.outcome, made.value, reason, facts)


def _note_who(answer: Any, facts: dict[str, Any]) -> None:
    for name, key in (("answered_model", "model"), ("system_fingerprint", "system_fingerprint"), ("request_id", "id")):
        said = dig(answer, key)
        if isinstance(said, str):
            facts[name] = shortened(said, 200)


def _bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _is_refusal(error: ProviderError) -> bool:
    told = f"{error.code} {error.message}".lower()
    return error.status in {400, 403} and any(sign in told for sign in _REFUSALS)
