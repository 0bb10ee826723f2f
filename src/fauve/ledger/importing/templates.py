"""``emotion.jsonl``: prompts for portraits, with a slot where the emotion is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from fauve.ledger.importing.rows import Name, Row, Text, read_rows
from fauve.vocabulary import Emotion

__all__ = ["SLOT", "Template", "read_templates"]

SLOT = "[emotion]"
"""Stands in a template where the adjective of an emotion goes."""


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt for a portrait, without its emotion."""

    id: str
    text: str
    groups: Mapping[str, str] = field(default_factory=dict)

    def prompt(self, emotion: Emotion) -> str:
        """The prompt that asks for this emotion."""
        return self.text.replace(SLOT, emotion.adjective)


class _Template(Row):
    id: Name
    template: Text
    groups: dict[str, str] = Field(default_factory=dict)
    notes: dict[str, Any] = Field(default_factory=dict)


def read_templates(path: Path) -> list[Template]:
    """The templates of a file, in its order.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
    """
    found: dict[str, Template] = {}
    for where, row in read_rows(path, _Template):
        if row.id in found:
            where.reject("id", f"{row.id!r} stands in the file already", "Give each template its own id.")
        if SLOT not in row.template:
            where.reject("template", f"there is no slot {SLOT}", f"Write {SLOT} where the emotion is to be said.")
        found[row.id] = Template(row.id, row.template, row.groups)
    return list(found.values())
