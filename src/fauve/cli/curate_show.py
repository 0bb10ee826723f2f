"""What ``fauve curate`` puts on its lines and sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fauve import curation
from fauve.report.curation_sheet import Shown, Tray
from fauve.vocabulary import PHOTO_CATEGORIES

__all__ = ["hit_row", "set_trays", "tray_of"]


def hit_row(hit: curation.Hit) -> dict[str, Any]:
    """Picture, cosines, and the margin where something was not wanted."""
    row: dict[str, Any] = {"picture": hit.picture.path, "sha256": hit.picture.sha256, "match": hit.match}
    return row if hit.against is None else row | {"against": hit.against, "margin": hit.margin}


def tray_of(
    store: curation.CurationStore,
    title: str,
    pictures: Sequence[curation.StoredPicture],
    lines: Sequence[tuple[str, ...]] = (),
) -> Tray:
    """Pictures with their captions and, where they are in the set, their category; ``lines`` as many or none."""
    there = {one.sha256: one for one in curation.committed(store)}
    filed = store.captions()
    shown = []
    for place, picture in enumerate(pictures):
        one = there.get(picture.sha256)
        caption = one.caption if one else filed.get(picture.sha256, curation.Caption())
        said = lines[place] if lines else ()
        marks = (*said, f"in the set: {one.category}") if one else tuple(said)
        shown.append(Shown(picture, marks, caption.prompt, caption.plain, one.category if one else None))
    return Tray(title, tuple(shown))


def set_trays(store: curation.CurationStore) -> list[Tray]:
    """The set by category, in the order of the vocabulary."""
    known = store.every_picture()
    trays = []
    for path, category in PHOTO_CATEGORIES.items():
        mine = [one for one in curation.committed(store) if one.category == path]
        shown = tuple(
            Shown(known[one.sha256], (f"entry {one.entry}: {one.reason}",), one.caption.prompt, one.caption.plain, path)
            for one in mine
        )
        if shown:
            title = f"{category.name.replace('_', ' ').capitalize()} ({category.group.replace('_', ' ')})"
            trays.append(Tray(title, shown))
    return trays
