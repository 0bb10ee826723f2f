"""JSON Lines from outside: each row checked against its form, each fault with file, line, field and remedy."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from fauve.errors import ImportRejected, suggestion
from fauve.keys import canonical_json
from fauve.records import COMPUTED, ImportedScore

__all__ = ["Name", "Row", "ScoreRow", "Text", "Where", "read_rows", "validated"]

Name = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
"""A name or an id: text with something in it."""

Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
"""A prompt: where there is none, ``null`` says so."""

_MAGIC = {
    b"\x1f\x8b": "compressed with gzip",
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "a Parquet file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_BOM = b"\xef\xbb\xbf"

_KINDS = {
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
}


class Row(BaseModel):
    """A form of row: every field has one type, and there are no others."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class ScoreRow(Row):
    """What every score of a row states; subclasses add which slots it belongs to."""

    scorer: Name
    value: float
    source: Name | None = None


R = TypeVar("R", bound=Row)


class Where:
    """A file, and a line in it, as errors name them."""

    __slots__ = ("file", "line")

    def __init__(self, file: Path, line: int | None = None) -> None:
        self.file, self.line = str(file), line

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}, line {self.line}"

    def reject(self, field: str | None, problem: str, remedy: str) -> NoReturn:
        """Raise :class:`fauve.errors.ImportRejected` for this place."""
        raise ImportRejected(self.file, self.line, field, problem, remedy)

    def reject_unknown(self, field: str, kind: str, name: str, known: Collection[str]) -> NoReturn:
        """Raise it for a name that is not on the list, with the nearest one that is."""
        self.reject(field, f"there is no {kind} called {name!r}", suggestion(name, known).strip())

    def reject_repeated_scores(self, scores: tuple[ImportedScore, ...]) -> None:
        """Raise it when two scores of a row are for the same cell, scorer and source."""
        seen: dict[tuple[str, str, str, str], int] = {}
        for index, s in enumerate(scores):
            first = seen.setdefault((s.scorer, s.source, s.image, s.prompt), index)
            if first != index:
                self.reject(
                    f"scores[{index}]",
                    f"{s.scorer!r} from {s.source!r} has this cell in scores[{first}] already",
                    "Keep one of them, or name another source.",
                )

    def storable(self, field: str, value: Any) -> None:
        """Raise it when a free field holds a number that overflows."""
        try:
            canonical_json(value)
        except ValueError as error:
            self.reject(field, f"it cannot be stored ({error})", "Write finite numbers.")

    def source(self, given: str | None, default: str | None, field: str) -> str:
        """The source of a score: the one given, or the default of the call."""
        source = given if given is not None else default
        if source is None:
            self.reject(field, "the field is missing", "Say where the value comes from, as 'published'.")
        if source == COMPUTED:
            self.reject(
                field, f"{COMPUTED!r} is kept for values that Fauve computes itself", "Name where the value comes from."
            )
        return source


def read_rows(path: Path, form: type[R]) -> Iterator[tuple[Where, R]]:
    """The rows of a JSON Lines file, one at a time; blank lines and a UTF-8 byte order mark are passed over.

    Raises:
        ImportRejected: at the first row that is not of the form, or when the file holds no row at all.
    """
    found = False
    for where, line in _lines(path):
        found = True
        yield where, validated(form, _parsed(line, where), where)
    if not found:
        Where(path).reject(None, "the file holds no rows", "Write one JSON object a line.")


def _lines(path: Path) -> Iterator[tuple[Where, str]]:
    whole = Where(path)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        whole.reject(None, "there is no such file", "Check the path.")
    except IsADirectoryError:
        whole.reject(None, "it is a folder", "Name the file itself.")
    except OSError as error:
        whole.reject(None, f"it cannot be read ({error.strerror})", "Check its rights.")
    with file:
        for number, raw in enumerate(file, start=1):
            where = Where(path, number)
            if number == 1:
                _refuse_other_formats(raw, whole)
            body = raw.removeprefix(_BOM) if number == 1 else raw
            try:
                line = body.decode("utf-8")
            except UnicodeDecodeError as error:
                where.reject(None, f"byte {error.start + 1} is not UTF-8", "Save the file as UTF-8.")
            if line.strip():
                yield where, line


