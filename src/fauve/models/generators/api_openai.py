"""Generators behind OpenAI's Images API, or any endpoint that speaks it: ``gpt-image-1.5``, ``openai-images:MODEL``.

``POST /images/generations`` with JSON, ``POST /images/edits`` with a form; the picture comes as base64, from some
endpoints as an address. The API has no seed and no negative prompt, and names no way to repeat a request without buying
it again, so the library of the same name, whose own retries would, is not used.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from PIL.Image import Image

from fauve.models.cards import ModelCard
from fauve.models.generators.api_answers import (
    NoPicture,
    Picture,
    ProviderError,
    dig,
    from_base64,
    from_data_url,
    read_json,
    revised,
)
from fauve.models.generators.api_cards import API_CARDS, PRESETS
from fauve.models.generators.api_generator import ApiGenerator, Preset
from fauve.models.generators.api_line import Line
from fauve.models.generators.api_options import ApiOptions
from fauve.models.generators.api_wire import merged
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

__all__ = ["OpenAIImages"]

ADDRESS = "https://api.openai.com/v1"
_PREFIX = "openai-images:"
_NOT_FOR_EDITS = frozenset({"moderation", "style"})
_REFUSALS = ("moderation_blocked", "content_policy", "content_filter", "contentfilter", "safety system")


class OpenAIImages(ApiGenerator):
    """A model behind the Images API.

    Args:
        name: canonical name; ``openai-images:MODEL`` asks for any model with its size alone fixed.
        model: the service's name of the model, where it is another one.
        base_url: address of the endpoint, up to and with its version.
        preset: ``matched`` or ``paper``; a model without a card has no published settings, so both are the same.
        parameters: what to send instead of, or beside, the preset's; None takes one out.
        options: limits, money, key: see :class:`~fauve.models.generators.api_options.ApiOptions`.
    """

    KEY_NAMES: ClassVar = ("OPENAI_API_KEY",)
    WIRE: ClassVar = "openai-images/1"

    def __init__(
        self,
        name: str = "gpt-image-1.5",
        *,
        model: str | None = None,
        base_url: str = ADDRESS,
        preset: Preset = "matched",
        parameters: Mapping[str, Any] | None = None,
        **options: Unpack[ApiOptions],
    ) -> None:
        wanted = model or name.removeprefix(_PREFIX)
        preset_parameters = PRESETS.get(name, {}).get(preset, {"size": "1024x1024"})
        super().__init__(_card(name, wanted), wanted, base_url, preset, merged(preset_parameters, parameters), options)

    def picture(self, request: ImageRequest, line: Line, facts: dict[str, Any]) -> Picture:
        """The first picture of the answer. Raises NoPicture."""
        body = {"model": self.model, "prompt": request.prompt, "n": 1, **self.parameters}
        if request.image is None:
            reply = line.buy("/images/generations", body)
        else:
            fields = {name: value for name, value in body.items() if name not in _NOT_FOR_EDITS}
            reply = line.buy("/images/edits", _form(fields, request.image))
        facts["request_id"] = reply.headers.get("x-request-id")
        answer = read_json(reply)
        facts["answered_model"] = dig(answer, "model")
        facts["tokens"] = dig(answer, "usage", "total_tokens")
        first = dig(answer, "data", 0)
        facts |= revised(dig(first, "revised_prompt"))
        return _picture(first, line)

    def is_refusal(self, error: ProviderError) -> bool:
        """Status 400 with the code of the moderation."""
        told = f"{error.code} {error.message}".lower()
        return error.status in {400, 403} and any(sign in told for sign in _REFUSALS)


def _picture(first: Any, line: Line) -> Picture:
    if dig(first, "b64_json"):
        return from_base64(dig(first, "b64_json"))
    url = dig(first, "url")
    if isinstance(url, str) and url:
        if url.startswith("data:"):
            return from_data_url(url)
        reply = line.fetch(url)
        return Picture(reply.body, reply.headers.get("content-type"))
    raise NoPicture(Outcome.NO_IMAGE, "the answer holds no picture and no word why")


def _card(name: str, model: str) -> ModelCard:
    return API_CARDS.get(name) or ModelCard(
        name=name,
        kind="generator",
        summary=f"{model} behind an endpoint that speaks OpenAI's Images API; nothing more is known of it here.",
    )


def _form(fields: Mapping[str, Any], image: Image) -> tuple[str, bytes]:
    """Media type and bytes of a form (RFC 7578) with the picture as PNG."""
    border = secrets.token_hex(16)
    png = io.BytesIO()
    image.convert("RGB").save(png, "PNG")
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{border}\r\nContent-Disposition: form-data; name="image"; filename="image.png"\r\n'
    parts.append(f"{head}Content-Type: image/png\r\n\r\n".encode() + png.getvalue() + b"\r\n")
    return f"multipart/form-data; boundary={border}", b"".join([*parts, f"--{border}--\r\n".encode()])
