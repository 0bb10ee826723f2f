"""The core of every generator behind an API: threads, order, limits, and one answer a request whatever happens.

A subclass says how a request is put to its service and how the answer is read; nothing else differs. A request that was
not sent (budget reached, key not accepted, service not reached) is answered ``failed`` with ``facts["sent"]`` False: it
says nothing of the model, and the next run asks again.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal, TypedDict

from PIL.Image import Image

from fauve.errors import ConfigError, ModelError, suggestion
from fauve.keys import digest, digest_bytes
from fauve.models.cards import ModelCard
from fauve.models.generators.api_account import Account
from fauve.models.generators.api_answers import NoPicture, Picture, ProviderError, checked, plain, shortened
from fauve.models.generators.api_journal import ApiJournal
from fauve.models.generators.api_limits import Budget, Limits
from fauve.models.generators.api_line import LOG, Line
from fauve.models.generators.api_transport import HttpTransport, Transport
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome

__all__ = ["ApiGenerator", "ApiOptions", "Preset"]

Preset = Literal["paper", "matched"]


class ApiOptions(TypedDict, total=False):
    """What every generator behind an API can be given; none of it changes a picture.

    ``key_env`` names the environment variable of the key (empty for a service that wants none); ``price`` is what a
    picture costs in the service's currency and ``budget`` what may be spent in all; ``journal`` is the folder that
    keeps what was bought; the others are those of :class:`fauve.models.generators.api_limits.Limits`.
    """

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


class ApiGenerator(ABC):
    """A generator behind an API.

    Args:
        card: its card.
        model: how the service calls the model.
        base_url: address of the service.
        preset: ``matched`` (the same settings for every request) or ``paper`` (as published, faults included).
        parameters: what is sent with each prompt, as the service names it.
        options: see :class:`ApiOptions`.

    Raises:
        ConfigError: where an option makes no sense.
    """

    KEY_NAMES: ClassVar[tuple[str, ...]]
    """Environment variables of the key, the preferred first."""
    WIRE: ClassVar[str]
    """Name of the form in which requests are put: another name for whatever may give other pictures."""

    def __init__(
        self,
        card: ModelCard,
        model: str,
        base_url: str,
        preset: Preset,
        parameters: Mapping[str, Any],
        options: ApiOptions,
    ) -> None:
        if preset not in ("paper", "matched"):
            raise ConfigError(f"{card.name}: there is no preset {preset!r}.{suggestion(preset, ['paper', 'matched'])}")
        known = set(ApiOptions.__annotations__)
        if unknown := sorted(set(options) - known):
            raise ConfigError(f"{card.name}: there is no option {unknown[0]!r}.{suggestion(unknown[0], known)}")
        self.card, self.model, self.preset, self.parameters = card, model, preset, dict(parameters)
        key_env = options.get("key_env")
        key_names = self.KEY_NAMES if key_env is None else ((key_env,) if key_env else ())
        journal = options.get("journal")
        kept = None if journal is None else ApiJournal(journal)
        limits = Limits(**{name: options[name] for name in Limits.__slots__ if name in options})  # type: ignore[literal-required]
        self._own_journal = kept is not None
        self._money = options.get("budget"), options.get("price")
        budget = Budget(*self._money, Decimal(0) if kept is None else kept.spent())
        transport = options.get("transport") or HttpTransport()
        self.account = Account(card.name, base_url, key_names, self.authorise, transport, limits, budget, kept)

    @abstractmethod
    def picture(self, request: ImageRequest, line: Line, facts: dict[str, Any]) -> Picture:
        """Ask for one picture; what is learned on the way goes to ``facts`` at once. Raises NoPicture."""

    @abstractmethod
    def is_refusal(self, error: ProviderError) -> bool:
        """Whether an error is the service's moderation turning a request away."""

    def authorise(self, key: str) -> Mapping[str, str]:
        """The headers that carry the key."""
        return {"Authorization": f"Bearer {key}"}

    def choices(self) -> Mapping[str, Any]:
        """Further settings of a subclass that change a picture."""
        return {}

    def impossible(self, request: ImageRequest) -> str | None:
        """Why the service cannot be asked for this at all; None where it can."""
        if request.strength is not None:
            return f"{self.card.name} edits a picture without a strength: leave it out"
        if request.negative:
            return f"{self.card.name} takes no negative prompt"
        return None

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that is sent beside prompt, seed and picture, and where it is sent; never the key."""
        return {
            "wire": self.WIRE,
            "service": self.account.base_url,
            "model": self.model,
            "preset": self.preset,
            "parameters": self.parameters,
            **self.choices(),
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Limits and money: filed beside the pictures, no part of their key."""
        limits, budget = self.account.limits, self.account.budget
        return {
            "limits": {name: getattr(limits, name) for name in Limits.__slots__},
            "price": float(budget.price),
            "budget": None if budget.most is None else float(budget.most),
            "spent": float(budget.spent),
        }

    @property
    def batch(self) -> int:
        """How many requests are best handed over at once: as many as are under way together."""
        return self.account.limits.concurrency

    def keep_journal(self, folder: str | Path) -> None:
        """Remember what is bought in ``folder`` from now on, and count what it tells of towards the budget.

        For whoever runs the generator, before the first request; a folder that was given as ``journal`` stays.

        Raises:
            ModelError: where the journal in it cannot be read.
        """
        if not self._own_journal:
            self.account.journal = ApiJournal(folder)
            self.account.budget = Budget(*self._money, self.account.journal.spent())

    def check(self) -> None:
        """Make sure that there is a key, without a call.

        Raises:
            ModelError: with what to set or to install.
        """
        if importlib.util.find_spec("tenacity") is None:
            raise ModelError(f"{self.card.name} needs the package tenacity: pip install 'fauve[api]'.")
        self.account.check()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Check, and forget an earlier reason to stop asking; device and number format are the service's own."""
        self.check()
        self.account.resume(anew=True)

    def generate(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        """One answer a request, in order; at most ``concurrency`` are under way at once.

        Raises:
            ModelError: where there is no key.
        """
        self.check()
        self.account.resume()
        if not requests:
            return []
        pool = ThreadPoolExecutor(min(len(requests), self.account.limits.concurrency), "fauve-api")
        try:
            return list(pool.map(self._answer, requests))
        finally:
            # on Ctrl-C what is under way finishes and reaches the journal, and nothing new starts
            pool.shutdown(cancel_futures=True)

    def request_key(self, request: ImageRequest) -> str:
        """The journal's name of a request. Raises ValueError for a prompt that has no UTF-8."""
        image = None if request.image is None else _pixel_hash(request.image)
        parts = (request.prompt, request.seed, request.negative, request.strength)
        return digest({"settings": self.settings, "request": parts, "image": image})

    def _answer(self, request: ImageRequest) -> Generated:
        try:
            key = self.request_key(request)
        except ValueError as error:
            return Generated(Outcome.FAILED, reason=f"the prompt cannot be sent: {error}", facts={"sent": False})
        bought = None if self.account.journal is None else self.account.journal.picture(key)
        if bought is not None:
            return Generated(Outcome.OK, bought[0], facts={**bought[1], "reused": True})
        with self.account.slots:
            return self._asked(request, key)

    def _asked(self, request: ImageRequest, key: str) -> Generated:
        self.account.pace.wait()
        line = Line(self.account, key, request.prompt, self.is_refusal)
        facts: dict[str, Any] = {"service": self.WIRE, "model": self.model}
        data, outcome, reason = None, Outcome.OK, None
        try:
            impossible = self.impossible(request)
            if impossible is not None:
                raise NoPicture(Outcome.FAILED, impossible)
            self.account.stop_if_halted()
            picture = self.picture(request, line, facts)
            facts |= checked(picture, self.card.name)
            data = picture.data
        except NoPicture as none:
            outcome, reason = none.outcome, none.reason
            facts |= none.facts
        line.settle(facts.pop("stated_cost", None))
        return self._filed(key, line, Generated(outcome, data, reason, {**facts, **line.facts()}))

    def _filed(self, key: str, line: Line, made: Generated) -> Generated:
        reason = None if made.reason is None else shortened(self.account.redact(made.reason), 500)
        facts = self.account.redact(plain(made.facts))
        if self.account.journal is not None and line.statuses:
            self.account.journal.answered(key, str(made.outcome), reason, line.cost, facts, made.data)
        LOG.info("%s %s: %s%s", self.card.name, key[:12], made.outcome, f" ({reason})" if reason else "")
        return Generated(made.outcome, made.data, reason, facts)


def _pixel_hash(image: Image) -> str:
    rgb = image.convert("RGB")
    return digest_bytes(f"{rgb.width}x{rgb.height}:".encode() + rgb.tobytes())
