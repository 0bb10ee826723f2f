"""The rewriter ``chat``: a language model behind any endpoint that speaks OpenAI's chat completions.

The library of the same name is not used: its own retries can buy an answer twice, and its time limit is on each read,
not on the call. The conversation's calls, retries, deadline, key and money are those of
:mod:`fauve.models.generators.api_line`. The form of the answer is asked for by the strictest means that the endpoint
knows (``json_schema``, ``json_object``, words alone). An answer that breaks a rule is shown to the model with what is
wrong with it, at most ``asks`` times in all; what is still wrong then is an outcome, never a prompt.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, Unpack

from fauve.errors import ConfigError, ModelError, suggestion
from fauve.keys import digest
from fauve.models.chat.replies import read_said
from fauve.models.generators.api_account import Account
from fauve.models.generators.api_answers import NoPicture, ProviderError, dig, plain, read_json, shortened
from fauve.models.generators.api_generator import ApiOptions
from fauve.models.generators.api_journal import ApiJournal
from fauve.models.generators.api_limits import Budget, Limits
from fauve.models.generators.api_line import LOG, Line
from fauve.models.generators.api_transport import HttpTransport, Reply
from fauve.models.generators.api_wire import merged
from fauve.models.rewriters.chat_answers import Texts, read_texts
from fauve.models.rewriters.chat_wording import SCHEMA, complaint, instructions, task
from fauve.prompts.checks import MOST_ANTI_WORDS, Fault, anti_faults, negative_faults
from fauve.prompts.lexicon import named_dimensions
from fauve.prompts.rewriting import RewriteRequest, Rewritten
from fauve.records import Outcome

__all__ = ["ChatRewriter"]

ADDRESS = "https://api.openai.com/v1"
WIRE = "openai-chat-rewriter/1"

_FORMS: tuple[Mapping[str, Any] | None, ...] = (
    {"type": "json_schema", "json_schema": {"name": "prompts", "strict": True, "schema": SCHEMA}},
    {"type": "json_object"},
    None,
)
"""How the form of an answer is asked for, the strictest first."""

_FORM_UNKNOWN = frozenset({"400", "415", "422", "501"})
_REFUSALS = ("moderation_blocked", "content_policy", "content_filter", "contentfilter", "safety system")
_PARAMETERS: Mapping[str, Any] = {"temperature": 0.7, "max_tokens": 400}


class ChatRewriter:
    """Asks a language model for each anti prompt.

    Args:
        model: the endpoint's name of the model.
        base_url: address of the endpoint, up to and with its version.
        parameters: what to send instead of, or beside, ``temperature`` 0.7 and ``max_tokens`` 400; None takes one out.
        asks: how often one caption may be asked for in all, the first time included.
        most_words: of an anti prompt.
        token_prices: what a million tokens cost in and out, in the service's currency; None counts ``price`` a call.
        options: limits, money (``price`` is what one call may cost at most), key, journal: see
            :class:`~fauve.models.generators.api_generator.ApiOptions`.

    Raises:
        ConfigError: where an option makes no sense.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str = ADDRESS,
        parameters: Mapping[str, Any] | None = None,
        asks: int = 3,
        most_words: int = MOST_ANTI_WORDS,
        token_prices: tuple[float, float] | None = None,
        **options: Unpack[ApiOptions],
    ) -> None:
        name = f"chat:{model}"
        known = set(ApiOptions.__annotations__)
        if unknown := sorted(set(options) - known):
            raise ConfigError(f"{name}: there is no option {unknown[0]!r}.{suggestion(unknown[0], known)}")
        if asks < 1 or most_words < 1:
            raise ConfigError(f"{name}: asks and most_words are at least 1.")
        self.model, self.asks, self.most_words, self.token_prices = model, asks, most_words, token_prices
        self.parameters = merged(_PARAMETERS, parameters)
        journal = options.get("journal")
        kept = None if journal is None else ApiJournal(journal)
        limits = Limits(**{key: options[key] for key in Limits.__slots__ if key in options})  # type: ignore[literal-required]
        budget = Budget(options.get("budget"), options.get("price"), Decimal(0) if kept is None else kept.spent())
        key_env = options.get("key_env", "OPENAI_API_KEY")
        transport = options.get("transport") or HttpTransport()
        key_names = (key_env,) if key_env else ()
        self.account = Account(name, base_url, key_names, _bearer, transport, limits, budget, kept)
        self._form = 0

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change a text: model, parameters, wording, rules; never the key."""
        return {
            "rewriter": WIRE,
            "service": self.account.base_url,
            "model": self.model,
            "parameters": self.parameters,
            "wording": digest(instructions(self.most_words)),
            "most_words": self.most_words,
            "asks": self.asks,
        }

    def check(self) -> None:
        """Make sure that there is a key, without a call.

        Raises:
            ModelError: with what to set or to install.
        """
        if importlib.util.find_spec("tenacity") is None:
            raise ModelError(f"{self.account.name} needs the package tenacity: pip install 'fauve[api]'.")
        self.account.check()

    def rewrite(self, requests: Sequence[RewriteRequest]) -> list[Rewritten]:
        """One answer a request, in order; at most ``concurrency`` are under way at once.

        Raises:
            ModelError: where there is no key.
            UnknownName: for a dimension that does not exist.
        """
        self.check()
        self.account.resume()
        for request in requests:
            task(request)
        if not requests:
            return []
        pool = ThreadPoolExecutor(min(len(requests), self.account.limits.concurrency), "fauve-chat")
        try:
            return list(pool.map(self._answer, requests))
        finally:
            pool.shutdown(cancel_futures=True)

    def _answer(self, request: RewriteRequest) -> Rewritten:
        try:
            key = digest({"settings": self.settings, "task": task(request)})
        except ValueError as error:
            return Rewritten(Outcome.FAILED, reason=f"the caption cannot be sent: {error}", facts={"sent": False})
        bought = None if self.account.journal is None else self.account.journal.picture(key)
        if bought is not None:
            texts = json.loads(bought[0])
            return Rewritten(Outcome.OK, texts["anti"], texts["negative"], facts={**bought[1], "reused": True})
        with self.account.slots:
            self.account.pace.wait()
            line = Line(self.account, key, request.original, _is_refusal)
            return self._filed(key, line, self._conversation(request, line))

    def _conversation(self, request: RewriteRequest, line: Line) -> Rewritten:
        messages = [
            {"role": "system", "content": instructions(self.most_words)},
            {"role": "user", "content": task(request)},
        ]
        facts: dict[str, Any] = {"model": self.model, "asked": 0, "tokens_in": 0, "tokens_out": 0, "faults": []}
        faults: list[Fault] = []
        try:
            while facts["asked"] < self.asks:
                facts["asked"] += 1
                text, texts, faults = self._asked(messages, request, line, facts)
                if texts is not None and not faults:
                    unseen = sorted(set(request.dimensions) - named_dimensions(texts.anti))
                    return Rewritten(Outcome.OK, texts.anti, texts.negative, facts={**facts, "unrecognised": unseen})
                facts["faults"] = [*facts["faults"], *(fault.kind for fault in faults)]
                messages += [{"role": "assistant", "content": text}, {"role": "user", "content": complaint(faults)}]
        except NoPicture as none:
            return Rewritten(none.outcome, reason=none.reason, facts={**facts, **none.facts})
        outcome = Outcome.UNPARSABLE if all(fault.kind == "form" for fault in faults) else Outcome.FAILED
        told = " ".join(fault.message for fault in faults)
        return Rewritten(outcome, reason=f"asked {facts['asked']} times; the last answer: {told}", facts=facts)

    def _asked(
        self, messages: list[dict[str, str]], request: RewriteRequest, line: Line, facts: dict[str, Any]
    ) -> tuple[str, Texts | None, list[Fault]]:
        """One answer: as it was said, its texts, and what is wrong with it. Raises NoPicture."""
        try:
            answer = read_json(self._bought(messages, line, facts))
            said = read_said(answer)
        except NoPicture as none:
            line.settle(None)
            if none.outcome is not Outcome.UNPARSABLE:
                raise
            return "", None, [Fault("form", f"Nothing could be read ({none.reason}).")]
        facts["answered_model"] = dig(answer, "model")
        facts["tokens_in"] += said.tokens[0]
        facts["tokens_out"] += said.tokens[1]
        line.settle(self._cost(said.tokens))
        texts = read_texts(said.text)
        if isinstance(texts, Fault):
            cut = [Fault("form", "It was cut off: be brief.")] if said.cut else []
            return said.text, None, [texts, *cut]
        faults = anti_faults(request.original, texts.anti, request.dimensions, self.most_words)
        return said.text, texts, [*faults, *negative_faults(texts.negative)]

    def _bought(self, messages: list[dict[str, str]], line: Line, facts: dict[str, Any]) -> Reply:
        """The reply under the strictest form that the endpoint takes. Raises NoPicture."""
        for form in range(self._form, len(_FORMS)):
            wanted, calls = _FORMS[form], len(line.statuses)
            body = {"model": self.model, "messages": messages, **self.parameters}
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

    def _cost(self, tokens: tuple[int, int]) -> float | None:
        if self.token_prices is None or not any(tokens):
            return None
        return sum(count * price for count, price in zip(tokens, self.token_prices, strict=True)) / 1_000_000

    def _filed(self, key: str, line: Line, made: Rewritten) -> Rewritten:
        line.settle(None)
        reason = None if made.reason is None else shortened(self.account.redact(made.reason), 500)
        facts = self.account.redact(plain({**made.facts, **line.facts()}))
        data = None
        if made.anti is not None:
            data = json.dumps({"anti": made.anti, "negative": made.negative}).encode()
        if self.account.journal is not None and line.statuses:
            self.account.journal.answered(key, str(made.outcome), reason, line.cost, facts, data)
        LOG.info("%s %s: %s%s", self.account.name, key[:12], made.outcome, f" ({reason})" if reason else "")
        return Rewritten(made.outcome, made.anti, made.negative, reason, facts)


def _bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _is_refusal(error: ProviderError) -> bool:
    told = f"{error.code} {error.message}".lower()
    return error.status in {400, 403} and any(sign in told for sign in _REFUSALS)
