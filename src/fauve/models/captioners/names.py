"""Names of captioners and the objects behind them.

Fauve's own, those of installed packages (entry-point group ``fauve.captioners``), ``blip-caption:HUB_ID_OR_FOLDER`` for
any BLIP that captions, ``chat:MODEL`` for any model of an OpenAI-compatible service, and ``module:Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from fauve.errors import PluginError, UnknownName
from fauve.models.captioners.captioner_cards import CAPTIONER_CARDS
from fauve.models.captioners.captioning import Captioner
from fauve.models.registry import Entry, _build, _has, _origin, _plugins, _resolve

__all__ = ["CAPTIONERS", "captioners", "make_captioner"]

_PARTS = ("card", "settings", "load", "caption")

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
    foreign = {p.name: Entry(p.name, p.value, origin=_origin(p)) for p in _plugins("fauve.captioners")}
    if clash := sorted(CAPTIONERS.keys() & foreign.keys()):
        raise PluginError(
            f"{foreign[clash[0]].origin} registers a captioner called {clash[0]!r}, which is one of Fauve's own. "
            "Rename the entry point."
        )
    return {**CAPTIONERS, **foreign}


def make_captioner(name: str, options: Mapping[str, Any] | None = None) -> Captioner:
    """The captioner of a registered name, with a prefix as above, or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no captioner.
    """
    known = captioners()
    if name not in known and ":" not in name:
        raise UnknownName("captioner", name, known)
    entry = known.get(name) or _entry(name)
    made = _build(_resolve(entry.target, name), {**entry.options, **(options or {})}, name)
    if _has(made, _PARTS):
        return cast(Captioner, made)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no captioner: it needs `card`, `settings`, `load` and "
        "`caption`"
    )


def _entry(name: str) -> Entry:
    if name.startswith(_CHAT_PREFIX):
        return Entry(name, _CHAT, {"name": name, "model": name.removeprefix(_CHAT_PREFIX)})
    if name.startswith(_BLIP_PREFIX):
        weights = name.removeprefix(_BLIP_PREFIX)
        # a folder's own name stands in tables and keys: where it lies on this machine does not belong there
        place = Path(weights).expanduser()
        shown = place.name if place.is_dir() else weights
        return Entry(name, _BLIP, {"name": f"{_BLIP_PREFIX}{shown}", "weights": weights})
    return Entry(name, name)
