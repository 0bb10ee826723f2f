"""Names of captioners and the objects behind them.

Fauve's own, those of installed packages (entry-point group ``fauve.captioners``), ``blip-caption:HUB_ID_OR_FOLDER`` for
any BLIP that captions, ``chat:MODEL`` for any model of an OpenAI-compatible service, and ``module:Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fauve.models.captioners.captioner_cards import CAPTIONER_CARDS
from fauve.models.captioners.captioning import Captioner
from fauve.models.entry import Entry, Kind, shown_source

__all__ = ["CAPTIONERS", "captioners", "make_captioner"]

_KIND = Kind("captioner", ("card", "settings", "load", "caption"))

_BLIP = "fauve.models.captioners.blip:BlipCaptioner"
_CHAT = "fauve.models.captioners.chat:ChatCaptioner"
_BLIP_PREFIX, _CHAT_PREFIX = "blip-caption:", "chat:"

CAPTIONERS: dict[str, Entry] = {
    name: Entry(name, _CHAT if name == "chat-captioner" else _BLIP, {"name": name}, card=card)
    for name, card in CAPTIONER_CARDS.items()
}
"""Fauve's own captioners by name."""


def captioners() -> dict[str, Entry]:
    """Every registered captioner by name.

    Raises:
        PluginError: when another package registers one of Fauve's own names.
    """
    return _KIND.registered(CAPTIONERS)


def make_captioner(name: str, options: Mapping[str, Any] | None = None) -> Captioner:
    """The captioner of a registered name, with a prefix as above, or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no captioner.
    """
    return cast(Captioner, _KIND.make(_KIND.find(name, captioners(), _entry), options))


def _entry(name: str) -> Entry:
    if name.startswith(_CHAT_PREFIX):
        return Entry(name, _CHAT, {"name": name, "model": name.removeprefix(_CHAT_PREFIX)})
    if name.startswith(_BLIP_PREFIX):
        weights = name.removeprefix(_BLIP_PREFIX)
        return Entry(name, _BLIP, {"name": f"{_BLIP_PREFIX}{shown_source(weights)}", "weights": weights})
    return Entry(name, name)
