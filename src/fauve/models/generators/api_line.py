"""The conversation about one request: each call with its retries, within one deadline, every paid call accounted for.

Only what may pass by itself is asked again: 408, 429 (after the ``Retry-After`` that it names), 5xx, no
connection, a lost or late answer. What was sent and not answered may have been billed: it counts with the price, and is
sent again at most ``resend`` times. Every other status is final. A key that is not accepted, an account without money
and a model that does not exist stop the whole generator: they would fail for every request alike.
"""

from __future__ import annotations

import email.utils
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from fauve.models.generators.api_account import Account
from fauve.models.generators.api_answers import NoPicture, ProviderError, plain, read_error, shortened
from fauve.models.generators.api_transport import Call, CallTimedOut, NotSent, Reply, TransportError
from fauve.records import Outcome

__all__ = ["Line", "retry_after"]

LOG = logging.getLogger("fauve.models.generators.api")

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_LAST_WORD = 10.0
_REASON_LENGTH = 500
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_NO_MONEY = ("insufficient_quota", "billing_hard_limit", "insufficient credit", "insufficient_credit")
_NO_MODEL = ("model_not_found", "invalid_model", "not a valid model", "invalid version", "no endpoints found")
_NO_KEY = ("api_key_invalid", "invalid_api_key", "api key not valid")

Refusal = Callable[[ProviderError], bool]
"""Whether an error is the service's moderation turning the request away."""


class _Again(Exception):
    """A failure that may pass: what to answer if it does not, and how long the service asks to wait."""

    def __init__(self, outcome: Outcome, reason: str, wait: float = 0.0) -> None:
        self.outcome, self.reason, self.wait = outcome, reason, wait
        super().__init__(reason)


