"""The set as ``contrasts.jsonl``: photographs under the caption that asks for them, ready to import."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from fauve.curation.log import Committed, committed
from fauve.curation.store import CurationStore, StoredPicture
from fauve.errors import DataError, LedgerError
from fauve.vocabulary import PHOTO_CATEGORIES

__all__ = ["Exported", "export_contrasts"]

STUDY = "photographs"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Exported:
    """The file, how many photographs it has by category, and how many of them have no caption."""

    file: Path
    categories: dict[str, int]
    without_caption: int


def export_contrasts(store: CurationStore, out: Path, *, allow_no_caption: bool = False) -> Exported:
    """Write ``contrasts.jsonl`` and the pictures beside it into ``out``.

    ``faithful`` is the photograph; ``default`` is null, for a picture that is still to be made of ``clean_prompt`` (the
    caption without the style), which stands in ``notes``.

    Raises:
        DataError: the set is empty, a picture has no caption, or its file has changed.
        LedgerError: ``out`` cannot be written.
    """
    chosen = committed(store)
    if not chosen:
        raise DataError(f"nothing is in the set of {store.root.name}; put pictures in with `fauve curate commit`")
    known = store.every_picture()
    bare = [known[one.sha256].path for one in chosen if one.caption.prompt is None]
    if bare and not allow_no_caption:
        more = f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else ""
        raise DataError(
            f"no caption says what was asked for: {', '.join(bare[:_NAMED])}{more}. Give one with `fauve curate index "
            "--captions FILE`, or export with --allow-no-caption"
        )
    try:
        rows = [_row(store, one, known[one.sha256], out) for one in chosen]
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        (out / "contrasts.jsonl").write_text(text, encoding="utf-8")
    except OSError as error:
        raise LedgerError(f"{out} cannot be written ({error.strerror}); free space or check its rights") from error
    told = [one.category for one in chosen]
    counts = {path: told.count(path) for path in PHOTO_CATEGORIES if path in told}
    return Exported(out / "contrasts.jsonl", counts, len(bare))


def _row(store: CurationStore, one: Committed, picture: StoredPicture, out: Path) -> dict[str, object]:
    place = f"images/{one.sha256[:2]}/{one.sha256}{picture.suffix}"
    data = store.read(picture)
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    (out / place).write_bytes(data)
    notes = {"file": picture.path, "reason": one.reason, "entry": one.entry}
    if one.caption.plain:
        notes["clean_prompt"] = one.caption.plain
    return {
        "id": one.sha256[:16],
        "study": STUDY,
        "prompt": one.caption.prompt,
        "faithful": place,
        "default": None,
        "groups": {"category": one.category},
        "notes": notes,
    }
