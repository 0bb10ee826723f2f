"""From what a service sent to an answer: the picture's bytes as they came, or why there is none."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fauve.errors import ImageRejected
from fauve.imaging import decode
from fauve.models.generators.api_transport import Reply
from fauve.records import Outcome

__all__ = [
    "NoPicture",
    "Picture",
    "ProviderError",
    "checked",
    "dig",
    "from_base64",
    "from_data_url",
    "plain",
    "read_error",
    "read_json",
    "revised",
    "shortened",
]

TEXT_LENGTH = 300
"""Characters that are kept of what a service says instead of a picture."""

_REVISED_LENGTH = 4000

_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


class NoPicture(Exception):
    """A request ended without a picture: the outcome, the reason, and facts to file."""

    def __init__(self, outcome: Outcome, reason: str, facts: Mapping[str, Any] | None = None) -> None:
        self.outcome, self.reason, self.facts = outcome, reason, dict(facts or {})
        super().__init__(outcome, reason)


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes that a service calls a picture, the media type that it gave, and what else it said."""

    data: bytes = field(repr=False)
    declared: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProviderError:
    """What an error reply says, in whichever of the four shapes it came."""

    status: int
    message: str
    code: str = ""
    param: str = ""


def checked(picture: Picture, name: str) -> dict[str, Any]:
    """Decode the bytes once and give the facts of the picture: media type, and the declared one where it differs.

    Raises:
        NoPicture: filtered where every pixel is the same, unparsable where it does not decode.
    """
    try:
        _, suffix = decode(picture.data, name)
    except ImageRejected as error:
        facts = {"bytes": len(picture.data), "declared_media_type": picture.declared}
        outcome = Outcome.FILTERED if error.reason == "constant" else Outcome.UNPARSABLE
        raise NoPicture(outcome, f"{error.reason}: {error.remedy}", {**picture.facts, **facts}) from None
    facts = {"media_type": _MEDIA_TYPES[suffix], "bytes": len(picture.data)}
    declared = (picture.declared or "").partition(";")[0].strip().lower()
    if declared and declared != facts["media_type"]:
        facts["declared_media_type"] = declared
    return {**picture.facts, **facts}


def from_base64(text: Any, declared: str | None = None, facts: Mapping[str, Any] | None = None) -> Picture:
    """The bytes of base64 text. Raises NoPicture (unparsable) where it is none, or announces no picture."""
    if declared and not declared.lower().startswith("image/"):
        raise NoPicture(Outcome.UNPARSABLE, f"the picture is declared as {shortened(declared, 60)}", facts)
    try:
        if not isinstance(text, str):
            raise binascii.Error
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NoPicture(Outcome.UNPARSABLE, "the picture is no valid base64", facts) from None
    return Picture(data, declared, facts or {})


def from_data_url(url: str, facts: Mapping[str, Any] | None = None) -> Picture:
    """The bytes of ``data:image/png;base64,…``. Raises NoPicture (unparsable)."""
    head, comma, text = url.partition(",")
    declared = head.removeprefix("data:").partition(";")[0] or None
    if not comma or not head.endswith(";base64"):
        raise NoPicture(Outcome.UNPARSABLE, "the picture's data URL holds no base64", facts)
    return from_base64(text, declared, facts)


def read_json(reply: Reply) -> dict[str, Any]:
    """The object in a reply. Raises NoPicture (unparsable) where there is none."""
    if not reply.body.strip():
        raise NoPicture(Outcome.UNPARSABLE, f"status {reply.status} with nothing in it")
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        kind = shortened(reply.headers.get("content-type", "no media type"), 60)
        raise NoPicture(Outcome.UNPARSABLE, f"the answer is no JSON ({kind})") from None
    if not isinstance(found, dict):
        raise NoPicture(Outcome.UNPARSABLE, "the answer is no JSON object")
    return found


def read_error(status: int, body: Any) -> ProviderError:
    """An error of OpenAI, OpenRouter, Google or Replicate in one form; ``body`` is parsed JSON or None."""
    error = dig(body, "error")
    if isinstance(error, str):
        return ProviderError(status, error)
    if isinstance(error, dict):
        details = error.get("details")
        reasons = [dig(detail, "reason") for detail in details] if isinstance(details, list) else []
        codes = [error.get("code"), error.get("status"), error.get("type"), *reasons]
        # OpenRouter hands on what the provider behind it said
        raw = dig(error, "metadata", "raw")
        message = " ".join(part for part in (error.get("message"), raw) if isinstance(part, str))
        return ProviderError(
            status, message, " ".join(str(code) for code in codes if code), str(error.get("param") or "")
        )
    detail = dig(body, "detail")
    return ProviderError(status, detail if isinstance(detail, str) else "", str(dig(body, "title") or ""))


def dig(value: Any, *path: str | int) -> Any:
    """The value at a path through parsed JSON; None where the path leads nowhere."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
    return value


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What can be filed of facts: texts, finite numbers and lists of them. A service may send anything."""
    kept = {
        name: [one for one in value if _fits(one)] if isinstance(value, list) else value
        for name, value in facts.items()
    }
    return {
        name: shortened(value, _REVISED_LENGTH) if isinstance(value, str) else value
        for name, value in kept.items()
        if isinstance(value, list) or _fits(value)
    }


def _fits(value: Any) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def revised(text: Any) -> dict[str, Any]:
    """Facts on a prompt that the service rewrote: whether it says so, and what it made of it."""
    if not isinstance(text, str) or not text.strip():
        return {"revised": False}
    return {"revised": True, "revised_prompt": shortened(text, _REVISED_LENGTH)}


def shortened(text: str, length: int = TEXT_LENGTH) -> str:
    """One line of at most ``length`` characters."""
    line = re.sub(r"\s+", " ", text).strip()
    # half of a surrogate pair, which JSON may carry, has no UTF-8 and could not be stored
    line = line.encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
