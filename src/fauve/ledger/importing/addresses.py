"""Items as tables from outside name them: by kind, id, and who or what they belong to."""

from __future__ import annotations

from typing import NoReturn

from fauve.ledger.importing.rows import Where
from fauve.ledger.store import Ledger

__all__ = ["item_of"]

_OWNER = {"pair": "generator", "contrast": "study", "picture": "study"}
"""The column that, with the id, names an item of each kind; the other one is empty."""

_NEVER = {"generator": "study", "study": "generator"}
_FROM = {"pair": "`fauve import pairs`", "contrast": "`fauve import contrasts`", "picture": "`fauve import dataset`"}


def item_of(ledger: Ledger, where: Where, kind: str, id_: str, *, study: str | None, generator: str | None) -> int:
    """The number of the item that a row speaks of.

    Raises:
        ImportRejected: when the row names its owner wrongly, or the ledger has no such item.
    """
    column, other = _OWNER[kind], _NEVER[_OWNER[kind]]
    said = {"generator": generator, "study": study}
    told = "Pairs have a generator and no study; contrasts and pictures have a study and no generator."
    owner = said[column]
    if owner is None:
        where.reject(column, "the cell is empty", told)
    if said[other] is not None:
        where.reject(other, f"{said[other]!r} stands at a {kind}", told)
    found = ledger.db.execute(
        "SELECT item FROM items WHERE kind = ? AND study = ? AND generator = ? AND id = ?",
        (kind, study or "", generator or "", id_),
    ).fetchone()
    if found is None:
        _reject_absent(ledger, where, kind, id_, owner)
    return int(found[0])


def _reject_absent(ledger: Ledger, where: Where, kind: str, id_: str, owner: str) -> NoReturn:
    column = _OWNER[kind]
    known = tuple(name for (name,) in ledger.db.execute(f"SELECT DISTINCT {column} FROM items WHERE kind = ?", (kind,)))
    if owner not in known:
        where.reject_unknown(column, f"{column} with {kind}s in this ledger", owner, known)
    where.reject(
        "id", f"the ledger has no {kind} {id_!r} of {owner!r}", f"Import it first with {_FROM[kind]}, or mend the id."
    )
