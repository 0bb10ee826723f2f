"""A dimension of one's own from a few lines of TOML, known from the prompt to the judge and the report."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError, suggestion
from fauve.prompts.checks import MOST_NEGATIVE_WORDS
from fauve.prompts.wording import word_count
from fauve.vocabulary import Dimension

__all__ = ["dimensions_from", "read_dimensions"]

_KEYS = tuple(one.name for one in fields(Dimension) if one.name != "name")


def read_dimensions(path: Path) -> tuple[Dimension, ...]:
    """The dimensions under ``[dimensions.NAME]`` of a TOML file; other tables of the file are left alone.

    :func:`fauve.vocabulary.add_dimensions` makes them known.

    Raises:
        ConfigError: naming file and key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("dimensions", {})
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    try:
        return dimensions_from(table)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def dimensions_from(table: Any) -> tuple[Dimension, ...]:
    """The dimensions of a parsed ``[dimensions]`` table: name to ``low middle high request negative``.

    Raises:
        ConfigError: naming the key.
    """
    if not isinstance(table, Mapping):
        raise ConfigError("dimensions: write one table for each, as [dimensions.pixelated].")
    return tuple(_dimension(name, entry) for name, entry in table.items())


def _dimension(name: str, entry: Any) -> Dimension:
    where = f"dimensions.{name}"
    if not re.fullmatch(r"[a-z][a-z0-9-]*(?: [a-z0-9-]+)*", name):
        raise ConfigError(f"{where}: a name is lower-case words, as 'pixelated' or 'film grain'.")
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: give it {', '.join(_KEYS)}.")
    if unknown := [key for key in entry if key not in _KEYS]:
        raise ConfigError(f"{where}: there is no key {unknown[0]!r}.{suggestion(unknown[0], _KEYS)}")
    if missing := [key for key in _KEYS if key not in entry]:
        raise ConfigError(f"{where}: {missing[0]!r} is missing; give it {', '.join(_KEYS)}.")
    for key, value in entry.items():
        if not isinstance(value, str) or not value.strip() or "\n" in value.strip():
            raise ConfigError(f"{where}.{key}: one line of text belongs here.")
    texts = {key: value.strip().rstrip(".") for key, value in entry.items()}
    if word_count(texts["negative"]) > MOST_NEGATIVE_WORDS:
        raise ConfigError(f"{where}.negative: at most {MOST_NEGATIVE_WORDS} words.")
    return Dimension(name, **texts)
