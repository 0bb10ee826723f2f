"""A recipe of the whole family from TOML: what the file does not name stays as it ships."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from fauve.errors import ConfigError, suggestion
from fauve.lab.training.family import FamilyRecipe

__all__ = ["read_recipe", "with_changes"]

R = TypeVar("R")


def read_recipe(path: Path) -> FamilyRecipe:
    """The shipped recipe with the changes of a TOML file, whose tables are the recipe's fields.

    Raises:
        ConfigError: naming the key that does not exist, with the nearest that does, or the value of the wrong kind.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no recipe {path}; check the path (example: examples/lab/recipe.toml)") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    return with_changes(FamilyRecipe(), raw, str(path))


def with_changes(recipe: R, changes: Mapping[str, Any], where: str) -> R:
    """A frozen dataclass with some fields replaced, table by table; raises ConfigError as :func:`read_recipe` does."""
    known = {f.name for f in fields(recipe)}  # type: ignore[arg-type]
    new: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise ConfigError(f"{where}: there is no key {name!r}.{suggestion(name, known)}")
        new[name] = _changed(getattr(recipe, name), value, f"{where}: {name}")
    return replace(recipe, **new)  # type: ignore[type-var]


def _changed(had: Any, value: Any, where: str) -> Any:
    if is_dataclass(had):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where} is a table of settings, not {value!r}")
        return with_changes(had, value, where)
    if isinstance(had, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(had, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(had) is not type(value):
        raise ConfigError(f"{where} is {value!r}, and a {type(had).__name__} such as {had!r} is needed")
    return value
