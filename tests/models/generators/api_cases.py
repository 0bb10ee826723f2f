"""Every API generator set up against the server on loopback, with a key of its own planted in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.models.generators.provider_server import ProviderServer

from fauve.models.generators import api_line
from fauve.models.generators.api_gemini import GeminiImages
from fauve.models.generators.api_generator import ApiGenerator
from fauve.models.generators.api_openai import OpenAIImages
from fauve.models.generators.api_openrouter import OpenRouterImages
from fauve.models.generators.api_replicate import ReplicateImages
from fauve.models.protocols import ImageRequest

KEYS = {
    "OPENAI_API_KEY": "planted/openai+Zq81xkV0aa==",
    "OPENROUTER_API_KEY": "planted-openrouter-Zq82xkV0bb",
    "GEMINI_API_KEY": "planted-gemini-Zq83xkV0cc",
    "REPLICATE_API_TOKEN": "planted-replicate-Zq84xkV0dd",
}
CLASSES: dict[str, type[ApiGenerator]] = {
    "openai": OpenAIImages,
    "openrouter": OpenRouterImages,
    "gemini": GeminiImages,
    "replicate": ReplicateImages,
}
KINDS = list(CLASSES)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setattr(api_line, "_FIRST_WAIT", 0.02)
    monkeypatch.setattr(api_line, "_LAST_WORD", 1.0)
    with ProviderServer() as running:
        yield running


def make(kind: str, server: ProviderServer, **options: Any) -> Any:
    quick: dict[str, Any] = {"timeout": 5.0, "deadline": 10.0, "base_url": f"{server.url}/v1", **options}
    if kind == "replicate":
        quick.setdefault("poll", 0.01)
    return CLASSES[kind](**quick)


def wanted(*prompts: str) -> list[ImageRequest]:
    return [ImageRequest(prompt, seed=at) for at, prompt in enumerate(prompts)]
