"""What the literature states for the same quantity: looked up to stand beside a finding, never an input to one.

``published.json`` holds the figures of arXiv 2512.11883 and of its project site as facts with an address. Every source
says over what it was measured, as a figure over other pictures is a comparison and no target.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fauve.naming import split_marks, trained_name
from fauve.records import Published

__all__ = [
    "MeasuredOver",
    "all_published",
    "half_a_digit",
    "measured_over",
    "preference_accuracy",
    "published",
    "published_difference",
    "published_scorers",
]

_FILE = Path(__file__).with_name("published.json")

_DIFFERENCE = "difference of two rows of "
"""What the source of a difference of two published values starts with."""

_OWN_UNITS = frozenset({"mean", "sd"})
"""Metrics of one table that are published to as many decimals as each scorer's own unit asks for."""

_Key = tuple[str, str, str | None, str | None, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class MeasuredOver:
    """What a published figure was measured over, as far as its source says; None where it does not.

    Attributes:
        things: what its items are, in the plural.
        items: fewest and most items of one figure (ties included).
        whole: whether ``items`` counts all of the study, of which the figure is about a part of unknown size.
        points: what ``n`` of our finding must be, where that is no count of items.
        points_of: what those are, in the plural.
        sets: hub ids of the datasets that hold these items, as shell patterns.
        selector: whose choice was the truth.
        judges: names that the judge of this figure goes by here.
        trials: independent trials behind a share, or values behind a mean.
        unlike: why no number can be held against it, in words.
    """

    things: str
    items: tuple[int, int] | None = None
    whole: bool = False
    points: int | None = None
    points_of: str = ""
    sets: tuple[str, ...] = ()
    selector: str | None = None
    judges: tuple[str, ...] = ()
    trials: int | None = None
    unlike: str | None = None


def published(
    study: str,
    metric: str,
    scorer: str | None = None,
    generator: str | None = None,
    group: Mapping[str, str] | None = None,
) -> Published | None:
    """The figure stated for exactly this address, or None.

    A generator under its paper preset has the figures of its name, as under the default one; with random weights none.
    """
    return _facts().get(_key(study, metric, scorer, _as_published(generator), group or {}))


def published_difference(study: str, metric: str, scorer: str, base: str, variant: str) -> Published | None:
    """The variant's published figure minus its base's, or None where either is not published."""
    first, second = (published(study, metric, scorer, generator) for generator in (base, variant))
    if first is None or second is None:
        return None
    return Published(round(second.value - first.value, 6), f"{_DIFFERENCE}{second.source}")


def published_scorers(study: str, metric: str) -> dict[str, Published]:
    """Every scorer for which a figure over all generators and groups is stated, by name."""
    stated = {key[2]: fact for key, fact in _facts().items() if key == (study, metric, key[2], None, ())}
    return {scorer: fact for scorer, fact in sorted(stated.items(), key=lambda entry: str(entry[0])) if scorer}


def measured_over(stated: Published) -> MeasuredOver:
    """What a published value was measured over.

    Raises:
        KeyError: for a value of no source of ``published.json``.
    """
    return _measured()[stated.source.removeprefix(_DIFFERENCE)]


def half_a_digit(stated: Published, metric: str, scorer: str | None) -> float:
    """How far a number may lie from a published one that was rounded from it: half of its last decimal place.

    Trailing zeros do not survive in numbers, so a value has as many decimals as the longest one of the same metric in
    the same table. A difference of two published values was rounded twice.
    """
    name = stated.source.removeprefix(_DIFFERENCE)
    own = scorer if metric in _OWN_UNITS else None
    places = [
        len(repr(fact.value).partition(".")[2]) if isinstance(fact.value, float) else 0
        for key, fact in _facts().items()
        if fact.source == name and (own is None or key[2] == own) and (key[1] == metric or name != stated.source)
    ]
    half: float = 0.5 * 10.0 ** -max(places, default=0)
    return half if name == stated.source else 2 * half


def all_published() -> list[tuple[str, Mapping[str, Any]]]:
    """Every figure on file as it stands there, each with the short name of its source, in the order of the file."""
    return [(row["source"], row) for row in _content()["facts"]]


def preference_accuracy() -> tuple[dict[str, float], str]:
    """Accuracy of scorers on a public test of human preferences, in [0, 1], and the name of the test."""
    content = _content()
    stated = content["preference_accuracy"]
    return dict(stated["values"]), content["sources"][stated["source"]]


def _as_published(generator: str | None) -> str | None:
    if generator is None or trained_name(generator) != generator:
        return generator
    return split_marks(generator)[0]


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return content


@cache
def _facts() -> dict[_Key, Published]:
    content = _content()
    facts: dict[_Key, Published] = {}
    for row in content["facts"]:
        key = _key(row["study"], row["metric"], row.get("scorer"), row.get("generator"), row.get("group", {}))
        if key in facts:
            raise ValueError(f"published.json states {key} twice")
        facts[key] = Published(row["value"], content["sources"][row["source"]])
    return facts


@cache
def _measured() -> dict[str, MeasuredOver]:
    content = _content()
    over: dict[str, dict[str, Any]] = content["over"]
    lists = ("items", "sets", "judges")
    return {
        content["sources"][name]: MeasuredOver(**said | {k: tuple(said[k]) for k in lists if k in said})
        for name, said in over.items()
    }


def _key(study: str, metric: str, scorer: str | None, generator: str | None, group: Mapping[str, str]) -> _Key:
    # Where a score came from is no part of what was measured.
    return (study, metric, scorer, generator, tuple(sorted((k, v) for k, v in group.items() if k != "source")))
