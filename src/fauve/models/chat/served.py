"""How the models of presets are called by services, and where they are served; plain data."""

from __future__ import annotations

from fauve.errors import ConfigError

__all__ = ["SERVED", "where_served"]

SERVED: dict[str, tuple[str, str | None]] = {
    "qwen3-vl-235b": ("Qwen/Qwen3-VL-235B-A22B-Instruct", None),
    "gpt-5-chat": ("gpt-5-chat-latest", "https://api.openai.com/v1"),
}
"""For each preset its model as services call it, and its usual address; None: whoever uses it says where."""


def where_served(name: str, preset: str, model: str | None, base_url: str | None) -> tuple[str, str]:
    """The model and the service's address, from the options or else the preset. Raises ConfigError where one lacks."""
    known = SERVED.get(preset, (None, None))
    model, base_url = model or known[0], base_url or known[1]
    if not model:
        raise ConfigError(f"{name}: say how the service calls the model, under options: model = …")
    if not base_url:
        raise ConfigError(
            f"{name}: say which service serves {model}, under options: base_url = … (an OpenAI-compatible address, up "
            "to and with its version)"
        )
    return model, base_url
