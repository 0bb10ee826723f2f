"""A page of pictures to look at while curating: what a search found, what was drawn, what is alike, what is in the set.

Pictures of a category that shows distress or disgust are covered until the reader asks.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from fauve.curation.store import CurationStore, StoredPicture
from fauve.errors import DataError, ImageRejected, LedgerError
from fauve.imaging import decode, thumbnail
from fauve.report.pages import Folder, environment
from fauve.report.site import POLICY
from fauve.version import __version__
from fauve.vocabulary import content_note

__all__ = ["Shown", "Tray", "write_curation_sheet"]

SIDE = 480
"""Longer side of a picture, in pixels."""

_MANIFEST = ("static/fauve.css", "static/mark.svg")
_ALT_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture with what is said of it: lines of numbers or words, its caption, its category where it has one."""

    picture: StoredPicture
    lines: tuple[str, ...] = ()
    caption: str | None = None
    plain: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Tray:
    """Pictures under one heading."""

    title: str
    pictures: tuple[Shown, ...]
    remark: str = ""


def write_curation_sheet(store: CurationStore, title: str, how: str, trays: Sequence[Tray], out: Path) -> Path:
    """Write ``index.html``, its style and small copies of the pictures into ``out``; returns the page.

    Args:
        store: where the pictures are read from.
        title: the heading: what one looks at.
        how: by which rule these pictures came here.
        trays: the pictures, by heading.
        out: the folder; a sheet that is there is replaced.

    Raises:
        LedgerError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Folder(out)
        made = [_tray(store, tray, folder) for tray in trays if tray.pictures]
        for path in _MANIFEST:
            folder.write(path, files("fauve.report").joinpath(path).read_bytes())
        templates = environment()
        templates.globals |= {"policy": POLICY, "version": __version__}
        folder.write("static/curation.css", templates.get_template("curation.css").render())
        context: dict[str, Any] = {"title": title, "how": how, "trays": made, "folder": store.folder.name}
        folder.write("index.html", templates.get_template("curation.html").render(context))
        folder.finish()
    except OSError as error:
        raise LedgerError(
            f"{error.filename or out} cannot be written ({error.strerror}); free space or check its rights"
        ) from error
    return out / "index.html"


def _tray(store: CurationStore, tray: Tray, folder: Folder) -> dict[str, Any]:
    return {
        "title": tray.title,
        "remark": tray.remark,
        "pictures": [_figure(store, shown, folder) for shown in tray.pictures],
    }


def _figure(store: CurationStore, shown: Shown, folder: Folder) -> dict[str, Any]:
    picture = shown.picture
    words = " ".join((shown.caption or picture.path).split())
    made: dict[str, Any] = {
        "path": picture.path,
        "sha": picture.sha256[:12],
        "lines": shown.lines,
        "caption": shown.caption,
        "plain": shown.plain,
        "category": shown.category,
        "cover": content_note({"category": shown.category}) if shown.category else None,
        "alt": words if len(words) <= _ALT_LETTERS else f"{words[:_ALT_LETTERS]}…",
        "src": "",
        "missing": "",
    }
    try:
        small = thumbnail(decode(store.read(picture), picture.path)[0], SIDE)
    except (ImageRejected, DataError) as error:
        return made | {"missing": str(error)}
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    src = folder.write(f"thumbs/{picture.sha256[:2]}/{picture.sha256}.jpg", buffer.getvalue())
    return made | {"src": src, "width": small.width, "height": small.height}
