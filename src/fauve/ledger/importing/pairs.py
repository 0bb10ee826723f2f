"""``pairs.jsonl``: prompts po and pa, images Io and Ia of one generator, who selected which, and scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from fauve.ledger.importing.drafts import Draft, Named, take
from fauve.ledger.importing.rows import Name, Row, ScoreRow, Text, Where, read_rows
from fauve.ledger.store import Added, Ledger
from fauve.records import ImportedScore, PromptPair, Selection
from fauve.vocabulary import DIMENSIONS

__all__ = ["import_pairs"]

IMPORTED = "imported"
"""Who selected, and from where, when the file does not say."""

Side = Literal["original", "anti"]


class _Score(ScoreRow):
    image: Side
    prompt: Side


class _Pair(Row):
    id: Name
    generator: Name
    prompt_original: Text | None
    prompt_anti: Text | None
    dimensions: list[str]
    image_original: Name | None
    image_anti: Name | None
    selection: Literal["anti", "original", "tie"] | None = None
    selector: Name | None = None
    groups: dict[str, str] = Field(default_factory=dict)
    notes: dict[str, Any] = Field(default_factory=dict)
    scores: list[_Score] = Field(default_factory=list)


def import_pairs(ledger: Ledger, path: Path, *, source_default: str | None = None) -> Added:
    """Take in a file of pairs: all of it or nothing.

    A row is ``{"id", "generator", "prompt_original", "prompt_anti", "dimensions", "image_original", "image_anti"}`` and
    may have ``"selection"`` (``anti``, ``original``, ``tie`` or null), ``"selector"`` (who selected), ``"groups"``
    (text by text), ``"notes"`` and ``"scores"``: a list of ``{"scorer", "image", "prompt", "value", "source"}`` in
    which image and prompt are ``original`` or ``anti``. Image paths are relative to the file and stay in its folder.
    An image or a prompt may be null where only scores exist.

    Args:
        ledger: opened to write.
        path: the JSON Lines file.
        source_default: the source of scores that name none; without it, naming none is an error.

    Returns:
        How many pairs are new, and how many the ledger had in the same form.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
        LedgerConflict: when the ledger has a pair of the same generator and id with other content.
    """
    return take(ledger, path.parent, _drafts(path, source_default))


def _drafts(path: Path, source_default: str | None) -> Iterator[Draft]:
    seen: dict[tuple[str, str], int | None] = {}
    for where, row in read_rows(path, _Pair):
        name = (row.generator, row.id)
        if name in seen:
            where.reject(
                "id",
                f"{row.id!r} of {row.generator!r} stands in line {seen[name]} already",
                "Give each pair its own id.",
            )
        seen[name] = where.line
        for index, dimension in enumerate(row.dimensions):
            if dimension not in DIMENSIONS:
                where.reject_unknown(f"dimensions[{index}]", "dimension", dimension, DIMENSIONS)
            if dimension in row.dimensions[:index]:
                where.reject(f"dimensions[{index}]", f"{dimension!r} is named twice", "Name it once.")
        if row.selector is not None and row.selection is None:
            where.reject("selector", "it names who selected, but there is no selection", "Add the selection.")
        where.storable("notes", row.notes)
        yield Draft(
            where,
            _pair(row, _scores(row, where, source_default)),
            {
                "original": None if row.image_original is None else Named("image_original", row.image_original),
                "anti": None if row.image_anti is None else Named("image_anti", row.image_anti),
            },
        )


def _pair(row: _Pair, scores: tuple[ImportedScore, ...]) -> PromptPair:
    return PromptPair(
        id=row.id,
        generator=row.generator,
        prompts={"original": row.prompt_original, "anti": row.prompt_anti},
        images={"original": None, "anti": None},
        dimensions=tuple(row.dimensions),
        groups=row.groups,
        notes=row.notes,
        selection=None if row.selection is None else Selection(row.selector or IMPORTED, row.selection, IMPORTED),
        scores=scores,
    )


def _scores(row: _Pair, where: Where, source_default: str | None) -> tuple[ImportedScore, ...]:
    scores = tuple(
        ImportedScore(
            s.scorer, s.image, s.prompt, s.value, where.source(s.source, source_default, f"scores[{index}].source")
        )
        for index, s in enumerate(row.scores)
    )
    where.reject_repeated_scores(scores)
    return scores
