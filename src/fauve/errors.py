"""Every way in which Fauve can fail, on one screen.

::

    FauveError                      the root: catch this to catch them all
    ├── ConfigError                 settings or command line are wrong: nothing was started
    ├── DataError                   input from outside is wrong: nothing of it was taken
    │   ├── ImageRejected           a file is no picture that can be used, with the reason
    │   ├── ImportRejected          a row of an import file, with file, line and field
    │   └── UnknownName             a dimension, scorer, study… that does not exist, with a suggestion
    ├── LedgerError                 the run directory cannot be read or written
    │   ├── LedgerLocked            another process is writing to it
    │   ├── LedgerCorrupt           a record or an image is not what was stored
    │   ├── LedgerTooNew            written by a later version of Fauve
    │   └── LedgerConflict          the same key arrived with another value
    ├── ModelError                  a model cannot be loaded or used
    │   ├── WeightsMissing          not in the cache, gated, or no network
    │   ├── WeightsMismatch         the file is no checkpoint of this model
    │   └── InvalidOutput           it answered with the wrong count, NaN or no numbers
    ├── PluginError                 a registered extension does not import or fit its protocol
    └── Interrupted                 stopped on request; what was finished is in the ledger

A message says what happened, to which item, and what to do next. Failures of single items in a run are not
exceptions but outcomes (:class:`fauve.records.Outcome`): they are stored and counted, and the run goes on.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = [
    "ConfigError",
    "DataError",
    "FauveError",
    "ImageRejected",
    "ImportRejected",
    "Interrupted",
    "InvalidOutput",
    "LedgerConflict",
    "LedgerCorrupt",
    "LedgerError",
    "LedgerLocked",
    "LedgerTooNew",
    "ModelError",
    "PluginError",
    "UnknownName",
    "WeightsMismatch",
    "WeightsMissing",
    "spoken_place",
    "suggestion",
]


class FauveError(Exception):
    """Root of every error that Fauve raises on purpose."""


class ConfigError(FauveError):
    """Settings or arguments are wrong; nothing was started."""


class DataError(FauveError):
    """Input from outside is wrong; nothing of it was taken."""


class ImageRejected(DataError):
    """A file is no usable picture.

    ``reason`` is one word that a test or a table can group by: ``format``, ``truncated``, ``too large``,
    ``animated``, ``constant``, ``missing``, ``empty``.
    """

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        self.name, self.reason, self.remedy = name, reason, remedy
        super().__init__(name, reason, remedy)  # what pickle calls it with again

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}. {self.remedy}"


class ImportRejected(DataError):
    """A row of an import file cannot be taken. Nothing of the file was stored."""

    def __init__(self, file: str, line: int | None, field: str | None, problem: str, remedy: str) -> None:
        self.file, self.line, self.field, self.problem, self.remedy = file, line, field, problem, remedy
        super().__init__(file, line, field, problem, remedy)

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        if self.field:
            where = f"{where}, field {self.field!r}"
        return f"{where}: {self.problem}. {self.remedy} Nothing of this file was imported."


class UnknownName(DataError):
    """A name that is not on the list, with the nearest one that is."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(set(known))
        super().__init__(kind, name, self.known)

    def __str__(self) -> str:
        return f"there is no {self.kind} called {self.name!r}.{suggestion(self.name, self.known)}"


class LedgerError(FauveError):
    """The run directory cannot be read or written."""


class LedgerLocked(LedgerError):
    """Another process writes to this ledger."""


class LedgerCorrupt(LedgerError):
    """A stored record or image is not what was stored."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a later version of Fauve."""


class LedgerConflict(LedgerError):
    """A key that the ledger has arrived again with another value."""


class ModelError(FauveError):
    """A model cannot be loaded or used."""


class WeightsMissing(ModelError):
    """Weights are not on this machine and could not be fetched."""


class WeightsMismatch(ModelError):
    """A file does not hold the weights of this model."""


class InvalidOutput(ModelError):
    """A model answered with something that is no list of finite numbers of the right length."""


class PluginError(FauveError):
    """A registered extension does not import or does not fit its protocol."""


class Interrupted(FauveError):
    """Stopped on request; everything that had finished is in the ledger."""


def spoken_place(loc: Sequence[int | str]) -> str:
    """A place in a settings file as people count: ``arms no. 1, kl`` for the ``kl`` of the first of ``[[arms]]``."""
    told = ""
    for before, part in zip(("", *loc), loc, strict=False):
        if isinstance(part, int):
            told += f" no. {part + 1}"
        else:
            told += f"{', ' if isinstance(before, int) else '.' if told else ''}{part}"
    return told


def suggestion(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'clarity'?`` or the list of what there is, as a sentence that follows another."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" There are: {', '.join(names)}." if names else " There are none here."
