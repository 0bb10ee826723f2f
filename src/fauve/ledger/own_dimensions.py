"""Dimensions of the user's own, filed with the items and judges that name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from fauve.keys import canonical_json
from fauve.ledger.store import Ledger
from fauve.vocabulary import Dimension, add_dimensions

__all__ = ["file_dimensions"]


def file_dimensions(ledger: Ledger, own: Iterable[Dimension]) -> None:
    """Make dimensions known here and to whoever opens this directory later.

    Raises:
        ConfigError: where a name stands for something else already, in the vocabulary or on file; then none is filed.
    """
    own = tuple(own)
    add_dimensions(own)  # opening the ledger made those on file known, so other wording is refused here
    with ledger.transaction() as db:
        for one in own:
            wording = {key: value for key, value in asdict(one).items() if key != "name"}
            db.execute("INSERT OR IGNORE INTO dimensions VALUES (?, ?)", (one.name, canonical_json(wording)))
