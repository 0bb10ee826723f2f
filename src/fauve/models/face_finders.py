"""Names of face finders and the objects behind them: those of installed packages, and ``module:Name``.

Fauve has no face finder of its own. A package adds one through the entry-point group ``fauve.face_finders``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fauve.errors import PluginError, UnknownName
from fauve.models.protocols import FaceFinder
from fauve.models.registry import Entry, _build, _has, _origin, _plugins, _resolve

__all__ = ["NO_FINDER", "face_finders", "make_face_finder"]

NO_FINDER = "none"
"""The name that asks for no finder: portraits are then scored whole, and say so."""

_PARTS = ("card", "settings", "load", "find")


def face_finders() -> dict[str, Entry]:
    """Every registered face finder by name.

    Raises:
        PluginError: when one is registered under the name that asks for none.
    """
    found = {p.name: Entry(p.name, p.value, origin=_origin(p)) for p in _plugins("fauve.face_finders")}
    if NO_FINDER in found:
        raise PluginError(
            f"{found[NO_FINDER].origin} registers a face finder called {NO_FINDER!r}, which asks for none. "
            "Rename the entry point."
        )
    return found


def make_face_finder(name: str, options: Mapping[str, Any] | None = None) -> FaceFinder:
    """The face finder of a registered name or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no face finder.
    """
    known = face_finders()
    if name not in known and ":" not in name:
        raise UnknownName("face finder", name, [NO_FINDER, *known])
    target = known[name].target if name in known else name
    made = _build(_resolve(target, name), dict(options or {}), name)
    if _has(made, _PARTS):
        return cast(FaceFinder, made)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no face finder: it needs `card`, `settings`, `load` and "
        "`find`"
    )
