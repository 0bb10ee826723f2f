"""A folder of one's own pictures as pairs: two folders of images and a table of prompts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fauve.ledger.importing.drafts import Draft, Named, take
from fauve.ledger.importing.pairs import IMPORTED
from fauve.ledger.importing.rows import Where
from fauve.ledger.importing.tables import Columns, read_csv
from fauve.ledger.store import Added, Ledger
from fauve.records import PromptPair, Selection
from fauve.vocabulary import DIMENSIONS

__all__ = ["import_folder"]

_TABLE = "prompts.csv"
_FOLDERS = {"original": "originals", "anti": "anti"}
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
_COLUMNS = Columns(required=("id", "prompt_original", "prompt_anti", "dimensions"), optional=("selection",))
_CHOICES = ("anti", "original", "tie")


def import_folder(ledger: Ledger, directory: Path, generator: str) -> Added:
    """Take in a folder of pictures as pairs of ``generator``: all of it or nothing.

    ::

        originals/NAME.png    Io: what the generator made of the original prompt
        anti/NAME.png         Ia: what it made of the anti prompt
        prompts.csv           id (= NAME), prompt_original, prompt_anti, dimensions (separated by ;), selection?

    Pictures are PNG, JPEG or WebP; other files are passed over.

    Returns:
        How many pairs are new, and how many the ledger had in the same form.

    Raises:
        ImportRejected: for the first fault, with file, line, field and remedy; also for a picture without a row.
        LedgerConflict: when the ledger has a pair of the same generator and id with other content.
    """
    return take(ledger, directory, _drafts(directory, generator))


def _drafts(directory: Path, generator: str) -> Iterator[Draft]:
    if not directory.is_dir():
        Where(directory).reject(None, "there is no such folder", "Check the path.")
    pictures = {slot: _pictures(directory / name, directory) for slot, name in _FOLDERS.items()}
    seen: dict[str, int | None] = {}
    for where, cells in read_csv(directory / _TABLE, _COLUMNS):
        name = _filled(cells, "id", where)
        if name in seen:
            where.reject("id", f"{name!r} stands in line {seen[name]} already", "Give each pair its own id.")
        seen[name] = where.line
        yield Draft(
            where,
            _pair(name, generator, cells, where),
            {slot: Named("id", _picture(pictures[slot], slot, name, where)) for slot in _FOLDERS},
        )
    for slot, folder in _FOLDERS.items():
        for name in sorted(set(pictures[slot]) - set(seen)):
            Where(directory / pictures[slot][name]).reject(
                None, f"{_TABLE} has no row for it", f"Add a row with the id {name!r}, or move it out of {folder}/."
            )


def _pictures(folder: Path, directory: Path) -> dict[str, str]:
    if not folder.is_dir():
        Where(directory).reject(None, f"it has no folder {folder.name}/", "Put the pictures in originals/ and anti/.")
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in found:
            Where(path).reject(None, f"{found[path.stem]} has the same name", "Keep one of the two.")
        found[path.stem] = f"{folder.name}/{path.name}"
    return found


def _picture(pictures: dict[str, str], slot: str, name: str, where: Where) -> str:
    if name not in pictures:
        where.reject("id", f"there is no picture {_FOLDERS[slot]}/{name}.png", "Add it, or take the row out.")
    return pictures[name]


def _pair(name: str, generator: str, cells: dict[str, str | None], where: Where) -> PromptPair:
    choice = cells.get("selection")
    if choice is not None and choice not in _CHOICES:
        where.reject_unknown("selection", "selection", choice, _CHOICES)
    dimensions = tuple(part.strip() for part in (cells["dimensions"] or "").split(";") if part.strip())
    for dimension in dimensions:
        if dimension not in DIMENSIONS:
            where.reject_unknown("dimensions", "dimension", dimension, DIMENSIONS)
        if dimensions.count(dimension) > 1:
            where.reject("dimensions", f"{dimension!r} is named twice", "Name it once.")
    return PromptPair(
        id=name,
        generator=generator,
        prompts={slot: _filled(cells, f"prompt_{slot}", where) for slot in _FOLDERS},
        images=dict.fromkeys(_FOLDERS),
        dimensions=dimensions,
        selection=None if choice is None else Selection(IMPORTED, choice, IMPORTED),
    )


def _filled(cells: dict[str, str | None], column: str, where: Where) -> str:
    cell = cells[column]
    if cell is None:
        where.reject(column, "the cell is empty", "Fill it in.")
    return cell
