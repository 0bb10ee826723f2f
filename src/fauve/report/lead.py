"""The pair that the first page shows large, chosen by a rule that is printed under it and never by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fauve.keys import seed_from
from fauve.ledger import Ledger, queries
from fauve.report.cards import Shelf, card, refs
from fauve.report.gallery import Gallery, Stacks
from fauve.report.holdings import credit_lines
from fauve.report.numbers import format_count
from fauve.report.thumbs import LARGE, Thumbs
from fauve.report.verdicts import scores_by_item

__all__ = ["Lead", "lead_pair"]

# A coin has no taste worth showing, and an oracle no doubt.
_LAST_RESORT = frozenset({"random", "oracle"})


@dataclass(frozen=True, slots=True)
class Lead:
    """A card with large pictures, and how it was chosen."""

    card: dict[str, Any]
    rule: str


def lead_pair(
    ledger: Ledger, kept: Stacks, gallery: Gallery, thumbs: Thumbs, scorer: str | None = None
) -> Lead | None:
    """The pair at the median margin of ``scorer``, or of the first scorer under test where none is named.

    With an even number the lower of the two middle margins counts; of equal margins the first on file. Where no scorer
    was named and none has a margin, a seeded draw decides. None where no pair has both pictures uncovered, or the
    named scorer has no margin of one that has.
    """
    places = [place for place, complete in enumerate(gallery.complete) if complete]
    if not places:
        return None
    heard = [v for v, voice in enumerate(kept.voices) if scorer in (None, voice.scorer)]
    for voice in sorted(heard, key=lambda v: _order(kept, v)):
        ranked = sorted((m, place) for place in places if (m := gallery.margins[place][voice]) is not None)
        if ranked:
            place = ranked[(len(ranked) - 1) // 2][1]
            rule = (
                f"Chosen by rule, not by hand: of the {format_count(len(ranked))} pairs on file that show both "
                "pictures and carry no content note, this one stands in the middle when they are put in order of "
                f"{kept.voices[voice].label}’s margin, the score of what was asked for minus the other one’s."
            )
            return Lead(_large(ledger, kept, gallery, thumbs, place), rule)
    if scorer is not None:
        return None
    place = places[seed_from("first page", len(places)) % len(places)]
    rule = f"Drawn with a fixed seed from the {format_count(len(places))} pairs on file that show both pictures."
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
