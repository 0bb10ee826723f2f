"""Which published dataset each item came from, so far as the ledger knows."""

from __future__ import annotations

import polars as pl

from fauve.ledger.store import Ledger

__all__ = ["CREDITED", "ORIGIN_SCHEMA", "PROMPT_SET", "origins"]

ORIGIN_SCHEMA = {"item": pl.Int64, "origin": pl.String}

PROMPT_SET = "prompt set"
"""The group in which pairs that were made here carry the hub id of the published prompts that they answer."""

CREDITED = " on Hugging Face"
"""What the credit of a picture ends with that came with a published dataset, after its hub id."""


def origins(ledger: Ledger) -> pl.DataFrame:
    """item, origin: the hub id that its pictures are credited to, else that of the published prompts it was made for.

    An item that neither is known of has no row.
    """
    rows = ledger.db.execute(
        "SELECT item, origin FROM (SELECT item, coalesce("
        " (SELECT min(substr(credit, 1, length(credit) - length(:mark))) FROM item_images m"
        "  JOIN images ON sha256 = image WHERE m.item = i.item AND substr(credit, -length(:mark)) = :mark),"
        " json_extract(groups, :set)) AS origin FROM items i) WHERE origin IS NOT NULL ORDER BY item",
        {"mark": CREDITED, "set": f'$."{PROMPT_SET}"'},
    ).fetchall()
    return pl.DataFrame(rows, schema=ORIGIN_SCHEMA, orient="row")
