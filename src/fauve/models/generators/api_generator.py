"""The core of every generator behind an API: threads, order, limits, and one answer a request whatever happens.

A subclass says how a request is put to its service and how the answer is read; nothing else differs. A request that was
not sent (budget reached, key not accepted, service not reached) is answered ``failed`` with ``facts["sent"]`` False: it
says nothing of the model, and the next run asks again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from PIL.Image import Image

from fauve.errors import ConfigError, suggestion
from fauve.keys import digest, digest_bytes
from fauve.models.cards import ModelCard
from fauve.models.generators.api_answers import NoPicture, Picture, ProviderError, checked
from fauve.models.generators.api_line import Line
from fauve.models.generators.api_options import ApiOptions, bearer, open_account
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome

__all__ = ["ApiGenerator", "Preset"]

Preset = Literal["paper", "matched"]


class ApiGenerator(ABC):
    """A generator behind an API.

    Args:
        card: its card.
        model: how the service calls the model.
        base_url: address of the service.
        preset: ``matched`` (the same settings for every request) or ``paper`` (as published, faults included).
        parameters: what is sent with each prompt, as the service names it.
        options: see :class:`~fauve.models.generators.api_options.ApiOptions`.

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
        self.card, self.model, self.preset, self.parameters = card, model, preset, dict(parameters)
        self.account = open_account(card.name, base_url, self.KEY_NAMES, self.authorise, options)

    @abstractmethod
    def picture(self, request: ImageRequest, line: Line, facts: dict[str, Any]) -> Picture:
        """Ask for one picture; what is learned on the way goes to ``facts`` at once. Raises NoPicture."""

    @abstractmethod
    def is_refusal(self, error: ProviderError) -> bool:
        """Whether an error is the service's moderation turning a request away."""

    def authorise(self, key: str) -> Mapping[str, str]:
        """The headers that carry the key."""
        return bearer(key)

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
        return self.account.provenance

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
        self.account.keep_journal(folder)

    def check(self) -> None:
        """Make sure that there is a key, without a call.

        Raises:
            ModelError: with what to set or to install.
        """
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
        return self.account.in_order(self._answer, requests)

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
        reason, filed = line.filed(outcome, reason, facts, data)
        return Generated(outcome, data, reason, filed)


def _pixel_hash(image: Image) -> str:
    rgb = image.convert("RGB")
    return digest_bytes(f"{rgb.width}x{rgb.height}:".encode() + rgb.tobytes())
