"""The contact sheet as one PNG, to put into a message: pictures in rows, and under each what was said of it."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from fauve.imaging import thumbnail

__all__ = ["Cell", "columns_of", "draw_sheet"]

_PAPER, _INK, _SOFT, _LINE, _TINT, _ACCENT = "#fbf7ef", "#1f1b16", "#696053", "#ddd5c6", "#f3ecdf", "#c4321a"
_SIDE, _GAP, _EDGE = 320, 28, 48
_COLUMNS = 5
_MOST_LINES = 6
Face = Literal["DejaVuSerif", "DejaVuSans", "DejaVuSans-Bold"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture with its caption; ``failure`` stands where there is no picture."""

    label: str
    picture: Image.Image | None
    failure: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    font: Font
    colour: str
    height: int


def draw_sheet(title: str, second: str, cells: Sequence[Cell]) -> bytes:
    """PNG bytes: the title, a second line, and the cells in rows of at most five."""
    columns = columns_of(len(cells))
    width = 2 * _EDGE + columns * _SIDE + (columns - 1) * _GAP
    head = _wrapped(title, _font("DejaVuSerif", 26), _INK, 36, width - 2 * _EDGE)
    head += _wrapped(second, _font("DejaVuSans", 15), _SOFT, 24, width - 2 * _EDGE)
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    heights = [_row_height(row) for row in rows]
    top = _EDGE + sum(line.height for line in head) + _GAP
    sheet = Image.new("RGB", (width, top + sum(heights) + _GAP * (len(rows) - 1) + _EDGE), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _write(pen, head, _EDGE, _EDGE)
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            _draw_cell(sheet, pen, cell, _EDGE + column * (_SIDE + _GAP), top)
        top += height + _GAP
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def columns_of(count: int) -> int:
    """Columns of so many pictures: at most five, and rows as even as they can be."""
    return math.ceil(count / math.ceil(count / _COLUMNS))


def _row_height(row: Sequence[Cell]) -> int:
    return max(_picture_height(cell) + 14 + sum(line.height for line in _caption(cell)) for cell in row)


def _picture_height(cell: Cell) -> int:
    return _SIDE if cell.picture is None else _shown(cell.picture).height


def _shown(picture: Image.Image) -> Image.Image:
    """At the width of a column; a small picture is enlarged, pixel by pixel."""
    if picture.width < _SIDE:
        height = max(1, round(picture.height * _SIDE / picture.width))
        return picture.resize((_SIDE, height), Image.Resampling.NEAREST)
    return thumbnail(picture, max(_SIDE, round(_SIDE * picture.height / picture.width)))


def _caption(cell: Cell) -> list[_Line]:
    label = _wrapped(cell.label, _font("DejaVuSans-Bold", 16), _INK, 26, _SIDE)
    return label + [part for line in cell.lines for part in _wrapped(line, _font("DejaVuSans", 14), _SOFT, 21, _SIDE)]


def _draw_cell(sheet: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, left: int, top: int) -> None:
    height = _picture_height(cell)
    if cell.picture is None:
        pen.rectangle((left, top, left + _SIDE - 1, top + height - 1), fill=_TINT, outline=_LINE)
        said = _wrapped(cell.failure or "", _font("DejaVuSans", 14), _ACCENT, 21, _SIDE - 48, most=11)
        _write(pen, said, left + 24, top + 24)
    else:
        sheet.paste(_shown(cell.picture), (left, top))
    _write(pen, _caption(cell), left, top + height + 14)


def _write(pen: ImageDraw.ImageDraw, lines: Sequence[_Line], left: int, top: int) -> None:
    for line in lines:
        pen.text((left, top), line.text, font=line.font, fill=line.colour)
        top += line.height


def _wrapped(text: str, font: Font, colour: str, height: int, width: int, *, most: int = _MOST_LINES) -> list[_Line]:
    """Lines no wider than ``width`` pixels, at most ``most``; what is left out is marked."""
    lines: list[str] = [""]
    for word in _plain(text).split():
        for part in _fitting(word, font, width):
            joined = f"{lines[-1]} {part}".lstrip()
            if font.getlength(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(part)
    if len(lines) > most:
        last = lines[most - 1]
        while last and font.getlength(f"{last}…") > width:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last.rstrip()}…"]
    return [_Line(line, font, colour, height) for line in lines if line]


def _fitting(word: str, font: Font, width: int) -> list[str]:
    """The word, or pieces of it where it alone is wider than a line."""
    parts = [""]
    for letter in word:
        if font.getlength(parts[-1] + letter) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def _plain(text: str) -> str:
    return "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)


@cache
def _font(face: Face, size: int) -> Font:
    """DejaVu, which lies beside matplotlib and knows most alphabets; Pillow's own where it does not."""
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(place) / "mpl-data" / "fonts" / "ttf" / f"{face}.ttf"
        if file.is_file():
            return ImageFont.truetype(file, size)
    return ImageFont.load_default(size)
