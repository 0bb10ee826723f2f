"""Names of face finders and the objects behind them.

Fauve's own, those of installed packages (entry-point group ``fauve.face_finders``), ``grounding:HUB_ID_OR_FOLDER`` for
any Grounding DINO, and ``module:Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fauve.errors import PluginError
from fauve.models.entry import Entry, Kind, shown_source
from fauve.models.finders.finder_cards import FINDER_CARDS
from fauve.models.protocols import FaceFinder

__all__ = ["FACE_FINDERS", "NO_FINDER", "face_finders", "make_face_finder"]

NO_FINDER = "none"
"""The name that asks for no finder: portraits are then scored whole, and say so."""

_KIND = Kind("face finder", ("card", "settings", "load", "find"))

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
    found = _KIND.registered(FACE_FINDERS)
    if NO_FINDER in found:
        raise PluginError(
            f"{found[NO_FINDER].origin} registers a face finder called {NO_FINDER!r}, which asks for none. "
            "Rename the entry point."
        )
    return found


def make_face_finder(name: str, options: Mapping[str, Any] | None = None) -> FaceFinder:
    """The face finder of a registered name, ``grounding:HUB_ID_OR_FOLDER`` or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no face finder.
    """
    return cast(FaceFinder, _KIND.make(_KIND.find(name, face_finders(), _entry, [NO_FINDER]), options))


def _entry(name: str) -> Entry:
    if not name.startswith(_GROUNDING_PREFIX):
        return Entry(name, name)
    weights = name.removeprefix(_GROUNDING_PREFIX)
    return Entry(name, _GROUNDING, {"name": f"{_GROUNDING_PREFIX}{shown_source(weights)}", "weights": weights})
