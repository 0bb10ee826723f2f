"""What selectors answered, in which order the pictures were shown, and the selections that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fauve.keys import canonical_json
from fauve.ledger.endings import NOT_SENT, ending
from fauve.ledger.queries import NEUTRAL
from fauve.ledger.store import Ledger
from fauve.records import COMPUTED, Outcome

__all__ = [
    "CHOICE_SCHEMA",
    "ORDERS",
    "SIDES",
    "Ask",
    "Choice",
    "choice_table",
    "draw_selections",
    "owed_choices",
    "record_choices",
]

SIDES: Mapping[str, tuple[str, str, str]] = {
    "pair": ("original", "anti", "anti"),
    "contrast": ("faithful", "default", "prompt"),
}
"""For each kind that has two pictures to choose from: both image slots, and the prompt slot that decides."""

CHOICE_SCHEMA = {
    "selector": pl.String,
    "item": pl.Int64,
    "turned": pl.Boolean,
    "outcome": pl.String,
    "choice": pl.String,
    "reason": pl.String,
}

ORDERS = "orders"
"""The setting of a selector under which is filed in how many orders it is asked: 2, or 1 where it is blind to order."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question that is owed: an item's pictures (slot, sha256), the one to be shown first, then the other."""

    item: int
    name: str
    turned: bool
    prompt: str
    first: tuple[str, str]
    second: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answered question: the slot that was chosen, or ``tie``, exactly when the outcome is ok."""

    item: int
    turned: bool
    outcome: Outcome
    choice: str | None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def owed_choices(
    ledger: Ledger, adapter: str, *, both_orders: bool, generators: Sequence[str] = (), limit: int | None = None
) -> list[Ask]:
    """Questions minus answers: every pair and contrast with both pictures, in each order in turn.

    Pairs whose second prompt asks for nothing (the neutral wording) are no question.

    A question that was never sent (budget spent, service not reached) is owed still.
    ``generators`` are shell patterns; where there are some, only pairs of generators that match one are asked about.
    """
    had = _answered(ledger, adapter)
    chosen = " OR ".join("generator GLOB ?" for _ in generators)
    scope = f"AND kind = 'pair' AND ({chosen})" if generators else ""
    asks = []
    for kind, (one, other, slot) in SIDES.items():
        rows = ledger.db.execute(
            "SELECT i.item, i.generator || i.study || ' ' || i.id, t.text, a.image, b.image FROM items i "
            "JOIN item_images a ON a.item = i.item AND a.slot = ? JOIN item_images b ON b.item = i.item AND b.slot = ? "
            "JOIN item_prompts p ON p.item = i.item AND p.slot = ? JOIN prompts t ON t.prompt = p.prompt "
            "WHERE i.kind = ? AND a.image IS NOT NULL AND b.image IS NOT NULL AND i.groups ->> 'wording' IS NOT ? "
            f"AND i.item IN (SELECT item FROM items ORDER BY item LIMIT ?) {scope} ORDER BY i.item",
            (one, other, slot, kind, NEUTRAL, -1 if limit is None else limit, *generators),
        )
        for item, name, text, first, second in rows:
            shown = [((one, first), (other, second)), ((other, second), (one, first))]
            for turned in range(2 if both_orders else 1):
                if (item, turned) not in had:
                    asks.append(Ask(item, name.strip(), bool(turned), text, *shown[turned]))
    return sorted(asks, key=lambda ask: (ask.item, ask.turned))


def _answered(ledger: Ledger, adapter: str) -> set[tuple[int, int]]:
    rows = ledger.db.execute(
        "SELECT item, turned, outcome, facts ->> 'sent' FROM choices WHERE adapter = ?", (adapter,)
    )
    return {(item, turned) for item, turned, outcome, sent in rows if ending(outcome, {"sent": sent}) != NOT_SENT}


def record_choices(ledger: Ledger, run: int, adapter: str, rows: Iterable[Choice]) -> None:
    """Store answers, one transaction for all of ``rows``."""
    with ledger.transaction() as db:
        db.executemany(
            "INSERT OR REPLACE INTO choices VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (adapter, c.item, int(c.turned), c.outcome.value, c.choice, c.reason, canonical_json(c.facts), run)
                for c in rows
            ],
        )


def draw_selections(ledger: Ledger, adapter: str, name: str, *, both_orders: bool) -> int:
    """File the selections that follow from a selector's answers in place of its earlier ones; returns how many.

    An item counts as answered once every order is: the same choice in both is the selection, another one a tie. What
    came with an item under the same name stays as it is.
    """
    with ledger.transaction() as db:
        db.execute("DELETE FROM selections WHERE selector = ? AND source = ?", (name, COMPUTED))
        return db.execute(
            "INSERT OR IGNORE INTO selections SELECT item, ?, ?, "
            "CASE WHEN min(choice) = max(choice) THEN min(choice) ELSE 'tie' END "
            "FROM choices WHERE adapter = ? AND outcome = 'ok' GROUP BY item HAVING count(*) = ?",
            (name, COMPUTED, adapter, 2 if both_orders else 1),
        ).rowcount


def choice_table(ledger: Ledger) -> pl.DataFrame:
    """Every answer of a current selector: selector, item, turned, outcome, choice (null unless ok), reason."""
    rows = ledger.db.execute(
        "SELECT name, item, turned, outcome, choice, reason FROM choices JOIN adapters USING (adapter) "
        "WHERE current = 1 ORDER BY 1, 2, 3"
    ).fetchall()
    return pl.DataFrame(
        [(name, item, bool(turned), *rest) for name, item, turned, *rest in rows], schema=CHOICE_SCHEMA, orient="row"
    )
