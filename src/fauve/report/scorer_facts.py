"""What is known of a scorer, in plain words: its card, and what its values were made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fauve.naming import is_untrained, scorer_name
from fauve.report.holdings import Source
from fauve.report.numbers import format_count, format_share, format_value

__all__ = ["card_facts", "card_rows", "made_with", "reads"]

_SETTINGS = {
    "weights_sha256": "weights, SHA-256",
    "description_sha256": "description of the model, SHA-256",
    "dtype": "number format",
    "text": "tokenizer",
    "source": "source text, SHA-256",
}
_FACTS = {"source": "Weights came from", "device": "Device"}
"""Facts of a run; libraries stand by their own names."""
_ORIGINS = {"local": "this machine"}
_ELSEWHERE = ("weights", "revision", "callable")
"""Settings that the card says already."""


def card_facts(entry: Mapping[str, Any]) -> dict[str, str]:
    """The facts of a card that the table of all scorers shows; ``entry`` holds its name and its card."""
    card = entry["card"]
    return {
        "name": scorer_name(entry["name"]),
        "kind": card.get("kind") or "not stated",
        "summary": card.get("summary") or "not stated",
        "range": _range(card),
        "prompt": reads(card),
        "licence": card.get("licence") or "none stated",
        "source": "random weights" if is_untrained(entry["name"]) else _origin(card),
        "revision": str(card.get("revision") or "not stated"),
    }


def card_rows(name: str, card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A card in full, name and value a row. What was published of trained weights is left out for random ones."""
    untrained = is_untrained(name)
    rows = [
        ("Kind", card.get("kind") or "not stated"),
        ("What its number means", card.get("summary") or "not stated"),
        ("Range", _range(card)),
        ("Direction", "higher is better" if card.get("higher_is_better", True) else "lower is better"),
        ("Reads the prompt", reads(card)),
        (
            "Weights",
            "random: drawn from a seed, never trained" if untrained else card.get("hub_id") or "not on the hub",
        ),
        ("Revision", str(card.get("revision") or "not stated")),
        ("Licence", card.get("licence") or "none stated"),
        ("Paper", card.get("paper") or "none stated"),
    ]
    if card.get("kind") == "callable":
        rows = [row for row in rows if row[0] != "Weights"]  # they are its owner's business
    preference = card.get("published_preference_accuracy")
    if preference and not untrained:
        share, test = preference
        rows.append(("Published accuracy on human preferences", f"{format_share(share)}, {test}"))
    return rows


def reads(card: Mapping[str, Any]) -> str:
    """How much of a prompt a scorer reads."""
    if not card.get("sees_prompt", True):
        return "no"
    limit = card.get("prompt_limit")
    return f"up to {limit} tokens" if limit else "yes"


def made_with(
    sources: Sequence[Source], settings: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Where the scores on file come from, the settings under which they are filed, and what each run made them with."""
    rows = [("Scores on file", "; ".join(map(_counted, sources)) or "none")]
    rows += [
        (_capital(_SETTINGS.get(key, key.replace("_", " "))), _plain(value))
        for key, value in sorted(settings.items())
        if key not in _ELSEWHERE and value is not None
    ]
    for key in sorted({key for fact in facts for key in fact}):
        values = dict.fromkeys(_plain(fact[key]) for fact in facts if key in fact)
        rows.append((_FACTS.get(key, key), ", ".join(_ORIGINS.get(value, value) for value in values)))
    return rows


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _counted(source: Source) -> str:
    where = "computed here" if source.source == "computed" else f"imported, source “{source.source}”"
    failed = f" and {format_count(source.other)} without a value" if source.other else ""
    return f"{format_count(source.ok)} {where}{failed}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)


def _range(card: Mapping[str, Any]) -> str:
    low, high = card.get("range") or (None, None)
    bounds = "unbounded" if low is None and high is None else f"{_bound(low, '−∞')} to {_bound(high, '∞')}"
    return bounds if card.get("higher_is_better", True) else f"{bounds}, lower is better"


def _bound(value: float | None, none: str) -> str:
    return none if value is None else format_value(value)


def _origin(card: Mapping[str, Any]) -> str:
    parts = [card.get("hub_id"), card.get("paper") and f"paper {card['paper']}", card.get("gated") and "gated"]
    return ", ".join(str(part) for part in parts if part) or "Fauve" if card.get("kind") != "callable" else "its owner"
