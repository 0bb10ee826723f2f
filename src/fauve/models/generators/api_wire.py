"""How what every service is told is written: parameters, seeds, pictures to edit."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

from PIL.Image import Image

__all__ = ["data_url", "merged", "wire_seed"]


def merged(preset: Mapping[str, Any], own: Mapping[str, Any] | None) -> dict[str, Any]:
    """A preset's parameters with one's own in their place; a None takes a parameter out."""
    return {name: value for name, value in {**preset, **(own or {})}.items() if value is not None}


def wire_seed(seed: int) -> int:
    """A seed as the services take it: signed 32-bit, so the rest on division by 2**31."""
    return seed % (1 << 31)


def data_url(image: Image) -> str:
    """A picture to edit, as PNG inside an address."""
    png = io.BytesIO()
    image.convert("RGB").save(png, "PNG")
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode('ascii')}"
