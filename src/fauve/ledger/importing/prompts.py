"""``prompts.jsonl``: pairs of an original and an anti prompt, for generators to make pictures of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from fauve.ledger.importing.rows import Name, Row, Text, read_rows
from fauve.vocabulary import DIMENSIONS

__all__ = ["PromptRow", "read_prompts"]


@dataclass(frozen=True, slots=True)
class PromptRow:
    """One pair of prompts; ``negative`` is what a negative prompt says where a generator is asked to use one."""

    id: str
    original: str
    anti: str
    dimensions: tuple[str, ...]
    groups: dict[str, str]
    negative: str | None


class _Prompts(Row):
    id: Name
    prompt_original: Text
    prompt_anti: Text
    dimensions: list[str]
    groups: dict[str, str] = Field(default_factory=dict)
    negative: Text | None = None
    notes: dict[str, Any] = Field(default_factory=dict)


def read_prompts(path: Path) -> list[PromptRow]:
    """The pairs of a file, in its order.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
    """
    found: dict[str, PromptRow] = {}
    for where, row in read_rows(path, _Prompts):
        if row.id in found:
            where.reject("id", f"{row.id!r} stands in the file already", "Give each pair of prompts its own id.")
        for index, dimension in enumerate(row.dimensions):
            if dimension not in DIMENSIONS:
                where.reject_unknown(f"dimensions[{index}]", "dimension", dimension, DIMENSIONS)
        found[row.id] = PromptRow(
            row.id, row.prompt_original, row.prompt_anti, tuple(row.dimensions), dict(row.groups), row.negative
        )
    return list(found.values())
