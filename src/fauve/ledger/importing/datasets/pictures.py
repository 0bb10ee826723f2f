"""Rows of the artworks and of the labelled pictures: one picture that stands for itself."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

from fauve.keys import seed_from
from fauve.ledger.importing.datasets.brought import Brought, Call, Row, away, plain, row_id, scored
from fauve.ledger.importing.datasets.readings import labels
from fauve.records import ImportedScore, Picture

__all__ = ["Artworks", "Labelled"]

_TRIES = 100


class Artworks:
    """Artworks under their factual captions, and each under the caption of another one.

    The other captions are a seeded permutation of all of them, so that every caption counts equally often; they can
    only be given out once all rows are there, which is why the items (without their pictures) are kept until the end.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._kept: list[Brought] = []
        self.notices: list[str] = []

    def row(self, row: Row) -> Iterable[Brought]:
        """Nothing yet: the artwork is kept."""
        one = row.picture("picture")
        scores: tuple[ImportedScore, ...] = ()
        for scorer in ("hpsv3", "hpsv2.1", "imagereward"):
            scores += scored(row, scorer, scorer, "picture", kept=one.ref is not None)[0]
        item = Picture(
            id=row_id(row, self._call),
            study="real_art",
            prompts={"prompt": row.text("prompt"), "shuffled": None},
            images={"picture": one.sha256},
            groups={name: str(row.cells[name]) for name in ("style", "work") if row.cells.get(name) is not None},
            notes=away({"picture": one}),
            scores=scores,
        )
        self._kept.append(Brought(row.where, item))
        return ()

    def end(self) -> Iterable[Brought]:
        """All artworks, each with another one's caption."""
        captions = [brought.item.prompts["prompt"] or "" for brought in self._kept]
        others = shuffled(captions)
        if others is None:
            self.notices.append("the captions are too alike to give each artwork another one's: none is shuffled")
            yield from self._kept
            return
        for brought, other in zip(self._kept, others, strict=True):
            prompts = {**brought.item.prompts, "shuffled": other}
            yield replace(brought, item=replace(brought.item, prompts=prompts))


def shuffled(captions: list[str]) -> list[str] | None:
    """The same captions in an order in which none stands where an equal one stood; None where there is none.

    The order depends on the captions alone.
    """
    draw = random.Random(seed_from("shuffled captions", *captions))
    order = list(captions)
    draw.shuffle(order)
    for _ in range(_TRIES):
        clashes = [i for i, caption in enumerate(captions) if order[i] == caption]
        if not clashes:
            return order
        for i in clashes:
            j = draw.randrange(len(order))
            order[i], order[j] = order[j], order[i]
    return None


class Labelled:
    """Pictures with labels by people, for judges to be held against."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.notices: list[str] = []

    def row(self, row: Row) -> Iterable[Brought]:
        """One picture with its labels."""
        one = row.picture("picture")
        item = Picture(
            id=row_id(row, self._call),
            study="judge_validation",
            prompts={"prompt": None, "shuffled": None},
            images={"picture": one.sha256},
            notes={"labels": plain(labels(row.where, "labels", row.cells["labels"])), **away({"picture": one})},
        )
        return [Brought(row.where, item)]

    def end(self) -> Iterable[Brought]:
        """Nothing more."""
        return ()
