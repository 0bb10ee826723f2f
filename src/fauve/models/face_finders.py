"""Names of face finders and the objects behind them.

Fauve's own, those of installed packages (entry-point group ``fauve.face_finders``), ``grounding:HUB_ID_OR_FOLDER`` for
any Grounding DINO, and ``module:Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from fauve.errors import PluginError, UnknownName
from fauve.models.finders.finder_cards import FINDER_CARDS
from fauve.models.protocols import FaceFinder
from fauve.models.registry import Entry, _build, _has, _origin, _plugins, _resolve

__all__ = ["FACE_FINDERS", "NO_FINDER", "face_finders", "make_face_finder"]

NO_FINDER = "none"
"""The name that asks for no finder: portraits are then scored whole, and say so."""

_PARTS = ("card", "settings", "load", "find")

_GROUNDING = "fauve.models.finders.grounding:GroundingFinder"
_GROUNDING_PREFIX = "grounding:"

FACE_FINDERS: dict[str, Entry] = {
    name: Entry(name, _GROUNDING, {"name": name}, card=card) for name, card in FINDER_CARDS.items()
}
"""Fauve's own face finders by name."""


def face_finders() -> dict[str, Entry]:
    """Every registered face finder by name.

    Raises:
        PluginError: when one is registered under the name that asks for none, or under one of Fauve's own.
    """
    found = {p.name: Entry(p.name, p.value, origin=_origin(p)) for p in _plugins("fauve.face_finders")}
    if NO_FINDER in found:
        raise PluginError(
            f"{found[NO_FINDER].origin} registers a face finder called {NO_FINDER!r}, which asks for none. "
            "Rename the entry point."
        )
    if clash := sorted(found.keys() & FACE_FINDERS.keys()):
        raise PluginError(
            f"{found[clash[0]].origin} registers a face finder called {clash[0]!r}, which is one of Fauve's own. "
            "Rename the entry point."
        )
    return {**FACE_FINDERS, **found}


def make_face_finder(name: str, options: Mapping[str, Any] | None = None) -> FaceFinder:
    """The face finder of a registered name, ``grounding:HUB_ID_OR_FOLDER`` or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no face finder.
    """
    known = face_finders()
    if name not in known and ":" not in name:
        raise UnknownName("face finder", name, [NO_FINDER, *known])
    entry = known.get(name) or _entry(name)
    made = _build(_resolve(entry.target, name), {**entry.options, **(options or {})}, name)
    if _has(made, _PARTS):
        return cast(FaceFinder, made)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no face finder: it needs `card`, `settings`, `load` and "
        "`find`"
    )


def _entry(name: str) -> Entry:
    if not name.startswith(_GROUNDING_PREFIX):
        return Entry(name, name)
    weights = name.removeprefix(_GROUNDING_PREFIX)
    # a folder's own name stands in tables and keys: where it lies on this machine does not belong there
    place = Path(weights).expanduser()
    shown = place.name if place.is_dir() else weights
    return Entry(name, _GROUNDING, {"name": f"{_GROUNDING_PREFIX}{shown}", "weights": weights})
