"""Where the names of models lead, whatever kind of model they name: found, imported and made only when asked for.

A target is ``module:attribute``. What stands there may be a class or a function that makes the model, or a ready model.
Other packages register theirs through the entry-point group of the kind, such as ``fauve.scorers``.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from fauve.errors import PluginError, UnknownName, suggestion
from fauve.models.cards import ModelCard

__all__ = ["Entry", "Kind", "build", "has_parts", "installed", "resolve", "shown_source"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a name leads: ``target`` is ``module:attribute``, ``options`` go to it, ``origin`` registered it.

    ``card`` is there where it can be read without importing the target.
    """

    name: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "fauve"
    card: ModelCard | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of model that is asked for by name: what it is called (``face finder``), and what it must have."""

    name: str
    parts: tuple[str, ...]

    @property
    def group(self) -> str:
        """The entry-point group in which other packages register theirs."""
        return f"fauve.{self.name.replace(' ', '_')}s"

    def registered(self, own: Mapping[str, Entry]) -> dict[str, Entry]:
        """Every registered name: Fauve's ``own``, and those of installed packages.

        Raises:
            PluginError: when a package registers one of Fauve's own names.
        """
        foreign = {point.name: Entry(point.name, point.value, origin=_origin(point)) for point in installed(self.group)}
        if clash := sorted(own.keys() & foreign.keys()):
            raise PluginError(
                f"{foreign[clash[0]].origin} registers a {self.name} called {clash[0]!r}, which is one of Fauve's own. "
                "Rename the entry point."
            )
        return {**own, **foreign}

    def find(
        self, name: str, known: Mapping[str, Entry], otherwise: Callable[[str], Entry], beside: Sequence[str] = ()
    ) -> Entry:
        """The entry of a registered name; any other name with a colon in it is read by ``otherwise``.

        ``beside`` are further names to speak of where there is no such name.

        Raises:
            UnknownName: for a name that nobody registered.
        """
        if name not in known and ":" not in name:
            raise UnknownName(self.name, name, [*beside, *known])
        return known.get(name) or otherwise(name)

    def make(self, entry: Entry, options: Mapping[str, Any] | None = None) -> Any:
        """The model of an entry, not loaded yet.

        Raises:
            PluginError: when what it leads to does not import, takes no such options, or is no model of this kind.
        """
        made = build(resolve(entry.target, entry.name), {**entry.options, **(options or {})}, entry.name)
        self.require(made, entry.name)
        return made

    def require(self, made: Any, name: str) -> None:
        """Raises PluginError where what ``name`` led to lacks a part of this kind of model."""
        if not has_parts(made, self.parts):
            *first, last = (f"`{part}`" for part in self.parts)
            wanted = f"{', '.join(first)} and {last}"
            raise PluginError(f"{name} led to a {type(made).__name__}, which is no {self.name}: it needs {wanted}")


@cache
def installed(group: str) -> tuple[EntryPoint, ...]:
    """What installed packages have registered in an entry-point group."""
    return tuple(entry_points(group=group))


def resolve(target: str, name: str) -> Any:
    """What stands at ``module:attribute``; ``name`` is for messages.

    Raises:
        PluginError: when the module does not import, with the remedy.
        UnknownName: when it has no such attribute.
    """
    module_name, _, attribute = target.partition(":")
    # A file in the folder where the command is called is where a stranger's scorer usually lies.
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        if module_name.startswith("fauve.") and error.name and not error.name.startswith("fauve"):
            raise PluginError(f"{name} needs {error.name}, which is not installed. {_NEEDED}") from error
        raise PluginError(
            f"{name}: the module {module_name!r} does not import ({error}). {_import_remedy(module_name)}"
        ) from error
    except Exception as error:
        raise PluginError(f"{name}: importing {module_name!r} failed with {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = [n for n in vars(found) if not n.startswith("_")]
            raise UnknownName(f"name in {module_name}", part, public) from None
    return found


def build(found: Any, options: Mapping[str, Any], name: str) -> Any:
    """Call classes; call functions that take no positional argument (factories); leave everything else as it is.

    Raises:
        PluginError: where it takes no such options.
    """
    if inspect.isclass(found) or (inspect.isfunction(found) and _is_factory(found)):
        try:
            return found(**options)
        except TypeError as error:
            given = {key: value for key, value in options.items() if key != "name"}
            why = _no_option(found, str(error)) or f" ({error})"
            raise PluginError(f"{name}: it cannot be made with {given}{why}") from error
    if options:
        raise PluginError(f"{name} takes no options, and got {sorted(options)}")
    return found


def has_parts(made: Any, parts: Sequence[str]) -> bool:
    """Whether it has these attributes, without evaluating any: the settings of a reward model hash its weights."""
    missing = object()
    return all(inspect.getattr_static(made, part, missing) is not missing for part in parts)


def shown_source(weights: str) -> str:
    """A hub id as it is; of a folder its own name: where it lies on this machine belongs in no table and no key."""
    place = Path(weights).expanduser()
    return place.name if place.is_dir() else weights


_NEEDED = "Install what it needs: pip install 'fauve[models]'."


def _import_remedy(module: str) -> str:
    if module.startswith("fauve."):
        return _NEEDED
    if module.endswith(".py"):
        return f"Name the module, not the file: {module.removesuffix('.py')}:NAME."
    return "Install what it needs, or call from the folder where it lies."


def _no_option(found: Any, error: str) -> str:
    """What is said of an option that is none, with the nearest one that is; empty where the error is another."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", error)
    if unknown is None:
        return ""
    parameters = inspect.signature(found).parameters.values()
    known = [p.name for p in parameters if p.kind in {p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD} and p.name != "name"]
    passed_on = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return f": there is no option {unknown[1]!r}.{'' if passed_on else suggestion(unknown[1], known)}"


def _is_factory(function: Any) -> bool:
    required = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}
    ]
    return not required


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an installed package"
