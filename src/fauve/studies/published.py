"""What the literature states for the same quantity: looked up to stand beside a finding, never an input to one.

``published.json`` holds the figures of arXiv 2512.11883 and of its project site as facts with an address. Every source
says over what it was measured, as a figure over other pictures is a comparison and no target.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fauve.naming import split_marks, trained_name
from fauve.records import Published

__all__ = ["preference_accuracy", "published", "published_difference", "published_scorers"]

_FILE = Path(__file__).with_name("published.json")

_Key = tuple[str, str, str | None, str | None, tuple[tuple[str, str], ...]]


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
    return Published(round(second.value - first.value, 6), f"difference of two rows of {second.source}")


def published_scorers(study: str, metric: str) -> dict[str, Published]:
    """Every scorer for which a figure over all generators and groups is stated, by name."""
    stated = {key[2]: fact for key, fact in _facts().items() if key == (study, metric, key[2], None, ())}
    return {scorer: fact for scorer, fact in sorted(stated.items(), key=lambda entry: str(entry[0])) if scorer}


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


def _key(study: str, metric: str, scorer: str | None, generator: str | None, group: Mapping[str, str]) -> _Key:
    # Where a score came from is no part of what was measured.
    return (study, metric, scorer, generator, tuple(sorted((k, v) for k, v in group.items() if k != "source")))