class Line:
    """One request's calls.

    Args:
        account: what it shares with the other requests.
        key: of the request, for the journal and the log.
        prompt: as it is sent, for the journal.
        is_refusal: tells moderation from other errors.
    """

    def __init__(self, account: Account, key: str, prompt: str, is_refusal: Refusal) -> None:
        self.account, self.key = account, key
        self._prompt, self._is_refusal = prompt, is_refusal
        self._started = time.monotonic()
        self._lost = 0
        self.attempts = 0
        self.statuses: list[str] = []
        self.cost = Decimal(0)
        self.accepted = 0

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.account.limits.deadline - (time.monotonic() - self._started)

    def facts(self) -> dict[str, Any]:
        """What every answer tells: whether anything was sent, how often, how it went, what it cost."""
        return {
            "sent": self.attempts > 0,
            "attempts": self.attempts,
            "statuses": list(self.statuses),
            "unanswered": self._lost,
            "seconds": round(time.monotonic() - self._started, 3),
            "cost": float(self.cost),
        }

    def buy(self, path: str, payload: Any) -> Reply:
        """POST what makes a picture and costs money: JSON, or (media type, bytes) as they are.

        Raises:
            NoPicture: with the outcome, after a final status or the end of the retries.
        """
        media, body = payload if isinstance(payload, tuple) else ("application/json", json.dumps(payload).encode())
        url = f"{self.account.base_url}{path}"
        return self._until_final(lambda: self._pay(url, media, body))

    def settle(self, stated: float | None) -> None:
        """What the last bought call has cost: what the service states, or else the price."""
        if self.accepted:
            cost = self.account.budget.price if stated is None else Decimal(str(stated))
            self.account.budget.settle(cost)
            self.cost += cost
            self.accepted -= 1

    def filed(
        self, outcome: Outcome, reason: str | None, facts: Mapping[str, Any], data: bytes | None
    ) -> tuple[str | None, dict[str, Any]]:
        """Write an answer into journal and log; gives reason and facts as they may be kept: plain, and without a key.

        The facts of the calls are among them.
        """
        told = None if reason is None else shortened(self.account.redact(reason), _REASON_LENGTH)
        kept = self.account.redact(plain({**facts, **self.facts()}))
        if self.account.journal is not None and self.statuses:
            self.account.journal.answered(self.key, str(outcome), told, self.cost, kept, data)
        LOG.info("%s %s: %s%s", self.account.name, self.key[:12], outcome, f" ({told})" if told else "")
        return told, kept

    def ask(self, method: str, path: str) -> Reply:
        """A call to the service that costs nothing and may be repeated. Raises NoPicture."""
        url = f"{self.account.base_url}{path}"
        return self._until_final(lambda: self._free(Call(method, url, self.account.headers()), _fatal_key))

    def fetch(self, url: str) -> Reply:
        """Download from an address that the service gave; it never sees the key. Raises NoPicture."""
        schemes = {"https"} if self.account.base_url.startswith("https:") else {"https", "http"}
        try:
            parts = urlsplit(url)
            usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            usable = False
        if not (usable and url.isascii() and url.isprintable()) or " " in url:
            raise NoPicture(Outcome.UNPARSABLE, "the picture's address is no https address")
        return self._until_final(lambda: self._free(Call("GET", url), lambda error: None))

    def last_word(self, path: str) -> bool:
        """POST once, after the deadline too, and say whether the service took it."""
        call = Call("POST", f"{self.account.base_url}{path}", self.account.headers())
        try:
            return self.account.transport.send(call, _LAST_WORD).status < 300
        except TransportError:
            return False

    def _until_final(self, attempt: Callable[[], Reply]) -> Reply:
        from tenacity import Retrying, retry_if_exception_type  # noqa: PLC0415 - of the extra [api]

        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            wait=lambda state: _pause(state.attempt_number, state.outcome.exception() if state.outcome else None),
            stop=lambda state: self._lost > self.account.limits.resend or state.upcoming_sleep >= self.left(),
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _Again as last:
            raise self._given_up(last) from None

    def _given_up(self, last: _Again) -> NoPicture:
        reason = last.reason
        if set(self.statuses) == {"not sent"}:
            reason = f"{reason}: the service cannot be reached"
            self.account.halt(reason, lasting=False)
        elif last.wait >= self.account.limits.deadline:
            reason = f"{reason}; it asks to wait {last.wait:.0f} s"
            self.account.halt(reason, lasting=False)
        tries = len(self.statuses)
        return NoPicture(last.outcome, f"{reason} (tried {tries} time{'s' if tries > 1 else ''})")

    def _pay(self, url: str, media: str, body: bytes) -> Reply:
        self.account.stop_if_halted()
        if self.statuses:  # the first turn was waited for before the clock of the deadline started
            self.account.pace.wait()
        budget, journal = self.account.budget, self.account.journal
        if not budget.reserve():
            raise NoPicture(Outcome.FAILED, f"budget of {budget.most} reached; not sent")
        if journal is not None:
            journal.sent(self.key, self.account.name, self._prompt, budget.price)
        LOG.info("%s %s: call %d", self.account.name, self.key[:12], self.attempts + 1)
        headers = {"Content-Type": media, "Accept": "application/json", **self.account.headers()}
        cost, calls, settled = Decimal(0), len(self.statuses), False
        try:
            reply = self._send(Call("POST", url, headers, body))
            settled = 200 <= reply.status < 300  # then the answer tells what it cost
        except _Again:
            cost = budget.price if self.statuses[-1] != "not sent" else cost  # lost or late: it may be billed
            raise
        finally:
            self.attempts += len(self.statuses) > calls and self.statuses[-1] != "not sent"
            if settled:
                self.accepted += 1
            else:
                budget.settle(cost)
                self.cost += cost
        return self._judged(reply, _fatal)

    def _free(self, call: Call, fatal: Callable[[ProviderError], str | None]) -> Reply:
        lost = self._lost
        try:
            return self._judged(self._send(call), fatal)
        finally:
            self._lost = lost  # nothing is bought twice by asking for the same thing again

    def _send(self, call: Call) -> Reply:
        left = self.left()
        if left <= 0:
            raise NoPicture(Outcome.TIMED_OUT, f"no picture within {self.account.limits.deadline:.3g} s")
        try:
            reply = self.account.transport.send(call, min(self.account.limits.timeout, left))
        except NotSent as error:
            self.statuses.append("not sent")
            raise _Again(Outcome.FAILED, str(error)) from None
        except TransportError as error:
            late = isinstance(error, CallTimedOut)
            self.statuses.append("timed out" if late else "lost")
            self._lost += 1
            raise _Again(Outcome.TIMED_OUT if late else Outcome.FAILED, str(error)) from None
        self.statuses.append(str(reply.status))
        LOG.info("%s %s: status %d", self.account.name, self.key[:12], reply.status)
        return reply

    def _judged(self, reply: Reply, fatal: Callable[[ProviderError], str | None]) -> Reply:
        if 200 <= reply.status < 300:
            return reply
        error = read_error(reply.status, _json_or_none(reply.body))
        said = shortened(self.account.redact(error.message)) or "no reason given"
        if self._is_refusal(error):
            raise NoPicture(Outcome.REFUSED, said, {"status": reply.status, "code": shortened(error.code, 80)})
        hopeless = fatal(error)
        if hopeless is not None:
            reason = f"{hopeless} (status {reply.status}: {said})"
            self.account.halt(reason)
            raise NoPicture(Outcome.FAILED, reason)
        if reply.status in _TRANSIENT:
            wait = retry_after(reply.headers)
            if reply.status == 429 and wait < self.account.limits.deadline:
                self.account.pace.pause(wait)
            raise _Again(Outcome.FAILED, f"status {reply.status}: {said}", wait)
        raise NoPicture(Outcome.FAILED, f"status {reply.status}: {said}")


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that a reply asks to wait (RFC 9110, section 10.2.3: a number or a date); 0 where it asks for nothing."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)) / timedelta(seconds=1)
    return seconds if 0 < seconds < float("inf") else 0.0


def _pause(attempt: int, failure: BaseException | None) -> float:
    """Exponential with jitter, and never less than what the service asked for."""
    grown: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt - 1, 10)) * random.uniform(0.5, 1.0)
    return max(failure.wait, grown) if isinstance(failure, _Again) else grown


def _fatal(error: ProviderError) -> str | None:
    """Why every further request would fail as this one did; None where only this one does."""
    told = f"{error.code} {error.message}".lower()
    if error.status in {401, 403} or any(sign in told for sign in _NO_KEY):
        return "the service does not accept the key: set the right one in the environment"
    if error.status == 402 or any(sign in told for sign in _NO_MONEY):
        return "the account has no money left: add credit at the service"
    no_model = error.param == "model" or any(sign in told for sign in _NO_MODEL)
    if error.status in {404, 405, 410} or (error.status in {400, 422} and no_model):
        return "the service has no such model or address: correct `model`, `version` or `base_url`"
    return None


def _fatal_key(error: ProviderError) -> str | None:
    """As :func:`_fatal`, for calls about one item, whose address may well be gone."""
    return _fatal(error) if error.status in {401, 402, 403} else None


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
