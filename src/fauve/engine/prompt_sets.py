"""The prompts that a run's generators are asked with: a set by name, or a file of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fauve.errors import ConfigError, UnknownName
from fauve.lab.captions import evaluation_pairs
from fauve.ledger.importing.prompts import PromptRow, read_prompts
from fauve.prompts import load_prompt_set
from fauve.settings import PromptSettings

__all__ = ["SETS", "prompts_of"]


def prompts_of(asked: PromptSettings, limit: int | None = None) -> list[PromptRow]:
    """The pairs of prompts as the set or file has them, the first ``limit`` of them.

    Raises:
        ConfigError: neither a set nor a file is named.
        UnknownName: no set is called so.
        ImportRejected: for the first fault of a file.
    """
    if asked.set is not None:
        if asked.set not in SETS:
            raise UnknownName("prompt set", asked.set, SETS)
        rows = SETS[asked.set]()
    elif asked.file is None:
        raise ConfigError("generators need prompts: name a set or a file under [prompts]")
    elif asked.file.suffix == ".jsonl":
        rows = read_prompts(asked.file)
    else:
        rows = _converted(str(asked.file))
    return rows[: asked.count][:limit]


def _converted(source: str) -> list[PromptRow]:
    return [
        PromptRow(pair.id, pair.original, pair.anti, pair.dimensions, dict(pair.groups), pair.negative)
        for pair in load_prompt_set(source).pairs
    ]


def _lab() -> list[PromptRow]:
    return [
        PromptRow(pair.id, pair.prompt_original, pair.prompt_anti, pair.dimensions, {}, pair.negative)
        for pair in evaluation_pairs()
    ]


SETS: Mapping[str, Callable[[], list[PromptRow]]] = {"fauve": lambda: _converted("fauve"), "lab": _lab}
"""Prompt sets by name: Fauve's 300 hand-written pairs, and the 300 pairs of the lab's made-up world."""
