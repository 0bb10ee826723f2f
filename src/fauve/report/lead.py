"""The pair that a page shows large, chosen by a rule that is printed under it and never by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fauve.keys import seed_from
from fauve.ledger import Ledger, queries
from fauve.naming import generator_name
from fauve.records import Finding
from fauve.report.cards import Shelf, card, refs
from fauve.report.gallery import GRADED, PAIRS, Gallery, Stacks
from fauve.report.holdings import credit_lines
from fauve.report.numbers import format_count
from fauve.report.thumbs import LARGE, Thumbs
from fauve.report.verdicts import scores_by_item
from fauve.studies.evidence import STIMULI

__all__ = ["Lead", "lead_pair", "scorer_pair"]

# A coin has no taste worth showing, and an oracle no doubt.
_LAST_RESORT = frozenset({"random", "oracle"})


@dataclass(frozen=True, slots=True)
class Lead:
    """A card with large pictures, and how it was chosen."""

    card: dict[str, Any]
    rule: str


def lead_pair(ledger: Ledger, kept: Stacks, gallery: Gallery, thumbs: Thumbs) -> Lead | None:
    """The pair at the median margin of the first scorer under test; None where no pair has both pictures uncovered.

    With an even number the lower of the two middle margins counts; of equal margins the first on file. Where no scorer
    has a margin, a seeded draw decides.
    """
    places = _presentable(gallery)
    if not places:
        return None
    for voice in sorted(range(len(kept.voices)), key=lambda v: _order(kept, v)):
        ranked = _ranked(gallery, places, voice)
        if ranked:
            return _middle(ledger, kept, gallery, thumbs, voice, ranked, "on file that")
    place = places[seed_from("first page", len(places)) % len(places)]
    rule = f"Drawn with a fixed seed from the {format_count(len(places))} pairs on file that show both pictures."
    return Lead(_large(ledger, kept, gallery, thumbs, place), rule)


def scorer_pair(
    ledger: Ledger, kept: Stacks, gallery: Gallery, thumbs: Thumbs, scorer: str, main: Finding | None
) -> Lead | None:
    """The pair at the median margin of one scorer, of the pairs that the finding ``main`` counts if any can be shown.

    None where the scorer has no margin of a pair with both pictures uncovered.
    """
    places = _presentable(gallery)
    counted = [place for place in places if main is not None and _counts(main, kept, gallery, place)]
    voices = sorted((v for v, voice in enumerate(kept.voices) if voice.scorer == scorer), key=lambda v: _order(kept, v))
    for chosen, which in ((counted, "that the headline counts and that"), (places, "on file that")):
        for voice in voices:
            ranked = _ranked(gallery, chosen, voice)
            if ranked:
                return _middle(ledger, kept, gallery, thumbs, voice, ranked, which)
    return None


def _presentable(gallery: Gallery) -> list[int]:
    return [place for place, complete in enumerate(gallery.complete) if complete]


def _counts(main: Finding, kept: Stacks, gallery: Gallery, place: int) -> bool:
    if main.study in kept.titles:
        return gallery.studies[place] == kept.titles[main.study]
    if main.generator == STIMULI:
        return gallery.studies[place] == GRADED
    named = main.generator is None or gallery.generators[place] == generator_name(main.generator)
    return gallery.studies[place] == PAIRS and named


def _ranked(gallery: Gallery, places: Sequence[int], voice: int) -> list[tuple[float, int]]:
    return sorted((m, place) for place in places if (m := gallery.margins[place][voice]) is not None)


def _middle(
    ledger: Ledger,
    kept: Stacks,
    gallery: Gallery,
    thumbs: Thumbs,
    voice: int,
    ranked: Sequence[tuple[float, int]],
    which: str,
) -> Lead:
    place = ranked[(len(ranked) - 1) // 2][1]
    pairs = "pair" if len(ranked) == 1 else "pairs"
    rule = (
        f"Chosen by rule, not by hand: of the {format_count(len(ranked))} {pairs} {which} show both pictures and carry "
        f"no content note, this one stands in the middle when they are put in order of {kept.voices[voice].label}’s "
        "margin, the score of what was asked for minus the other one’s."
    )
    return Lead(_large(ledger, kept, gallery, thumbs, place), rule)


def _order(kept: Stacks, voice: int) -> tuple[bool, int, str, str]:
    said = kept.voices[voice]
    return said.scorer in _LAST_RESORT, said.rank, said.scorer, said.source


def _large(ledger: Ledger, kept: Stacks, gallery: Gallery, thumbs: Thumbs, place: int) -> dict[str, Any]:
    number = gallery.numbers[place]
    item = queries.stored_items(ledger, [number])[0]
    shown = refs(item)
    thumbs.write(shown, LARGE)
    credits = credit_lines(ledger, [ref.sha256 for ref in shown])
    shelf = Shelf(kept.voices, kept.honours, kept.titles, credits, thumbs.broken, LARGE)
    scores = next((found for at, found in scores_by_item(kept.evidence, kept.voices) if at == number), [])
    return card(item, place + 1, scores, shelf)
