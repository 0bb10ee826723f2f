"""Asks a language model behind an OpenAI-compatible service: forms, repairs, asking again, and the money.

Where an answer is to be JSON, that is asked for as strictly as the service takes it: a JSON schema, any JSON object, or
in words alone; what comes back is read past prose and fences in each case. An answer that cannot be read, or that the
question's reader turns down (out of range, two choices at once), is asked for again with the fault named, at most
``asks`` times in all; then the question has the outcome that its last fault says, ``unparsable`` as a rule. An answer
is never guessed. Calls, retries, deadline, key and money are those of :mod:`fauve.models.generators.api_line`; the
library of the service's maker is not used: its own retries can buy an answer twice, and its time limit is on each read,
not on the call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError
from fauve.keys import digest
from fauve.models.chat.replies import Fault, Said, read_said
from fauve.models.generators.api_answers import NoPicture, ProviderError, dig, read_json, shortened
from fauve.models.generators.api_line import Line
from fauve.models.generators.api_options import ApiOptions, bearer, open_account
from fauve.models.generators.api_transport import Reply
from fauve.records import Outcome

__all__ = ["Answered", "ChatClient", "ChatSetup", "Question"]

_FORM_UNKNOWN = frozenset({"400", "415", "422", "501"})
_REFUSALS = ("moderation", "content_policy", "content_filter", "contentfilter", "safety system", "flagged")
_REPLY_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class Question:
    """One question: a name for messages and the journal, what tells it from others, how it is put, how it is read.

    ``identity`` is plain data; with the settings it is the key under which a paid answer is kept. ``messages`` makes
    the messages when their turn is near, so that pictures of waiting questions take no memory twice. ``read`` makes a
    plain JSON value of an answer, or raises :class:`~fauve.models.chat.replies.Fault`.
    """

    name: str
    identity: Mapping[str, Any]
    messages: Callable[[], list[dict[str, Any]]]
    read: Callable[[Said], Any]


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
        schema: JSON schema of an answer; None where it need not be JSON.
        parameters: what is sent beside the messages.
        asks: how often one question may be asked in all, the first time included.
        token_prices: what a million tokens cost in and out, in the service's currency; None counts ``price`` a call.

    Raises:
        ConfigError: where one makes no sense.
    """

    name: str
    model: str
    base_url: str
    schema: Mapping[str, Any] | None
    parameters: Mapping[str, Any]
    asks: int = 3
    token_prices: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.asks < 1:
            raise ConfigError(f"{self.name}: asks is at least 1.")
        prices = self.token_prices
        if prices is not None and (len(prices) != 2 or not all(0 <= price < float("inf") for price in prices)):
            raise ConfigError(f"{self.name}: token_prices are two amounts of at least 0, for tokens in and out.")


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is sent: the messages, the form of answer that is asked for, and both as the body of a call."""

    messages: list[dict[str, Any]] = field(repr=False)
    form: int
    body: bytes = field(repr=False)


class ChatClient:
    """One model behind one service.

    Args:
        setup: see :class:`ChatSetup`.
        options: limits, money (``price`` is what one call may cost at most), key, journal: see
            :class:`~fauve.models.generators.api_options.ApiOptions`.

    Raises:
        ConfigError: where an option makes no sense.
    """

    def __init__(self, setup: ChatSetup, options: ApiOptions) -> None:
        self.setup = setup
        self.account = open_account(setup.name, setup.base_url, ("OPENAI_API_KEY",), bearer, options)
        strict = {"name": "answer", "strict": True, "schema": setup.schema}
        self._forms: tuple[Mapping[str, Any] | None, ...] = (
            {"type": "json_schema", "json_schema": strict},
            {"type": "json_object"},
            None,
        )
        if setup.schema is None:
            self._forms = (None,)
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

    def check(self) -> None:
        """Make sure that there is a key, without a call. Raises ModelError with what to set or to install."""
        self.account.check()

    def resume(self) -> None:
        """Forget a reason to stop asking."""
        self.account.resume(anew=True)

    def keep_journal(self, folder: Path) -> None:
        """Keep what is bought in a folder, unless the options named one; it counts towards the budget."""
        self.account.keep_journal(folder)

    def ask(self, questions: Sequence[Question]) -> list[Answered]:
        """One answer a question, in order; at most ``concurrency`` are under way at once, over all threads.

        Raises:
            ModelError: where there is no key.
        """
        self.check()
        self.account.resume()
        settings = self.settings
        return self.account.in_order(lambda question: self._answer(question, settings), questions)

    def _answer(self, question: Question, settings: Mapping[str, Any]) -> Answered:
        try:
            key = digest({"settings": settings, "question": question.identity})
        except ValueError as error:
            return Answered(Outcome.FAILED, reason=f"the prompt cannot be sent: {error}", facts={"sent": False})
        bought = None if self.account.journal is None else self.account.journal.picture(key)
        if bought is not None:
            return Answered(Outcome.OK, json.loads(bought[0]), facts={**bought[1], "reused": True})
        # pictures and body are made ready while others hold the slots: the service is to wait for nobody
        turn = self._turn(question.messages(), self._form)
        with self.account.slots:
            self.account.pace.wait()
            line = Line(self.account, key, question.name, _is_refusal)
            made = self._conversation(turn, question.read, line)
            line.settle(None)
        data = json.dumps(made.value).encode() if made.outcome is Outcome.OK else None
        reason, facts = line.filed(made.outcome, made.reason, made.facts, data)
        return Answered(made.outcome, made.value, reason, facts)

    def _turn(self, messages: list[dict[str, Any]], form: int) -> _Turn:
        body = {"model": self.setup.model, "messages": messages, **self.setup.parameters}
        wanted = self._forms[form]
        return _Turn(
            messages, form, json.dumps(body if wanted is None else {**body, "response_format": wanted}).encode()
        )

    def _conversation(self, turn: _Turn, read: Callable[[Said], Any], line: Line) -> Answered:
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
            while True:
                facts["asked"] += 1
                text, value, fault = self._asked(turn, read, line, facts)
                if fault is None:
                    return Answered(Outcome.OK, value, facts=facts)
                facts["faults"].append(str(fault))
                if facts["asked"] == self.setup.asks:
                    return Answered(fault.outcome, reason=_given_up(fault, self.setup.asks), facts=facts)
                # some services take no empty turn
                said = {"role": "assistant", "content": text or "(nothing)"}
                told = {"role": "user", "content": f"{fault} Answer with the JSON object alone."}
                turn = self._turn([*turn.messages, said, told], self._form)
        except NoPicture as none:
            return Answered(none.outcome, reason=none.reason, facts={**facts, **none.facts})

    def _asked(
        self, turn: _Turn, read: Callable[[Said], Any], line: Line, facts: dict[str, Any]
    ) -> tuple[str, Any, Fault | None]:
        """One answer: as it was said, the value in it, or what is wrong with it. Raises NoPicture."""
        try:
            answer = read_json(self._bought(turn, line, facts))
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
            return said.text, read(said), None
        except Fault as fault:
            return said.text, None, fault

    def _bought(self, turn: _Turn, line: Line, facts: dict[str, Any]) -> Reply:
        """The reply under the strictest form that the service takes. Raises NoPicture."""
        for form in range(self._form, len(self._forms)):
            wanted, calls = self._forms[form], len(line.statuses)
            turn = turn if turn.form == form else self._turn(turn.messages, form)
            try:
                reply = line.buy("/chat/completions", ("application/json", turn.body))
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


def _given_up(fault: Fault, asks: int) -> str:
    return str(fault) if asks == 1 else f"asked {asks} times; the last answer: {fault}"


def _note_who(answer: Any, facts: dict[str, Any]) -> None:
    for name, key in (("answered_model", "model"), ("system_fingerprint", "system_fingerprint"), ("request_id", "id")):
        said = dig(answer, key)
        if isinstance(said, str):
            facts[name] = shortened(said, 200)


def _is_refusal(error: ProviderError) -> bool:
    told = f"{error.code} {error.message}".lower()
    return error.status in {400, 403} and any(sign in told for sign in _REFUSALS)
