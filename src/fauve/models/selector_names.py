"""Names of selectors and the objects behind them.

Fauve's own, those of installed packages, ``chat:MODEL`` for any model of an OpenAI-compatible service, and
``module:Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fauve.models.entry import Entry, Kind
from fauve.models.lab_cards import LAB_CARDS
from fauve.models.selection import Selector
from fauve.models.selectors.selector_cards import SELECTOR_CARDS

__all__ = ["SELECTORS", "make_selector", "selectors"]

_KIND = Kind("selector", ("card", "settings", "load", "select"))

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
    return _KIND.registered(SELECTORS)


def make_selector(name: str, options: Mapping[str, Any] | None = None) -> Selector:
    """The selector of a registered name, ``chat:MODEL`` or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no selector.
    """
    return cast(Selector, _KIND.make(_KIND.find(name, selectors(), _entry), options))


def _entry(name: str) -> Entry:
    if name.startswith(_CHAT_PREFIX):
        return Entry(name, _CHAT, {"name": name, "model": name.removeprefix(_CHAT_PREFIX)})
    return Entry(name, name)
