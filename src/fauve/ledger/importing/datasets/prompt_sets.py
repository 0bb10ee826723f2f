"""The sets of prompts: files that a run can be told to read, beside the ledger."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fauve.errors import LedgerConflict, LedgerError
from fauve.ledger.importing.datasets.brought import Row, plain
from fauve.ledger.importing.datasets.catalogue import DATASETS
from fauve.ledger.importing.datasets.readings import dimension_names
from fauve.ledger.importing.templates import SLOT
from fauve.ledger.origins import PROMPT_SET
from fauve.ledger.store import Added
from fauve.vocabulary import EMOTIONS

__all__ = ["PROMPT_FILES", "write_prompt_set"]

PROMPT_FILES = {"prompts": "prompts.jsonl", "emotion-prompts": "emotion.jsonl"}
"""Dataset → the file that it becomes in the run directory."""

_ADJECTIVES = tuple(e.adjective for e in EMOTIONS.values())


def write_prompt_set(name: str, rows: Iterable[Row], directory: Path) -> tuple[Added, Path]:
    """Write the rows of ``prompts`` or ``emotion-prompts`` to their file; returns how many, and the file.

    Raises:
        ImportRejected: at the first row that cannot be read.
        LedgerConflict: when the file is there with other content.
        LedgerError: when it cannot be written.
    """
    lines = list(_prompts(rows) if name == "prompts" else _templates(rows))
    content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    target = directory / PROMPT_FILES[name]
    try:
        if target.exists():
            if target.read_text(encoding="utf-8") != content:
                raise LedgerConflict(
                    f"{target} is there with other content. Move it away, or import into another --out."
                )
            return Added(0, len(lines)), target
        directory.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(content, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise LedgerError(f"{target} cannot be written ({error.strerror}); free space or check its rights") from error
    return Added(len(lines), 0), target


def _prompts(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        line: dict[str, Any] = {
            "id": str(row.number),
            "prompt_original": row.text("prompt_original"),
            "prompt_anti": row.text("prompt_anti"),
            "dimensions": list(dimension_names(row.where, "dimensions", row.cells["dimensions"])),
            "groups": {PROMPT_SET: DATASETS["prompts"].hub_id},
        }
        if row.cells.get("negative"):
            line["negative"] = row.text("negative")
        if row.cells.get("descriptions"):
            line["notes"] = {"descriptions": plain(row.cells["descriptions"])}
        yield line


def _templates(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Prompts that differ in the adjective of their emotion only are one template."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        emotion, prompt = row.text("emotion").strip().lower(), row.text("prompt")
        if emotion not in _ADJECTIVES:
            row.where.reject_unknown("emotion", "emotion", emotion, _ADJECTIVES)
        template, places = re.subn(rf"\b{emotion}\b", SLOT, prompt, flags=re.IGNORECASE)
        if not places and SLOT in prompt:
            template, places = prompt, 1
        if not places:
            row.where.reject("prompt", f"{prompt!r} does not say {emotion!r}", "Check the columns with --columns.")
        found[template].add(emotion)
    for number, (template, emotions) in enumerate(found.items()):
        yield {
            "id": str(number),
            "template": template,
            "groups": {PROMPT_SET: DATASETS["emotion-prompts"].hub_id},
            "notes": {"emotions": sorted(emotions)},
        }
