"""What came of requests for pictures, and the pairs that are complete because of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fauve.keys import canonical_json
from fauve.ledger.store import Ledger
from fauve.records import Outcome

__all__ = ["Made", "generation_outcomes", "made", "record_generations"]


@dataclass(frozen=True, slots=True)
class Made:
    """One request that was answered: draw ``draw`` for a prompt (by id), with an image's sha256 exactly when ok."""

    prompt: str
    draw: int
    outcome: Outcome
    image: str | None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def record_generations(ledger: Ledger, run: int, adapter: str, rows: Iterable[Made]) -> None:
    """Store answers, one transaction for all of ``rows``. Their pictures are stored before."""
    with ledger.transaction() as db:
        db.executemany(
            "INSERT OR REPLACE INTO generations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (adapter, m.prompt, m.draw, m.outcome.value, m.image, m.reason, canonical_json(m.facts), run)
                for m in rows
            ],
        )


def made(ledger: Ledger, adapter: str) -> dict[tuple[str, int], Made]:
    """Every answer of a generator on file, by (prompt id, draw); facts are left in the ledger."""
    rows = ledger.db.execute(
        "SELECT prompt, draw, outcome, image, reason FROM generations WHERE adapter = ?", (adapter,)
    )
    return {
        (prompt, draw): Made(prompt, draw, Outcome(outcome), image, reason)
        for prompt, draw, outcome, image, reason in rows
    }


def generation_outcomes(ledger: Ledger) -> list[tuple[str, str, int]]:
    """How the requests to each current generator ended: name, outcome, count."""
    return ledger.db.execute(
        "SELECT name, outcome, count(*) FROM generations JOIN adapters USING (adapter) WHERE current = 1 "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
