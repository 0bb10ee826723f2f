"""Whose pictures and models a ledger holds, and under which licences: what a public copy must be able to say."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fauve.errors import DataError
from fauve.ledger.store import Ledger

__all__ = ["Holding", "check_public", "model_licences", "picture_licences"]


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that has a licence or should: pictures of one origin (``count`` of them), or a model.

    ``name`` is the generator or study of pictures, or the model's name; ``licence`` is None where the ledger has none.
    """

    kind: str
    name: str
    licence: str | None
    credit: str | None
    count: int


def picture_licences(ledger: Ledger, kinds: Collection[str]) -> list[Holding]:
    """Pictures of items of these kinds by origin, licence and credit."""
    chosen = ", ".join("?" for _ in kinds)
    rows = ledger.db.execute(
        "SELECT CASE WHEN generator <> '' THEN generator ELSE study END, licence, credit, count(DISTINCT sha256) "
        "FROM items JOIN item_images USING (item) JOIN images ON sha256 = image "
        f"WHERE kind IN ({chosen}) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        tuple(kinds),
    )
    return [Holding("pictures", name, licence, credit, count) for name, licence, credit, count in rows]


def model_licences(ledger: Ledger) -> list[Holding]:
    """Current models of the ledger by kind and name, with the licence of their cards."""
    rows = ledger.db.execute(
        "SELECT kind, name, nullif(card ->> '$.licence', ''), card ->> '$.hub_id' FROM adapters WHERE current = 1 "
        "ORDER BY 1, 2"
    )
    return [Holding(kind, name, licence, hub_id, 1) for kind, name, licence, hub_id in rows]


def check_public(pictures: Collection[Holding], models: Collection[Holding], told: Collection[str]) -> None:
    """Refuse what is to be public and has pictures, or pictures' makers, without a licence that is known.

    A licence of scorers and judges is not asked for: their numbers are given away, not they. ``told`` names origins
    that may go out all the same.

    Raises:
        DataError: naming every origin without a licence, and how to let it pass; or a name in ``told`` that is none.
    """
    open_ended = [h for h in pictures if h.licence is None]
    open_ended += [h for h in models if h.kind in {"generator", "editor"} and h.licence is None]
    names = list(dict.fromkeys(h.name for h in open_ended))
    strangers = sorted(set(told) - {h.name for h in (*pictures, *models)})
    if strangers:
        raise DataError(
            f"--unknown-licence names {', '.join(map(repr, strangers))}, which this export does not hold. It holds "
            f"{', '.join(repr(h) for h in dict.fromkeys(h.name for h in pictures)) or 'no pictures'}."
        )
    refused = [name for name in names if name not in told]
    if refused:
        counts = {name: sum(h.count for h in pictures if h.name == name and h.licence is None) for name in refused}
        listed = ", ".join(f"{name!r} ({counts[name]:,} pictures)" for name in refused)
        flags = " ".join(f"--unknown-licence {name!r}" for name in refused)
        raise DataError(
            f"no licence is on file for the pictures of {listed}, so they cannot be published. Give the licence where "
            f"they are imported (--licence), or, where you know that you may, say so by name: {flags}. "
            "Nothing was written."
        )
