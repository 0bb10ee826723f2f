"""The gallery: every pair, contrast, edit and portrait with pictures, in chunks that a page loads as it needs them.

A page opened from a disk cannot fetch, so data lies in scripts that do nothing but set one value. The index holds what
filters and sorting need; the cards themselves lie in chunks of a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fauve.ledger import Ledger, queries
from fauve.ledger.queries import StoredItem
from fauve.naming import generator_name
from fauve.report.cards import Honours, Shelf, card, cover_note, refs
from fauve.report.holdings import credit_lines
from fauve.report.pages import Folder, script_json
from fauve.report.thumbs import SMALL, Thumbs
from fauve.report.verdicts import NO_CHOICE, Scores, Voice, scores_by_item, verdict, voices
from fauve.report.wording import group_label
from fauve.studies.edit_measures import requests_before_and_after
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.honoured import honoured, requested, requests
from fauve.studies.protocol import Study

__all__ = ["FIRST_PAGE", "GRADED", "PAIRS", "Gallery", "Stacks", "build_gallery", "stacks"]

CHUNK = 100
FIRST_PAGE = 12
"""Cards that stand in the page itself, for readers without scripts."""
PAIRS, GRADED = "Prompt pairs", "Graded effects"
"""What the gallery calls the items that belong to no study of contrasts: pairs of generators, and stimuli."""
_GROUP_VALUES = 60
"""A group key with more values than this names items rather than groups them, and gets no filter."""


@dataclass(slots=True)
class Gallery:
    """What pages need to know of the gallery after its files are written.

    The columns run over the items with pictures in their order: ``numbers`` in the ledger, ``complete`` where there is
    a choice between two pictures that are there and uncovered, ``codes`` one verdict letter a voice (``-`` for none),
    ``margins`` one a voice.
    """

    voices: list[Voice]
    first: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    complete: list[bool] = field(default_factory=list)
    studies: list[str] = field(default_factory=list)
    generators: list[str] = field(default_factory=list)
    dimensions: list[tuple[str, ...]] = field(default_factory=list)
    groups: list[dict[str, str]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    margins: list[list[float | None]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True)
class Stacks:
    """What every card draws on: evidence by item, voices, honoured requests, names of studies."""

    evidence: Evidence
    voices: list[Voice]
    honours: Honours
    titles: Mapping[str, str]

    @property
    def judges(self) -> int:
        """How many judges looked at the pictures."""
        return int(self.evidence.judged["judge"].n_unique())


def stacks(ledger: Ledger, evidence: Evidence, studies: Sequence[Study]) -> Stacks:
    """Prepare what cards draw on."""
    known = {study.name: study.title for study in studies}
    titles = {name: known.get(name, group_label(name)) for name in evidence.items["study"].unique().to_list()}
    heard = voices(evidence, queries.adapters(ledger, "scorer"))
    return Stacks(evidence, heard, _honours(evidence), titles)


def _honours(evidence: Evidence) -> Honours:
    found: dict[tuple[int, str], list[tuple[str, bool | None]]] = {}
    chosen = evidence.items.filter(~pl.col("kind").is_in(["edit", "portrait"]))
    table = honoured(evidence.judged, requests(chosen))
    for item, judge, dimension, state in table.select("item", "judge", "dimension", "honoured").iter_rows():
        found.setdefault((item, dimension), []).append((judge, state))
    for judge, edits, _ in requests_before_and_after(evidence):
        for item, dimension, state in edits.select("item", "dimension", "after").iter_rows():
            found.setdefault((item, dimension), []).append((judge, state))
    return found


def build_gallery(ledger: Ledger, kept: Stacks, folder: Folder, thumbs: Thumbs) -> Gallery:
    """Write thumbnails, chunks and index of the gallery. Items stream: memory holds one chunk of cards at a time."""
    made = Gallery(kept.voices)
    chunk: list[tuple[StoredItem, list[Scores]]] = []
    for item, scores in _pictured(ledger, kept):
        chunk.append((item, scores))
        if len(chunk) == CHUNK:
            _write_chunk(ledger, kept, folder, thumbs, made, chunk)
            chunk = []
    if chunk:
        _write_chunk(ledger, kept, folder, thumbs, made, chunk)
    folder.write("gallery/index.js", f"window.fauveGallery={script_json(_index(made, kept))};\n")
    return made


def _pictured(ledger: Ledger, kept: Stacks) -> Iterator[tuple[StoredItem, list[Scores]]]:
    scored = scores_by_item(kept.evidence, kept.voices)
    at = next(scored, None)
    for item in queries.items(ledger):
        while at is not None and at[0] < item.item:
            at = next(scored, None)
        if refs(item):
            yield item, at[1] if at is not None and at[0] == item.item else []


def _write_chunk(
    ledger: Ledger,
    kept: Stacks,
    folder: Folder,
    thumbs: Thumbs,
    made: Gallery,
    chunk: list[tuple[StoredItem, list[Scores]]],
) -> None:
    shown = [ref for item, _ in chunk for ref in refs(item)]
    thumbs.write(shown)
    credits = credit_lines(ledger, [ref.sha256 for ref in shown])
    shelf = Shelf(kept.voices, kept.honours, kept.titles, credits, thumbs.broken, SMALL)
    place = len(made) // CHUNK
    cards = []
    for item, scores in chunk:
        cards.append(card(item, len(made) + 1, scores, shelf))
        _note(made, item, scores, kept, thumbs)
    if not made.first:
        made.first = cards[:FIRST_PAGE]
    folder.write(
        f"gallery/cards-{place:04d}.js",
        f"(window.fauveCards=window.fauveCards||{{}})[{place}]={script_json(cards)};\n",
    )


def _note(made: Gallery, item: StoredItem, scores: Sequence[Scores], kept: Stacks, thumbs: Thumbs) -> None:
    whole = all(ref is not None and ref.sha256 not in thumbs.broken for ref in item.images.values())
    codes = ["-"] * len(kept.voices)
    margins: list[float | None] = [None] * len(kept.voices)
    for said in scores:
        codes[said.voice] = verdict(said, "").code
        margins[said.voice] = said.margin
    made.numbers.append(item.item)
    made.complete.append(whole and cover_note(item) is None and not NO_CHOICE & item.images.keys())
    made.studies.append(_study_of(item, kept))
    made.generators.append(generator_name(item.generator))
    made.dimensions.append(requested(item.dimensions, item.groups))
    made.groups.append({group_label(key): group_label(value) for key, value in item.groups.items()})
    made.codes.append("".join(codes))
    made.margins.append(margins)


def _study_of(item: StoredItem, kept: Stacks) -> str:
    if item.study:
        return kept.titles[item.study]
    return GRADED if item.generator == STIMULI else PAIRS


def _index(made: Gallery, kept: Stacks) -> dict[str, Any]:
    studies, generators = _names(made.studies), _names(made.generators)
    dimensions = _names(name for names in made.dimensions for name in names)
    groups = _group_values(made.groups)
    numbered = {pair: index for index, pair in enumerate(groups)}
    return {
        "chunk": CHUNK,
        "page": FIRST_PAGE,
        "judges": kept.judges,
        "voices": [[voice.label, voice.quiet] for voice in made.voices],
        "studies": studies,
        "generators": generators,
        "dimensions": dimensions,
        "groups": [list(pair) for pair in groups],
        "items": {
            "study": [studies.index(name) for name in made.studies],
            "generator": [generators.index(name) if name else -1 for name in made.generators],
            "dimensions": [[dimensions.index(name) for name in names] for names in made.dimensions],
            "groups": [[numbered[p] for p in row.items() if p in numbered] for row in made.groups],
            "codes": made.codes,
            "margins": [[None if m is None else float(f"{m:.5g}") for m in row] for row in made.margins],
        },
    }


def _names(values: Iterator[str] | Sequence[str]) -> list[str]:
    return sorted({value for value in values if value})


def _group_values(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    values: dict[str, set[str]] = {}
    for row in rows:
        for key, value in row.items():
            values.setdefault(key, set()).add(value)
    return [
        (key, value) for key in sorted(values) if len(values[key]) <= _GROUP_VALUES for value in sorted(values[key])
    ]
