"""Names of rewriters and the objects behind them.

Fauve's own, those of installed packages, ``chat:MODEL`` for any model of an OpenAI-compatible service, and
``module:Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fauve.errors import UnknownName
from fauve.models.entry import Entry, Kind
from fauve.prompts.rewriting import Rewriter

__all__ = ["REWRITERS", "make_rewriter", "rewriters"]

_KIND = Kind("rewriter", ("settings", "rewrite"))
_CHAT = "fauve.models.rewriters.chat:ChatRewriter"
_CHAT_PREFIX = "chat:"

REWRITERS: dict[str, Entry] = {
    "template": Entry("template", "fauve.prompts.template:TemplateRewriter"),
    "neutral": Entry("neutral", "fauve.prompts.neutral:NeutralRewriter"),
}


def rewriters() -> dict[str, Entry]:
    """Every registered rewriter by name.

    Raises:
        PluginError: when a package registers one of Fauve's own names.
    """
    return _KIND.registered(REWRITERS)


def make_rewriter(name: str, options: Mapping[str, Any] | None = None) -> Rewriter:
    """The rewriter of a registered name, ``chat:MODEL`` or ``module:Name``; nothing is asked of it yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no rewriter.
    """
    known = rewriters()
    if name not in known and ":" not in name:
        raise UnknownName("rewriter", name, [*known, "chat:MODEL"])
    return cast(Rewriter, _KIND.make(known.get(name) or _entry(name), options))


def _entry(name: str) -> Entry:
    if name.startswith(_CHAT_PREFIX):
        return Entry(name, _CHAT, {"model": name.removeprefix(_CHAT_PREFIX)})
    return Entry(name, name)
