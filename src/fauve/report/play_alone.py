"""The page to play with in a folder of its own, without a report around it."""

from __future__ import annotations

from pathlib import Path

from fauve.errors import LedgerError
from fauve.report.pages import Folder, environment, static_files
from fauve.report.play import play_parts, write_play
from fauve.report.play_grid import Play, compute_play
from fauve.report.site import POLICY
from fauve.version import __version__

__all__ = ["build_play_alone"]

_NEEDED = ("static/fauve.css", "static/mark.svg", "static/play.css", "static/play.js")


def build_play_alone(out: Path, family: Path | None = None, play: Play | None = None) -> Path:
    """Write the page, its pictures and what they need into ``out``; returns the page, ``index.html``.

    Raises:
        WeightsMissing, WeightsMismatch: the family lacks a member, or a file is damaged.
        LedgerError: the folder cannot be written.
    """
    parts = play_parts(compute_play(Play() if play is None else play, family))
    templates = environment()
    templates.globals |= {"policy": POLICY, "version": __version__, "nav": []}
    folder = Folder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        static = static_files()
        for path in _NEEDED:
            folder.write(path, static[path])
        write_play(parts, folder, templates, "index.html")
        folder.finish()
    except OSError as error:
        raise LedgerError(
            f"{error.filename or out} cannot be written ({error.strerror}); free space or check its rights, "
            "then build the page again"
        ) from error
    return out / "index.html"