def _refuse_other_formats(head: bytes, whole: Where) -> None:
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            whole.reject(None, f"it is {what}", "Only plain JSON Lines in UTF-8 is read: unpack or convert it.")


class _RepeatedKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedKeyError(next(name for name in names if names.count(name) > 1))
    return row


# NaN and Infinity pass here, so that the form can say in which field they stand.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _parsed(line: str, where: Where) -> dict[str, Any]:
    try:
        row = _DECODER.decode(line)
    except _RepeatedKeyError as error:
        where.reject(str(error), "the field stands twice in one object", "Keep one of them.")
    except json.JSONDecodeError as error:
        where.reject(None, f"this is not JSON ({error.msg}, column {error.colno})", "Write one JSON object a line.")
    except (ValueError, RecursionError) as error:
        where.reject(None, f"this cannot be read as JSON ({error})", "Write one plain JSON object a line.")
    if not isinstance(row, dict):
        where.reject(None, f"{_kind(row)} stands where an object belongs", "Write one JSON object a line.")
    if "\\u" in line:
        _refuse_half_surrogates(row, where, ())
    return row


def _refuse_half_surrogates(value: Any, where: Where, path: tuple[str | int, ...]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_half_surrogates(name, where, (*path, name))
            _refuse_half_surrogates(inner, where, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_half_surrogates(inner, where, (*path, index))
    elif isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            field = ascii(_field(path))[1:-1]
            where.reject(field, "the text holds half of a surrogate pair", "Mend the \\u escape: no text can hold it.")


def validated(form: type[R], row: dict[str, Any], where: Where) -> R:
    """The row as its form, or the first fault; a field that is not in the form is named before one that is missing."""
    try:
        return form.model_validate(row)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=True)
    first = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    problem, remedy = _explained(first, form)
    more = f" (and {len(faults) - 1} more in this row)" if len(faults) > 1 else ""
    where.reject(_field(first["loc"]), problem + more, remedy)


def _explained(fault: ErrorDetails, form: type[Row]) -> tuple[str, str]:
    given = fault["input"]
    match fault["type"]:
        case "extra_forbidden":
            known = _fields_at(form, fault["loc"][:-1])
            answer = "there is no such field", suggestion(str(fault["loc"][-1]), known).strip()
        case "missing":
            answer = "the field is missing", "Add it; where a prompt or an image is not known, write null."
        case "finite_number" | "float_type" if isinstance(given, int | float) and not isinstance(given, bool):
            answer = f"{_shown(given)} is not a finite number", "A failure is no score: leave it out."
        case "literal_error":
            answer = f"{_shown(given)} is none of the values that it can have", f"Write {fault['ctx']['expected']}."
        case "string_too_short" | "string_pattern_mismatch":
            answer = "the text is empty", "Write it out; where a prompt or an image is not known, write null."
        case kind if kind in _KINDS:
            answer = f"{_shown(given)} is {_kind(given)}, and {_KINDS[kind]} belongs here", "Write it so."
        case _:
            answer = f"{_shown(given)} cannot be taken", f"{fault['msg'].replace('Input', 'It')}."
    return answer


def _fields_at(form: type[Row], loc: tuple[str | int, ...]) -> list[str]:
    # Only lists of rows are nested, so a name in the path leads from one form to the form of that list's rows.
    for part in loc:
        if isinstance(part, str):
            form = form.model_fields[part].annotation.__args__[0]  # type: ignore[union-attr]
    return list(form.model_fields)


def _field(loc: tuple[str | int, ...]) -> str:
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    text = ascii(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
