"""Rows of the emotion set, of critique and of photographs as contrasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from fauve.ledger.importing.datasets.brought import Brought, Call, Row, away, plain, row_id, scored
from fauve.ledger.importing.datasets.catalogue import EMOTION_SCORERS
from fauve.ledger.importing.datasets.readings import json_or_plain
from fauve.ledger.importing.datasets.screening import Screened
from fauve.ledger.importing.templates import SLOT
from fauve.records import Contrast, ImportedScore
from fauve.vocabulary import CRITIQUE_TOPICS, EMOTIONS, PHOTO_CATEGORIES

__all__ = ["Critique", "EmotionBias", "Photographs"]

_NEGATIVE = {e.adjective: e.name for e in EMOTIONS.values() if e.negative}
_SIDES = ("faithful", "default")


def _contrast(
    row: Row,
    study: str,
    name: str,
    prompt: str,
    pictures: Mapping[str, Screened],
    scores: tuple[ImportedScore, ...],
    groups: Mapping[str, str],
    notes: Mapping[str, Any],
) -> Brought:
    item = Contrast(
        id=name,
        study=study,
        prompts={"prompt": prompt},
        images={slot: one.sha256 for slot, one in pictures.items()},
        groups=groups,
        notes=notes,
        scores=scores,
    )
    return Brought(row.where, item)


class EmotionBias:
    """Three contrasts a row: each negative emotion against the happy picture, under the prompt of that emotion."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.notices: list[str] = []

    def row(self, row: Row) -> Iterable[Brought]:
        """The row's three contrasts, called ``<row>/<emotion>``."""
        template = row.text("prompt")
        if SLOT not in template:
            row.where.reject("prompt", f"there is no slot {SLOT} in {template!r}", "Check the column with --columns.")
        return [self._one(row, template, adjective, name) for adjective, name in _NEGATIVE.items()]

    def end(self) -> Iterable[Brought]:
        """Nothing more."""
        return ()

    def _one(self, row: Row, template: str, adjective: str, name: str) -> Brought:
        pictures = {"faithful": row.picture(f"{adjective}_image"), "default": row.picture("happy_image")}
        scores: tuple[ImportedScore, ...] = ()
        sigmas: dict[str, dict[str, float]] = {}
        for theirs, scorer in EMOTION_SCORERS.items():
            for side, ending in zip(_SIDES, ("", "_happy_image"), strict=True):
                column = f"{adjective}_{theirs}{ending}"
                found, sigma = scored(row, column, scorer, side, kept=pictures[side].ref is not None)
                scores += found
                if sigma is not None:
                    sigmas.setdefault(scorer, {})[side] = sigma
        notes = away(pictures) | {"template": template} | ({"sigma": sigmas} if sigmas else {})
        prompt = template.replace(SLOT, adjective)
        number = row_id(row, self._call)
        return _contrast(row, "emotion_reward", f"{number}/{name}", prompt, pictures, scores, {"emotion": name}, notes)


class Critique:
    """One contrast a row: the picture by the faithful generator, and that by the aligned one."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._unknown: Counter[str] = Counter()

    def row(self, row: Row) -> Iterable[Brought]:
        """The row's contrast."""
        pictures = {side: row.picture(side) for side in _SIDES}
        scores: tuple[ImportedScore, ...] = ()
        for scorer in ("hpsv3", "hpsv2.1", "imagereward"):
            for side in _SIDES:
                kept = pictures[side].ref is not None
                scores += scored(row, f"{scorer}_{side}", scorer, side, kept=kept)[0]
        notes, groups = away(pictures), {}
        written = row.cells.get("topic")
        if written is not None:
            topic = str(written).strip().lower().replace("_", " ")
            known = {name.replace("-", " "): name for name in CRITIQUE_TOPICS}.get(topic.replace("-", " "))
            if known is None:
                self._unknown[str(written)] += 1
                notes["topic"] = plain(written)
            else:
                groups["topic"] = known
        return [
            _contrast(row, "critique", row_id(row, self._call), row.text("prompt"), pictures, scores, groups, notes)
        ]

    def end(self) -> Iterable[Brought]:
        """Nothing more."""
        return ()

    @property
    def notices(self) -> list[str]:
        """Topics that are none of ours."""
        return [
            f"the topic {name!r} ({count:,} rows) is none of {', '.join(CRITIQUE_TOPICS)}: it is kept in the notes"
            for name, count in sorted(self._unknown.items())
        ]


class Photographs:
    """One contrast a row: the photograph and the clean picture of its subject, under the photograph's caption."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._short = {category.name: path for path, category in PHOTO_CATEGORIES.items()}
        self.notices: list[str] = []

    def row(self, row: Row) -> Iterable[Brought]:
        """The row's contrast; where the set holds no clean picture, only its score is known."""
        pictures = {side: row.picture(side) for side in _SIDES}
        lacking = "default" not in row.cells
        scores: tuple[ImportedScore, ...] = ()
        for side in _SIDES:
            kept = pictures[side].ref is not None or (side == "default" and lacking)
            scores += scored(row, f"hpsv3_{side}", "hpsv3", side, kept=kept)[0]
        shown = {side: one for side, one in pictures.items() if side == "faithful" or not lacking}
        notes = away(shown)
        categories = self._categories(row)
        notes["elements"] = categories
        for column in ("clean_prompt", "human_score"):
            if row.cells.get(column) is not None:
                notes[column] = plain(row.cells[column])
        groups = {"category": categories[0]} if categories else {}
        name, prompt = row_id(row, self._call), row.text("prompt")
        return [_contrast(row, "photographs", name, prompt, pictures, scores, groups, notes)]

    def end(self) -> Iterable[Brought]:
        """Nothing more."""
        return ()

    def _categories(self, row: Row) -> list[str]:
        given = json_or_plain(row.cells["categories"])
        names = [given] if isinstance(given, str) else given
        if names is None:
            return []
        if not isinstance(names, list):
            row.where.reject("categories", f"{ascii(given)[:80]} is no list of categories", "Check --columns.")
        found = []
        for name in names:
            path = self._short.get(str(name), str(name))
            if path not in PHOTO_CATEGORIES:
                row.where.reject_unknown("categories", "photo category", path, PHOTO_CATEGORIES)
            found.append(path)
        return found
