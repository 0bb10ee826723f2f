"""Decisions: what was put into the set and why, and what was taken back and why. The log only grows.

What is in the set follows from the log alone: a commit counts unless an undo that itself counts takes it back. So the
undo of an undo brings the commit back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fauve.curation.captions import Caption
from fauve.curation.store import CurationStore, StoredPicture
from fauve.errors import DataError
from fauve.vocabulary import photo_category

__all__ = ["Committed", "Entry", "commit", "committed", "entries", "undo"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. ``counts`` is False where a later undo took it back."""

    number: int
    at: str
    action: str
    reason: str
    counts: bool
    category: str | None = None
    pictures: tuple[str, ...] = ()
    caption: Caption = field(default_factory=Caption)
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """A picture of the set (by hash), its category, the reason, its captions, and the entry that put it there."""

    sha256: str
    category: str
    reason: str
    caption: Caption
    entry: int


def entries(store: CurationStore) -> list[Entry]:
    """The whole log, oldest first."""
    return _read(store.log())


def committed(store: CurationStore) -> list[Committed]:
    """What is in the set, in the order of the log. Captions of the commit come before those of a captions file."""
    kept = store.captions()
    found = []
    for entry in entries(store):
        if entry.action != "commit" or not entry.counts:
            continue
        for sha in entry.pictures:
            filed = kept.get(sha, Caption())
            caption = Caption(entry.caption.prompt or filed.prompt, entry.caption.plain or filed.plain)
            found.append(Committed(sha, entry.category or "", entry.reason, caption, entry.number))
    return found


def commit(
    store: CurationStore, pictures: Sequence[StoredPicture], category: str, reason: str, caption: Caption | None = None
) -> int:
    """Put pictures into the set; returns the number of the entry.

    ``caption`` is that of the only picture.

    Raises:
        UnknownName: there is no such category.
        DataError: no picture, no reason, one that is in the set already, or one caption for several pictures.
    """
    path = photo_category(category).path
    _reasoned(reason)
    if not pictures:
        raise DataError("no picture is named; name those that shall be in the set")
    told = caption or Caption()
    if len(pictures) > 1 and (told.prompt or told.plain):
        raise DataError("one caption cannot describe several pictures; commit them one by one, or use a captions file")
    there = {one.sha256: one for one in committed(store)}
    for picture in pictures:
        if picture.sha256 in there:
            old = there[picture.sha256]
            raise DataError(
                f"{picture.path} is in the set already as {old.category} (entry {old.entry}); undo that entry first"
            )
    content: dict[str, Any] = {"category": path, "pictures": [picture.sha256 for picture in pictures], "reason": reason}
    content |= {"prompt": told.prompt, "plain": told.plain}
    return store.append(_now(), "commit", content)


def undo(store: CurationStore, number: int, reason: str) -> int:
    """Take an entry back (a commit, or another undo); returns the number of the new entry.

    Raises:
        DataError: there is no such entry, it counts no longer, no reason, or a picture would be in the set twice.
    """
    _reasoned(reason)
    log = entries(store)
    known = {entry.number: entry for entry in log}
    if number not in known:
        raise DataError(f"there is no entry {number}; the log has {len(log)}")
    if not known[number].counts:
        raise DataError(f"entry {number} was taken back already; to bring it back, undo the undo")
    after = _read([*store.log(), (len(log) + 1, "", "undo", {"undoes": number, "reason": reason})])
    inside = [sha for entry in after if entry.action == "commit" and entry.counts for sha in entry.pictures]
    if len(set(inside)) < len(inside):
        raise DataError(f"undoing entry {number} would put a picture into the set twice; undo its later commit first")
    return store.append(_now(), "undo", {"undoes": number, "reason": reason})


def _read(rows: Sequence[tuple[int, str, str, Mapping[str, Any]]]) -> list[Entry]:
    cancelled: set[int] = set()
    for number, _, action, content in reversed(rows):
        if action == "undo" and number not in cancelled:
            cancelled.add(int(content["undoes"]))
    return [
        Entry(
            number,
            at,
            action,
            content["reason"],
            number not in cancelled,
            content.get("category"),
            tuple(content.get("pictures", ())),
            Caption(content.get("prompt"), content.get("plain")),
            content.get("undoes"),
        )
        for number, at, action, content in rows
    ]


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise DataError("no reason is given; say why, so that others can follow")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
