"""``contrasts.jsonl``: one prompt, the faithful image (what was asked for), the default one, and scores."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from fauve.ledger.importing.drafts import Draft, Named, take
from fauve.ledger.importing.rows import Name, Row, ScoreRow, Text, Where, read_rows
from fauve.ledger.store import Added, Ledger
from fauve.records import Contrast, ImportedScore
from fauve.vocabulary import CONTRAST_STUDIES, CRITIQUE_TOPICS, EMOTIONS, PHOTO_CATEGORIES

__all__ = ["import_contrasts"]

_GROUPS: dict[str, tuple[str, str, Collection[str]]] = {
    "photographs": ("category", "photo category", PHOTO_CATEGORIES),
    "critique": ("topic", "critique topic", CRITIQUE_TOPICS),
    "emotion_reward": ("emotion", "emotion", EMOTIONS),
}
"""For each study the group whose values are in the vocabulary."""


class _Score(ScoreRow):
    image: Literal["faithful", "default"]


class _Contrast(Row):
    id: Name
    study: Name
    prompt: Text | None
    faithful: Name | None
    default: Name | None
    groups: dict[str, str] = Field(default_factory=dict)
    notes: dict[str, Any] = Field(default_factory=dict)
    scores: list[_Score] = Field(default_factory=list)


def import_contrasts(
    ledger: Ledger, path: Path, *, studies: Collection[str] = CONTRAST_STUDIES, source_default: str | None = None
) -> Added:
    """Take in a file of contrasts: all of it or nothing.

    A row is ``{"id", "study", "prompt", "faithful", "default"}`` and may have ``"groups"`` (text by text), ``"notes"``
    and ``"scores"``: a list of ``{"scorer", "image", "value", "source"}`` in which image is ``faithful`` or
    ``default``. Image paths are relative to the file and stay in its folder. An image or the prompt may be null where
    only scores exist. The ``category`` of photographs, the ``topic`` of critique and the ``emotion`` of
    emotion_reward, where given, are names of :mod:`fauve.vocabulary`.

    Args:
        ledger: opened to write.
        path: the JSON Lines file.
        studies: the names that ``"study"`` can have.
        source_default: the source of scores that name none; without it, naming none is an error.

    Returns:
        How many contrasts are new, and how many the ledger had in the same form.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy.
        LedgerConflict: when the ledger has a contrast of the same study and id with other content.
    """
    return take(ledger, path.parent, _drafts(path, tuple(studies), source_default))


def _drafts(path: Path, studies: tuple[str, ...], source_default: str | None) -> Iterator[Draft]:
    seen: dict[tuple[str, str], int | None] = {}
    for where, row in read_rows(path, _Contrast):
        name = (row.study, row.id)
        if name in seen:
            where.reject(
                "id",
                f"{row.id!r} of {row.study!r} stands in line {seen[name]} already",
                "Give each contrast its own id.",
            )
        seen[name] = where.line
        _check_names(row, where, studies)
        where.storable("notes", row.notes)
        yield Draft(
            where,
            _contrast(row, where, source_default),
            {
                "faithful": None if row.faithful is None else Named("faithful", row.faithful),
                "default": None if row.default is None else Named("default", row.default),
            },
        )


def _check_names(row: _Contrast, where: Where, studies: tuple[str, ...]) -> None:
    if row.study not in studies:
        where.reject_unknown("study", "study of contrasts", row.study, studies)
    if row.study in _GROUPS:
        group, kind, known = _GROUPS[row.study]
        if group in row.groups and row.groups[group] not in known:
            where.reject_unknown(f"groups.{group}", kind, row.groups[group], known)


def _contrast(row: _Contrast, where: Where, source_default: str | None) -> Contrast:
    scores = tuple(
        ImportedScore(
            s.scorer, s.image, "prompt", s.value, where.source(s.source, source_default, f"scores[{index}].source")
        )
        for index, s in enumerate(row.scores)
    )
    where.reject_repeated_scores(scores)
    return Contrast(
        id=row.id,
        study=row.study,
        prompts={"prompt": row.prompt},
        images={"faithful": None, "default": None},
        groups=row.groups,
        notes=row.notes,
        scores=scores,
    )
