"""Chat models that draw, behind OpenRouter: ``nano-banana``, or any id that lists ``image`` among its outputs.

``POST /chat/completions``; pictures come as data URLs in ``choices[0].message.images``, beside text or instead of it.
An answer of text alone is the outcome ``no image`` and not asked again: the published scripts put a blue square in its
place, which then counted as a very bad picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

from fauve.models.generators.api_answers import (
    NoPicture,
    Picture,
    ProviderError,
    dig,
    from_data_url,
    read_error,
    read_json,
    shortened,
)
from fauve.models.generators.api_cards import API_CARDS, NANO_BANANA_PREFIX, PRESETS
from fauve.models.generators.api_generator import ApiGenerator, Preset
from fauve.models.generators.api_line import Line
from fauve.models.generators.api_options import ApiOptions
from fauve.models.generators.api_wire import data_url, merged, wire_seed
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

__all__ = ["OpenRouterImages"]

ADDRESS = "https://openrouter.ai/api/v1"
_REFUSALS = ("moderation", "flagged", "content_policy", "content_filter", "prohibited_content", "safety")
_REFUSED_FINISH = ("content_filter", "safety", "prohibited", "recitation", "blocklist", "spii")


class OpenRouterImages(ApiGenerator):
    """A chat model that draws.

    Args:
        name: canonical name.
        model: OpenRouter's id. The main sweep of the paper asked for ``google/gemini-2.5-flash-image-preview``.
        base_url: address of the endpoint.
        preset: ``matched`` or ``paper``.
        prefix: sentence before each prompt.
        providers: who may serve the model, the preferred first, and nobody else; none named leaves it to OpenRouter.
        parameters: what to send instead of, or beside, the preset's; None takes one out.
        options: limits, money, key: see :class:`~fauve.models.generators.api_options.ApiOptions`.
    """

    KEY_NAMES: ClassVar = ("OPENROUTER_API_KEY",)
    WIRE: ClassVar = "openrouter-chat/1"

    def __init__(
        self,
        name: str = "nano-banana",
        *,
        model: str = "google/gemini-2.5-flash-image",
        base_url: str = ADDRESS,
        preset: Preset = "matched",
        prefix: str = NANO_BANANA_PREFIX,
        providers: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
        **options: Unpack[ApiOptions],
    ) -> None:
        card = API_CARDS.get(name) or dataclasses.replace(
            API_CARDS["nano-banana"], name=name, summary=f"{model}, a chat model that draws, asked through OpenRouter."
        )
        preset_parameters = PRESETS["nano-banana"].get(preset, {})
        self.prefix, self.providers = prefix, tuple(providers)
        super().__init__(card, model, base_url, preset, merged(preset_parameters, parameters), options)

    def choices(self) -> Mapping[str, Any]:
        """The sentence before the prompt, who serves the model, whether a seed is sent."""
        return {"prefix": self.prefix, "providers": list(self.providers), "seed": self.preset == "matched"}

    def picture(self, request: ImageRequest, line: Line, facts: dict[str, Any]) -> Picture:
        """The first picture of the answer. Raises NoPicture."""
        facts["seed"] = wire_seed(request.seed) if self.preset == "matched" else None
        answer = read_json(line.buy("/chat/completions", self._body(request)))
        facts |= _facts(answer)
        choice = dig(answer, "choices", 0)
        message = dig(choice, "message")
        images = dig(message, "images")
        first = dig(images, 0, "image_url", "url")
        if isinstance(first, str):
            facts["pictures"] = len(images)
            return from_data_url(first) if first.startswith("data:") else _fetched(first, line)
        raise _nothing(answer, choice, dig(message, "content") or dig(message, "refusal"), self.is_refusal)

    def is_refusal(self, error: ProviderError) -> bool:
        """Status 400 or 403 with a word of moderation."""
        told = f"{error.code} {error.message}".lower()
        return error.status in {400, 403} and any(sign in told for sign in _REFUSALS)

    def _body(self, request: ImageRequest) -> dict[str, Any]:
        text = f"{self.prefix}{request.prompt}"
        content: Any = text
        if request.image is not None:
            picture = {"type": "image_url", "image_url": {"url": data_url(request.image)}}
            content = [{"type": "text", "text": text}, picture]
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "stream": False,
            "usage": {"include": True},  # makes the answer state what it cost
            **self.parameters,
        }
        if self.providers:
            body["provider"] = {"order": list(self.providers), "allow_fallbacks": False}
        if self.preset == "matched":
            body["seed"] = wire_seed(request.seed)
        return body


def _fetched(url: str, line: Line) -> Picture:
    reply = line.fetch(url)
    return Picture(reply.body, reply.headers.get("content-type"))


def _facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    cost = dig(answer, "usage", "cost")
    stated = isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < float("inf")
    finish = dig(answer, "choices", 0, "native_finish_reason") or dig(answer, "choices", 0, "finish_reason")
    plain = {
        "request_id": answer.get("id"),
        "answered_model": answer.get("model"),
        "provider": answer.get("provider"),
        "finish_reason": finish,
    }
    facts: dict[str, Any] = {name: shortened(value, 120) for name, value in plain.items() if isinstance(value, str)}
    return {**facts, "stated_cost": cost} if stated else facts


def _nothing(answer: Any, choice: Any, text: Any, is_refusal: Any) -> NoPicture:
    """Why an answer of status 200 holds no picture."""
    failure = answer if dig(answer, "error") else choice if dig(choice, "error") else None
    if failure is not None:
        code = dig(failure, "error", "code")
        error = read_error(code if isinstance(code, int) else 400, failure)
        outcome = Outcome.REFUSED if is_refusal(error) else Outcome.FAILED
        return NoPicture(outcome, shortened(error.message) or "the service reports an error without a word")
    said = shortened(text) if isinstance(text, str) and text.strip() else ""
    finish = " ".join(str(dig(choice, name) or "") for name in ("finish_reason", "native_finish_reason")).lower()
    if any(sign in finish for sign in _REFUSED_FINISH):
        return NoPicture(Outcome.REFUSED, f"stopped by {finish.strip()}{': ' + said if said else ''}")
    if said:
        return NoPicture(Outcome.NO_IMAGE, f"text instead of a picture: {said}", {"text": said})
    return NoPicture(Outcome.NO_IMAGE, "the answer holds no picture and no word why")
