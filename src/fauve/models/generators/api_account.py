"""What all requests to one service share: address, key, limits, money, journal, threads, the reason to stop asking."""

from __future__ import annotations

import importlib.util
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from fauve.errors import ConfigError, ModelError
from fauve.models.generators.api_answers import NoPicture
from fauve.models.generators.api_journal import ApiJournal
from fauve.models.generators.api_limits import Budget, Limits, Pace
from fauve.models.generators.api_transport import Transport, is_loopback
from fauve.records import Outcome

__all__ = ["Account", "checked_address", "not_sent"]

Asked = TypeVar("Asked")
Given = TypeVar("Given")

_KEY_SHAPES = re.compile(r"\b(?:(?:sk|pk)-|(?:r8|hf)_|AIza)[\w*.-]{8,}")
"""What keys of the four services look like: an error message may quote another key than ours, or a masked one."""


_SHORTEST_KEY = 8
"""What stands for a key at a service that wants none is shorter, and would be found in every other word."""


class Account:
    """One model's side of its conversations with a service.

    The key is read from the environment for each call and kept nowhere.

    Args:
        name: of the model, for messages.
        base_url: address that paths are appended to.
        key_names: environment variables, of which the first that is set holds the key; none for an open service.
        authorise: makes the headers that carry a key.
        transport: sends calls.
        limits, budget, journal: see their classes.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        key_names: tuple[str, ...],
        authorise: Callable[[str], Mapping[str, str]],
        transport: Transport,
        limits: Limits,
        budget: Budget,
        journal: ApiJournal | None,
    ) -> None:
        if any(not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", key_name) for key_name in key_names):
            # not quoted: whoever puts a key in its place must not find it in a log
            raise ConfigError(f"{name}: `key_env` is the name of an environment variable, such as OPENAI_API_KEY.")
        self.name, self.base_url, self.key_names = name, checked_address(name, base_url), key_names
        self.transport, self.limits, self.budget, self.journal = transport, limits, budget, journal
        self.pace = Pace(limits.per_minute)
        self.slots = threading.BoundedSemaphore(limits.concurrency)
        self._own_journal = journal is not None
        self._authorise = authorise
        self._lock = threading.Lock()
        self._halted: str | None = None
        self._lasting = False

    def check(self) -> None:
        """Make sure that there is a key that can be sent, and that it does not cross a network in clear.

        Raises:
            ModelError: with what to set or to install, never with the key.
        """
        if importlib.util.find_spec("tenacity") is None:
            raise ModelError(f"{self.name} needs the package tenacity: pip install 'fauve[api]'.")
        if not self.key_names:
            return
        key = self._key()
        if not key:
            raise ModelError(
                f"{self.name}: there is no key. Set {' or '.join(self.key_names)} in the environment and call again."
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ModelError(
                f"{self.name}: the key in {' or '.join(self.key_names)} holds characters that no key has. Set it anew."
            )
        parts = urlsplit(self.base_url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ModelError(
                f"{self.name}: {parts.hostname} is asked over http, which would show the key to the network. "
                'Use https, or `key_env = ""` for a service that wants no key.'
            )

    @property
    def provenance(self) -> dict[str, Any]:
        """Limits and money: filed beside the answers, no part of their key."""
        return {
            "limits": {name: getattr(self.limits, name) for name in Limits.__slots__},
            "price": float(self.budget.price),
            "budget": None if self.budget.most is None else float(self.budget.most),
            "spent": float(self.budget.spent),
        }

    def keep_journal(self, folder: str | Path) -> None:
        """Remember what is bought in ``folder`` from now on, and count what it tells of towards the budget.

        For whoever runs the model, before the first request; a folder that the options named stays.

        Raises:
            ModelError: where the journal in it cannot be read.
        """
        if self.journal is None or not (self._own_journal or self.journal.folder == Path(folder)):
            self.journal = ApiJournal(folder)
            self.budget = self.budget.counted_from(self.journal.spent())

    def in_order(self, work: Callable[[Asked], Given], items: Sequence[Asked]) -> list[Given]:
        """One answer an item, in order, in as many threads as calls may be under way."""
        if not items:
            return []
        pool = ThreadPoolExecutor(min(len(items), self.limits.concurrency), "fauve-api")
        try:
            return list(pool.map(work, items))
        finally:
            # on Ctrl-C what is under way finishes and reaches the journal, and nothing new starts
            pool.shutdown(cancel_futures=True)

    def headers(self) -> Mapping[str, str]:
        """The headers that carry the key."""
        key = self._key()
        return self._authorise(key) if key else {}

    def redact(self, value: Any) -> Any:
        """The same plain value without our key, or anything that looks like one, in any of its texts."""
        if isinstance(value, str):
            for key in (self._key(), quote(self._key(), safe="")):
                value = value.replace(key, "[key]") if len(key) >= _SHORTEST_KEY else value
            return _KEY_SHAPES.sub("[key]", value)
        if isinstance(value, Mapping):
            return {name: self.redact(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact(part) for part in value]
        return value

    def halt(self, reason: str, lasting: bool = True) -> None:
        """Ask nothing more, for ``reason``; where it is not lasting, until the next requests are handed over."""
        with self._lock:
            if self._halted is None:
                self._halted, self._lasting = reason, lasting

    def resume(self, anew: bool = False) -> None:
        """Ask again after a halt that does not last; with ``anew`` after any."""
        with self._lock:
            if anew or not self._lasting:
                self._halted = None

    def stop_if_halted(self) -> None:
        """Raises NoPicture (failed, not sent) after a halt."""
        with self._lock:
            reason = self._halted
        if reason is not None:
            raise not_sent(f"{reason}; not sent")

    def _key(self) -> str:
        found = (os.environ.get(name, "").strip() for name in self.key_names)
        return next((key for key in found if key), "")


def not_sent(reason: str) -> NoPicture:
    """The answer to a request that never left: it cost nothing, and another run asks again."""
    return NoPicture(Outcome.FAILED, reason)


def checked_address(name: str, base_url: str) -> str:
    """An address without its last slash. Raises ConfigError where it is none, or holds a password or a key."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{name}: base_url is no address. Give one such as https://api.openai.com/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"{name}: base_url holds more than an address. Keys belong in the environment: give it without user, "
            "password and anything after `?`."
        )
    return base_url.rstrip("/")
