"""What each scorer said of each contrast, as one line, one letter and one margin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from fauve.naming import scorer_kind, scorer_name, sentence
from fauve.report.numbers import format_value
from fauve.studies.evidence import Evidence

__all__ = ["NO_CHOICE", "Scores", "Verdict", "Voice", "scores_by_item", "verdict", "voices"]

_RANKS = {"reward model": 0, "callable": 0, "matcher": 1, "control": 2, "instrument": 3, "judge": 3}
NO_CHOICE = frozenset({"input", "picture"})
"""The first slot of items whose pictures are not chosen between: edits, portraits and pictures that stand alone."""

_COLUMNS = ("item", "scorer", "source", "prefers", "faithful", "default", "tie")
_UNCARDED = {"model": 0, "control": 2, "instrument": 3}


@dataclass(frozen=True, slots=True)
class Voice:
    """One scorer with one source of its scores.

    ``rank`` is 0 for what is under test (reward models, own scorers, anything without a card), 1 for image-text
    matchers, 2 for controls, 3 for instruments. ``quiet`` ones are there to compare with and are folded away on a card:
    controls and instruments, or, where nothing is under test, instruments alone.
    """

    scorer: str
    source: str
    label: str
    rank: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """One scorer on one item: ``faithful`` and ``default`` are None where there is no score, with the reason.

    Of an edit they are the scores of the input and of the edit, of a portrait those of the picture and of the face;
    ``prefers`` is then ``input`` or ``picture``, as nothing is chosen.
    """

    voice: int
    prefers: str
    faithful: float | None
    default: float | None
    tie: bool
    reasons: tuple[str, ...] = ()

    @property
    def margin(self) -> float | None:
        """faithful − default, None without both, where the selection is a tie, or where nothing is chosen."""
        if self.prefers in NO_CHOICE or self.faithful is None or self.default is None or self.tie:
            return None
        return self.faithful - self.default


@dataclass(frozen=True, slots=True)
class Verdict:
    """``code``: k kept to the prompt, o overruled it, e equal scores, u truth undecided, m a score is missing.

    Where there was nothing to choose it is -.
    """

    code: str
    text: str


def voices(evidence: Evidence, scorers: Sequence[Mapping[str, Any]]) -> list[Voice]:
    """Every (scorer, source) that scored a contrast, those under test first, then by name."""
    kinds = {entry["name"]: entry["card"].get("kind", "") for entry in scorers}
    pairs = evidence.grid.select("scorer", "source").unique().sort("scorer", "source").rows()
    sources = {scorer: [s for name, s in pairs if name == scorer] for scorer, _ in pairs}
    ranked = sorted((_rank(scorer, kinds.get(scorer)), scorer, source) for scorer, source in pairs)
    loud = max(1, ranked[0][0]) if ranked else 1
    return [
        Voice(scorer, source, _label(scorer, source, sources[scorer]), rank, rank > loud)
        for rank, scorer, source in ranked
    ]


def _label(scorer: str, source: str, sources: Sequence[str]) -> str:
    return scorer_name(scorer) if len(sources) == 1 else f"{scorer_name(scorer)} ({source})"


def _rank(scorer: str, kind: str | None) -> int:
    return _UNCARDED[scorer_kind(scorer)] if kind is None else _RANKS.get(kind, 0)


def scores_by_item(evidence: Evidence, heard: Sequence[Voice]) -> Iterator[tuple[int, list[Scores]]]:
    """The scores of every item in the order of items, one item at a time, voices in their order."""
    number = {(voice.scorer, voice.source): index for index, voice in enumerate(heard)}
    reasons = _failed(evidence)
    kinds = [_choices(evidence), _edits(evidence), _portraits(evidence), _pictures(evidence)]
    table = pl.concat(kinds).sort("item", "scorer", "source")
    for item, rows in groupby(table.iter_rows(), key=lambda row: int(row[0])):
        made = [
            Scores(
                number[scorer, source],
                prefers,
                faithful,
                default,
                tie,
                reasons.get((item, scorer, source), ()),
            )
            for _, scorer, source, prefers, faithful, default, tie in rows
        ]
        yield item, sorted(made, key=lambda scores: scores.voice)


def _choices(evidence: Evidence) -> pl.DataFrame:
    return evidence.contrasts().filter("tried").select(_COLUMNS)


def _edits(evidence: Evidence) -> pl.DataFrame:
    said = evidence.edits().filter("tried").rename({"input": "faithful", "edit": "default"})
    return said.with_columns(pl.lit("input").alias("prefers"), pl.lit(False).alias("tie")).select(_COLUMNS)


def _portraits(evidence: Evidence) -> pl.DataFrame:
    said = evidence.portraits().filter("tried").rename({"picture": "faithful", "face": "default"})
    return said.with_columns(pl.lit("picture").alias("prefers"), pl.lit(False).alias("tie")).select(_COLUMNS)


def _pictures(evidence: Evidence) -> pl.DataFrame:
    """Artworks and other pictures that stand alone: the score under their own caption."""
    alone = evidence.items.filter(pl.col("kind") == "picture").select("item")
    own = evidence.grid.filter((pl.col("image_slot") == "picture") & (pl.col("prompt_slot") == "prompt"))
    return own.join(alone, on="item", how="semi").select(
        "item",
        "scorer",
        "source",
        pl.lit("picture").alias("prefers"),
        pl.col("value").alias("faithful"),
        pl.lit(None, pl.Float64).alias("default"),
        pl.lit(False).alias("tie"),
    )


def _failed(evidence: Evidence) -> dict[tuple[int, str, str], tuple[str, ...]]:
    edits = evidence.edit_items().select("item", pl.lit("original").alias("shown"))
    rows = (
        evidence.grid.join(edits, on="item", how="left")
        .filter(pl.col("outcome") != "ok")
        .filter(
            pl.col("prompt_slot").is_in(["anti", "prompt"]) & pl.col("shown").is_null()
            | (pl.col("prompt_slot") == pl.col("shown"))
        )
        .group_by("item", "scorer", "source")
        .agg(pl.col("outcome").unique().sort())
        .iter_rows()
    )
    return {(item, scorer, source): tuple(outcomes) for item, scorer, source, outcomes in rows}


def verdict(scores: Scores, label: str) -> Verdict:
    """The line under a pair of images."""
    code, text = _said(scores, label)
    return Verdict(code, sentence(text))


def _said(scores: Scores, label: str) -> tuple[str, str]:
    if scores.prefers in NO_CHOICE:
        return "-", _changed(scores, label)
    if scores.faithful is None or scores.default is None:
        why = ", ".join(scores.reasons) or "not asked"
        return "m", f"{label} gave no score to compare ({why})"
    if scores.tie:
        return "u", f"{label} cannot be judged here: the selection is a tie"
    margin = scores.faithful - scores.default
    if margin == 0:
        return "e", f"{label} could not tell them apart"
    size = format_value(abs(margin))
    if margin < 0:
        return "o", f"{label} overruled the prompt by {size}"
    return "k", f"{label} kept to the prompt by {size}"


def _changed(scores: Scores, label: str) -> str:
    """What an edit did to a score; nothing of a portrait, whose two scores are of one picture and a part of it."""
    if scores.prefers != "input":
        return ""
    if scores.faithful is None or scores.default is None:
        return f"{label} has no score of both ({', '.join(scores.reasons) or 'no picture'})"
    change = scores.default - scores.faithful
    if change == 0:
        return f"{label} did not change"
    return f"{label} {'rose' if change > 0 else 'fell'} by {format_value(abs(change))} from the input to its edit"
