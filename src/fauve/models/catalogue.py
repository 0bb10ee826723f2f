"""The cards of everything that is registered, without loading any of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fauve.errors import PluginError
from fauve.instruments import INSTRUMENTS
from fauve.models.cards import ModelCard
from fauve.models.entry import Entry
from fauve.models.registry import entries, make_generator, make_judge, make_scorer
from fauve.models.selector_names import make_selector, selectors

__all__ = ["catalogue"]


_MAKERS: dict[str, Callable[[str], Any]] = {
    "scorer": make_scorer,
    "judge": make_judge,
    "generator": make_generator,
    "selector": make_selector,
}


def catalogue() -> list[dict[str, Any]]:
    """One row a model of any kind: its card, who registered it, and for a broken plugin its ``error``."""
    rows = [_row("scorer", entry) for entry in entries("scorer").values()]
    rows += [_card_row("scorer", make_scorer(f"instrument:{name}").card, "fauve") for name in INSTRUMENTS]
    rows += [_row("judge", entry) for entry in entries("judge").values()]
    rows += [_row("selector", entry) for entry in selectors().values()]
    return rows + [_row("generator", entry) for entry in entries("generator").values()]


def _row(role: str, entry: Entry) -> dict[str, Any]:
    if entry.card is not None:
        return _card_row(role, entry.card, entry.origin)
    try:
        made = _MAKERS[role](entry.name)
    except PluginError as error:
        broken = ModelCard(name=entry.name, kind="callable", summary=f"does not import: {error}")
        return _card_row(role, broken, entry.origin) | {"error": str(error)}
    return _card_row(role, made.card, entry.origin) | {"name": entry.name}


def _card_row(role: str, card: ModelCard, origin: str) -> dict[str, Any]:
    return {"role": role, **card.as_json(), "origin": origin, "error": None}
