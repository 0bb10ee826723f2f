"""Names of selectors and the objects behind them.

Fauve's own, those of installed packages, ``chat:MODEL`` for any model of an OpenAI-compatible service, and
``module:Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fauve.errors import PluginError, UnknownName
from fauve.models.lab_cards import LAB_CARDS
from fauve.models.registry import Entry, _build, _has, _origin, _plugins, _resolve
from fauve.models.selection import Selector
from fauve.models.selectors.selector_cards import SELECTOR_CARDS

__all__ = ["SELECTORS", "make_selector", "selectors"]

_PARTS = ("card", "settings", "load", "select")

_CHAT = "fauve.models.selectors.chat:ChatSelector"
_CHAT_PREFIX = "chat:"

SELECTORS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("lab-truth", "fauve.lab.adapters.judges:TruthSelector", card=LAB_CARDS["lab-truth"]),
        *(Entry(name, _CHAT, {"name": name}, card=card) for name, card in SELECTOR_CARDS.items()),
    )
}


def selectors() -> dict[str, Entry]:
    """Every registered selector by name.

    Raises:
        PluginError: when a package registers one of Fauve's own names.
    """
    foreign = {p.name: Entry(p.name, p.value, origin=_origin(p)) for p in _plugins("fauve.selectors")}
    clash = sorted(SELECTORS.keys() & foreign.keys())
    if clash:
        raise PluginError(
            f"{foreign[clash[0]].origin} registers the selector {clash[0]}, which is Fauve's own. "
            "Rename the entry point."
        )
    return {**SELECTORS, **foreign}


def make_selector(name: str, options: Mapping[str, Any] | None = None) -> Selector:
    """The selector of a registered name, ``chat:MODEL`` or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no selector.
    """
    known = selectors()
    if name not in known and ":" not in name:
        raise UnknownName("selector", name, known)
    if name not in known and name.startswith(_CHAT_PREFIX):
        entry = Entry(name, _CHAT, {"name": name, "model": name.removeprefix(_CHAT_PREFIX)})
    else:
        entry = known.get(name, Entry(name, name))
    made = _build(_resolve(entry.target, name), {**entry.options, **(options or {})}, name)
    if _has(made, _PARTS):
        return cast(Selector, made)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no selector: it needs `card`, `settings`, `load` and `select`"
    )
