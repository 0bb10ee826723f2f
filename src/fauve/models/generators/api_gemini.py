"""Gemini's picture models at Google itself, over the REST form that the library google-genai speaks.

``POST /models/MODEL:generateContent``; pictures come as ``inlineData`` among the parts of the first candidate. What a
model draws while it thinks is marked as a thought and is not its answer. Whether ``seed`` fixes a picture is not
verified; it is sent under ``matched``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack
from urllib.parse import quote

from fauve.models.generators.api_answers import (
    NoPicture,
    Picture,
    ProviderError,
    dig,
    from_base64,
    read_json,
    shortened,
)
from fauve.models.generators.api_cards import API_CARDS, GEMINI_PARAMETERS, NANO_BANANA_PREFIX
from fauve.models.generators.api_generator import ApiGenerator, Preset
from fauve.models.generators.api_line import Line
from fauve.models.generators.api_options import ApiOptions
from fauve.models.generators.api_wire import data_url, merged, wire_seed
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

__all__ = ["GeminiImages"]

ADDRESS = "https://generativelanguage.googleapis.com/v1beta"
_REFUSED = frozenset(
    {
        "SAFETY",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "IMAGE_PROHIBITED_CONTENT",
        "RECITATION",
        "IMAGE_RECITATION",
        "BLOCKLIST",
        "SPII",
    }
)


class GeminiImages(ApiGenerator):
    """A Gemini model that draws.

    Args:
        name: canonical name.
        model: Google's id.
        base_url: address of the endpoint, up to and with its version.
        preset: ``matched`` or ``paper``, which sends no seed and leaves the shape to the service.
        prefix: sentence before each prompt.
        parameters: of ``generationConfig``, instead of, or beside, the preset's; None takes one out.
        options: limits, money, key: see :class:`~fauve.models.generators.api_options.ApiOptions`.
    """

    KEY_NAMES: ClassVar = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    WIRE: ClassVar = "gemini-rest/1"

    def __init__(
        self,
        name: str = "nano-banana@google",
        *,
        model: str = "gemini-2.5-flash-image",
        base_url: str = ADDRESS,
        preset: Preset = "matched",
        prefix: str = NANO_BANANA_PREFIX,
        parameters: Mapping[str, Any] | None = None,
        **options: Unpack[ApiOptions],
    ) -> None:
        card = dataclasses.replace(API_CARDS["nano-banana"], name=name)
        if model != "gemini-2.5-flash-image":
            card = dataclasses.replace(card, summary=f"{model}, a Gemini model that draws, asked at Google itself.")
        self.prefix = prefix
        super().__init__(card, model, base_url, preset, merged(GEMINI_PARAMETERS.get(preset, {}), parameters), options)

    def authorise(self, key: str) -> Mapping[str, str]:
        """The key in a header of its own, and never in the address, which ends in logs."""
        return {"x-goog-api-key": key}

    def choices(self) -> Mapping[str, Any]:
        """The sentence before the prompt, and whether a seed is sent."""
        return {"prefix": self.prefix, "seed": self.preset == "matched"}

    def picture(self, request: ImageRequest, line: Line, facts: dict[str, Any]) -> Picture:
        """The first picture of the answer that is no thought. Raises NoPicture."""
        config = dict(self.parameters)
        if self.preset == "matched":
            config["seed"] = facts["seed"] = wire_seed(request.seed)
        parts: list[dict[str, Any]] = [{"text": f"{self.prefix}{request.prompt}"}]
        if request.image is not None:
            png = data_url(request.image).partition(",")[2]
            parts.append({"inlineData": {"mimeType": "image/png", "data": png}})
        body = {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}
        answer = read_json(line.buy(f"/models/{quote(self.model, safe='')}:generateContent", body))
        facts["request_id"] = dig(answer, "responseId")
        facts["answered_model"] = dig(answer, "modelVersion")
        facts["tokens"] = dig(answer, "usageMetadata", "totalTokenCount")
        return _picture(answer, facts)

    def is_refusal(self, error: ProviderError) -> bool:
        """Status 400 with a word of moderation."""
        told = f"{error.code} {error.message}".lower()
        return error.status == 400 and any(sign in told for sign in ("safety", "prohibited", "blocked"))


def _picture(answer: Mapping[str, Any], facts: dict[str, Any]) -> Picture:
    blocked = dig(answer, "promptFeedback", "blockReason")
    if blocked:
        raise NoPicture(Outcome.REFUSED, f"the prompt was blocked: {shortened(str(blocked), 80)}")
    found = dig(answer, "candidates", 0, "content", "parts")
    parts = [part for part in found if not dig(part, "thought")] if isinstance(found, list) else []
    pictures = [part["inlineData"] for part in parts if dig(part, "inlineData", "data") is not None]
    finish = str(dig(answer, "candidates", 0, "finishReason") or "")
    facts["finish_reason"] = shortened(finish, 60) or None
    if pictures:
        declared = dig(pictures[0], "mimeType")
        facts["pictures"] = len(pictures)
        return from_base64(pictures[0]["data"], declared if isinstance(declared, str) else None)
    texts = [dig(part, "text") for part in parts]
    said = shortened(" ".join(text for text in texts if isinstance(text, str)))
    if finish in _REFUSED:
        raise NoPicture(Outcome.REFUSED, f"stopped by {finish}{': ' + said if said else ''}")
    if said:
        raise NoPicture(Outcome.NO_IMAGE, f"text instead of a picture: {said}", {"text": said})
    raise NoPicture(Outcome.NO_IMAGE, f"the answer holds no picture ({facts['finish_reason'] or 'no word why'})")
