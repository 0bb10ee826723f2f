"""What a judge is asked about each dimension: a question, and options with the level that each counts as.

Fauve's own texts are data (``models/guidelines/fauve.toml``). A file of one's own has the same form; with
``extends = "fauve"`` it adds to them. A dimension may also be given as one ready ``text``, for the texts that somebody
else's adapter was trained with: those are constants of that adapter, and are neither guessed nor shipped here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError, UnknownName, suggestion
from fauve.keys import digest, digest_bytes
from fauve.vocabulary import DIMENSIONS, Dimension

__all__ = ["Guideline", "Guidelines", "Option", "guideline_of", "own_guidelines", "read_guidelines"]

LEVELS = (0, 1, 2)
"""The classes: what general taste calls bad, neither, good."""

OWN = "fauve"


@dataclass(frozen=True, slots=True)
class Option:
    """One line that the judge may pick, and the level in {0, 1, 2} that it counts as."""

    level: int
    says: str


@dataclass(frozen=True, slots=True)
class Guideline:
    """What is asked about one dimension: ``question`` with ``options``, or a ready ``text`` in their place."""

    dimension: str
    question: str = ""
    options: tuple[Option, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Guidelines:
    """The guidelines of some dimensions by name, and the ``opening`` that stands before every question."""

    name: str
    opening: str
    by_dimension: Mapping[str, Guideline]

    def text(self, dimension: str) -> str:
        """The whole text that is put to the judge. Raises UnknownName where the dimension has no guideline."""
        try:
            asked = self.by_dimension[dimension]
        except KeyError:
            raise UnknownName(f"guideline in {self.name}", dimension, self.by_dimension) from None
        if asked.text is not None:
            return asked.text
        lines = [f"{option.level}: {option.says}" for option in asked.options]
        return "\n".join([self.opening, f"Quality: {dimension}. {asked.question}", *lines])

    def hashes(self, dimensions: Iterable[str]) -> dict[str, str]:
        """Sha256 of the whole text of each dimension."""
        return {name: digest_bytes(self.text(name).encode()) for name in dimensions}

    def digest(self, dimensions: Iterable[str]) -> str:
        """One hash of the texts of these dimensions, for keys."""
        return digest(self.hashes(dimensions))

    def adding(self, *guidelines: Guideline) -> Guidelines:
        """These and further ones, which take the place of those of the same name."""
        return replace(self, by_dimension={**self.by_dimension, **{g.dimension: g for g in guidelines}})

    def as_plain(self) -> dict[str, Any]:
        """The form of a file."""
        return {
            "name": self.name,
            "opening": self.opening,
            "dimensions": {name: _plain(one) for name, one in self.by_dimension.items()},
        }


def guideline_of(dimension: Dimension) -> Guideline:
    """A guideline made of what a dimension says of its three levels: for a user's own dimension."""
    says = (dimension.high, dimension.middle, dimension.low)
    options = tuple(Option(level, text) for level, text in zip((2, 1, 0), says, strict=True))
    return Guideline(dimension.name, "Which line describes the picture?", options)


def own_guidelines() -> Guidelines:
    """Fauve's own texts for the twelve dimensions, and for those of the user's own what they say of their levels."""
    found = _shipped()
    return found.adding(*(guideline_of(one) for one in DIMENSIONS.values() if one.name not in found.by_dimension))


@cache
def _shipped() -> Guidelines:
    found = files("fauve.models") / "guidelines" / f"{OWN}.toml"
    return _parsed(tomllib.loads(found.read_text(encoding="utf-8")), f"{OWN}.toml")


def read_guidelines(given: str | Path | Mapping[str, Any] | Guidelines | None) -> Guidelines:
    """Guidelines from a TOML file, from the same form as a mapping, or Fauve's own for None.

    Raises:
        ConfigError: the file is not there or not of the form; says where.
    """
    if given is None:
        return own_guidelines()
    if isinstance(given, Guidelines):
        return given
    if isinstance(given, Mapping):
        return _parsed(given, "guidelines")
    path = Path(given).expanduser()
    try:
        return _parsed(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except OSError as error:
        raise ConfigError(f"The guidelines {path} cannot be read ({error.strerror}). Give a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The guidelines {path} are no TOML: {error}.") from None


_KEYS = ("name", "extends", "opening", "dimensions")
_DIMENSION_KEYS = ("question", "options", "text")


def _parsed(table: Mapping[str, Any], where: str) -> Guidelines:
    _refuse_unknown(table, _KEYS, where)
    extends = table.get("extends")
    if extends not in (None, OWN):
        raise ConfigError(f'{where}: extends is {extends!r}. Only "{OWN}" can be extended, or leave it out.')
    base = own_guidelines() if extends == OWN else None
    opening = table.get("opening", "" if base is None else base.opening)
    dimensions = table.get("dimensions")
    if not isinstance(dimensions, Mapping) or not dimensions:
        raise ConfigError(f"{where}: there is no dimension in it. Write a table [dimensions.NAME] for each.")
    if not isinstance(opening, str) or not isinstance(table.get("name", where), str):
        raise ConfigError(f"{where}: name and opening are texts.")
    own = {name: _guideline(name, one, f"{where}, dimension {name!r}") for name, one in dimensions.items()}
    kept = {} if base is None else dict(base.by_dimension)
    return Guidelines(table.get("name", where), opening.strip(), {**kept, **own})


def _guideline(name: str, table: Any, where: str) -> Guideline:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: it is no table. Write a question and options, or a text.")
    _refuse_unknown(table, _DIMENSION_KEYS, where)
    text = table.get("text")
    if text is not None:
        if not isinstance(text, str) or not text.strip() or len(table) > 1:
            raise ConfigError(f"{where}: a ready text is one text with something in it, and stands alone.")
        return Guideline(name, text=text)
    question, options = table.get("question"), table.get("options")
    if not isinstance(question, str) or not question.strip() or not isinstance(options, list | tuple):
        raise ConfigError(f"{where}: write a question and a list of options, or a text.")
    read = tuple(_option(one, where) for one in options)
    missing = sorted(set(LEVELS) - {option.level for option in read})
    if missing:
        raise ConfigError(f"{where}: no option has level {missing[0]}. Each of 0, 1 and 2 needs at least one.")
    return Guideline(name, question.strip(), read)


def _option(table: Any, where: str) -> Option:
    if not isinstance(table, Mapping) or set(table) != {"level", "says"}:
        raise ConfigError(f'{where}: an option is {{ level = 0, 1 or 2, says = "…" }}.')
    level, says = table["level"], table["says"]
    if type(level) is not int or level not in LEVELS or not isinstance(says, str) or not says.strip():
        raise ConfigError(
            f"{where}: an option has a level of 0, 1 or 2, and says something; this one is {dict(table)}."
        )
    return Option(level, says.strip())


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(f"{where}: there is no key {key!r}.{suggestion(key, known)}")


def _plain(one: Guideline) -> dict[str, Any]:
    if one.text is not None:
        return {"text": one.text}
    return {"question": one.question, "options": [{"level": o.level, "says": o.says} for o in one.options]}
