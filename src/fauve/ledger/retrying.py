"""Forgetting what failed, so that the next run asks again."""

from __future__ import annotations

from fauve.ledger.store import Ledger

__all__ = ["forget_failures"]

_ANSWERS = ("rewritings", "generations", "edits", "cells", "dimension_scores", "choices")


def forget_failures(ledger: Ledger) -> int:
    """Remove every outcome that is not ok; returns how many.

    A pair whose picture failed is made anew once the picture is there; so is a portrait whose face search failed.
    Edits are replaced when they are answered. A caption without an anti prompt is asked for again.
    """
    with ledger.transaction() as db:
        db.execute(
            "DELETE FROM items WHERE kind = 'pair' AND generator IN (SELECT name FROM adapters WHERE "
            "kind = 'generator') AND EXISTS (SELECT 1 FROM item_images m WHERE m.item = items.item AND "
            "m.image IS NULL) AND EXISTS (SELECT 1 FROM item_prompts p JOIN generations g USING (prompt) "
            "JOIN adapters a USING (adapter) WHERE p.item = items.item AND a.name = items.generator "
            "AND g.outcome <> 'ok')"
        )
        gone = db.execute("DELETE FROM items WHERE kind = 'portrait' AND notes ->> 'reason' IS NOT NULL").rowcount
        for table in _ANSWERS:
            gone += db.execute(f"DELETE FROM {table} WHERE outcome <> 'ok'").rowcount
        return gone
