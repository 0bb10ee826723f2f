"""Settings in which two sides of a comparison differ: what a run file says, and what models were loaded with."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fauve.errors import DataError
from fauve.ledger import Ledger, queries

__all__ = ["adapter_settings", "differing", "run_settings"]

_KINDS = ("generator", "scorer", "judge", "selector")
ABSENT = "not set"


def run_settings(directory: Path) -> dict[str, Any]:
    """What ``run.toml`` of a run directory says; empty where there is none (imports alone have none).

    Raises:
        DataError: the file is no TOML.
    """
    path = directory / "run.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no TOML ({error}); `fauve run` writes it anew") from None


def adapter_settings(ledger: Ledger, kinds: tuple[str, ...] = _KINDS) -> dict[str, Any]:
    """Kind → name → settings of every current model."""
    return {kind: {one["name"]: one["settings"] for one in queries.adapters(ledger, kind)} for kind in kinds}


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value of the first and of the second, for everything that is not the same; names have dots."""
    a, b = _flat(first), _flat(second)
    return [
        (name, a.get(name, ABSENT), b.get(name, ABSENT))
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    ]


def _flat(settings: Any, at: str = "") -> dict[str, str]:
    if isinstance(settings, Mapping):
        entries = list(settings.items())
    elif isinstance(settings, list):
        # Adapters are known by their name and not by their place.
        entries = [(e.get("name", n) if isinstance(e, Mapping) else n, e) for n, e in enumerate(settings)]
    else:
        return {at: str(settings)}
    found: dict[str, str] = {}
    for key, value in entries:
        found |= _flat(value, f"{at}.{key}" if at else str(key))
    return found
