"""What came of requests to write anti prompts: texts, and the outcomes of those that were not written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fauve.keys import canonical_json, digest
from fauve.ledger.endings import NOT_SENT, ending
from fauve.ledger.store import Ledger
from fauve.records import Outcome

__all__ = [
    "RewriterState",
    "Rewriting",
    "record_rewritings",
    "register_rewriter",
    "rewriter_states",
    "written",
]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """One request that was answered: ``request`` is its key, ``anti`` there exactly when the outcome is ok."""

    request: str
    original: str
    dimensions: tuple[str, ...]
    outcome: Outcome
    anti: str | None = None
    negative: str | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RewriterState:
    """How far the current rewriter is: captions asked for, endings (see :func:`ending`), and why the others ended so.

    ``reasons`` are ending, reason and count, the most frequent first.
    """

    name: str
    asked: int
    endings: Mapping[str, int]
    reasons: tuple[tuple[str, str, int], ...]
    settings: Mapping[str, Any]


def register_rewriter(ledger: Ledger, name: str, settings: Mapping[str, Any], asked: int) -> str:
    """Make a rewriter with these settings the current one, of whom ``asked`` captions are wanted; returns its key."""
    key = digest({"kind": "rewriter", "name": name, "settings": settings})
    with ledger.transaction() as db:
        db.execute("UPDATE rewriters SET current = 0")
        db.execute(
            "INSERT INTO rewriters VALUES (?, ?, ?, 1, ?) "
            "ON CONFLICT (rewriter) DO UPDATE SET current = 1, asked = excluded.asked",
            (key, name, canonical_json(settings), asked),
        )
    return key


def record_rewritings(ledger: Ledger, run: int, rewriter: str, rows: Iterable[Rewriting]) -> None:
    """Store answers, one transaction for all of ``rows``."""
    with ledger.transaction() as db:
        db.executemany(
            "INSERT OR REPLACE INTO rewritings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    rewriter,
                    row.request,
                    ledger.add_prompt(row.original),
                    canonical_json(row.dimensions),
                    row.outcome.value,
                    None if row.anti is None else ledger.add_prompt(row.anti),
                    row.negative,
                    row.reason,
                    canonical_json(row.facts),
                    run,
                )
                for row in rows
            ],
        )


def written(ledger: Ledger, rewriter: str) -> dict[str, Rewriting]:
    """Every answer of a rewriter by request; what was never sent has no answer and is left out."""
    rows = ledger.db.execute(
        "SELECT request, o.text, dimensions, outcome, a.text, negative, reason, facts FROM rewritings "
        "JOIN prompts o ON o.prompt = original LEFT JOIN prompts a ON a.prompt = anti WHERE rewriter = ?",
        (rewriter,),
    )
    found = (
        Rewriting(key, original, tuple(json.loads(names)), Outcome(outcome), anti, negative, reason, json.loads(facts))
        for key, original, names, outcome, anti, negative, reason, facts in rows
    )
    return {row.request: row for row in found if ending(row.outcome, row.facts) != NOT_SENT}


def rewriter_states(ledger: Ledger) -> list[RewriterState]:
    """The rewriter that wrote last; an empty list where none did."""
    states = []
    for rewriter, name, asked, settings in ledger.db.execute(
        "SELECT rewriter, name, asked, settings FROM rewriters WHERE current = 1"
    ).fetchall():
        endings, reasons = Counter[str](), Counter[tuple[str, str]]()
        for outcome, reason, sent in ledger.db.execute(
            "SELECT outcome, reason, facts ->> 'sent' FROM rewritings WHERE rewriter = ?", (rewriter,)
        ):
            how = ending(outcome, {"sent": sent})
            endings[how] += 1
            if outcome != Outcome.OK:
                reasons[how, reason or "no reason given"] += 1
        told = sorted(((*key, count) for key, count in reasons.items()), key=lambda row: (-row[2], *row[:2]))
        states.append(RewriterState(name, max(asked, endings.total()), endings, tuple(told), json.loads(settings)))
    return states
