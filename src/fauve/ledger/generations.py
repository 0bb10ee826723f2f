"""What came of requests for pictures: of prompts (:class:`Made`), and of other pictures (:class:`Edited`)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fauve.keys import canonical_json
from fauve.ledger.endings import ending
from fauve.ledger.store import Ledger
from fauve.records import Outcome

__all__ = [
    "EditKey",
    "Edited",
    "Made",
    "draw_of",
    "edit_outcomes",
    "edited",
    "generation_outcomes",
    "made",
    "record_edits",
    "record_generations",
    "request_failures",
]

EditKey = tuple[str, str, str, int]
"""What an editor is asked for: the input's sha256, the prompt's id, the arm, the draw."""


@dataclass(frozen=True, slots=True)
class Made:
    """One request that was answered: draw ``draw`` for a prompt (by id), with an image's sha256 exactly when ok."""

    prompt: str
    draw: int
    outcome: Outcome
    image: str | None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edited:
    """One request to edit a picture that was answered: ``input`` is that picture's sha256, ``arm`` how it was asked."""

    input: str
    arm: str
    made: Made

    @property
    def key(self) -> EditKey:
        """What was asked for."""
        return self.input, self.made.prompt, self.arm, self.made.draw


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
    """How the requests to each current generator ended (see :func:`fauve.ledger.endings.ending`): name, how, count."""
    return _endings(ledger, "generations")


def edit_outcomes(ledger: Ledger) -> list[tuple[str, str, int]]:
    """How the requests to each current editor ended, as :func:`generation_outcomes` tells it."""
    return _endings(ledger, "edits")


def request_failures(ledger: Ledger) -> list[tuple[str, str, str, int]]:
    """Why requests for pictures brought none: kind (generator or editor), name, reason, count; the most frequent first.

    A row without a reason has its outcome in its place.
    """
    return ledger.db.execute(
        "SELECT kind, name, coalesce(reason, outcome), count(*) FROM ("
        " SELECT adapter, outcome, reason FROM generations UNION ALL SELECT adapter, outcome, reason FROM edits"
        ") JOIN adapters USING (adapter) WHERE current = 1 AND outcome <> 'ok' "
        "GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"
    ).fetchall()


def _endings(ledger: Ledger, table: str) -> list[tuple[str, str, int]]:
    rows = ledger.db.execute(
        "SELECT name, outcome, facts ->> 'sent', facts ->> 'left_running', facts ->> 'taken_up', count(*) "
        f"FROM {table} JOIN adapters USING (adapter) WHERE current = 1 GROUP BY 1, 2, 3, 4, 5"
    )
    counts: Counter[tuple[str, str]] = Counter()
    for name, outcome, sent, running, taken_up, count in rows:
        counts[name, ending(outcome, {"sent": sent, "left_running": running, "taken_up": taken_up})] += count
    return [(*key, count) for key, count in sorted(counts.items())]


def record_edits(ledger: Ledger, run: int, adapter: str, rows: Iterable[Edited]) -> None:
    """Store an editor's answers, one transaction for all of ``rows``. Their pictures are stored before."""
    with ledger.transaction() as db:
        db.executemany(
            "INSERT OR REPLACE INTO edits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    adapter,
                    e.input,
                    e.made.prompt,
                    e.arm,
                    e.made.draw,
                    e.made.outcome.value,
                    e.made.image,
                    e.made.reason,
                    canonical_json(e.made.facts),
                    run,
                )
                for e in rows
            ],
        )


def edited(ledger: Ledger, adapter: str) -> dict[EditKey, Made]:
    """Every answer of an editor, with its facts, by what was asked for; what has no answer yet is left out."""
    rows = ledger.db.execute(
        "SELECT input, prompt, arm, draw, outcome, image, reason, facts FROM edits WHERE adapter = ?", (adapter,)
    )
    found = {
        (input_, prompt, arm, draw): Made(prompt, draw, Outcome(outcome), image, reason, json.loads(facts))
        for input_, prompt, arm, draw, outcome, image, reason, facts in rows
    }
    return {key: one for key, one in found.items() if ending(one.outcome, one.facts) == one.outcome}


def draw_of(ledger: Ledger, generator: str, prompt: str, image: str) -> int:
    """Which draw of a generator (by shown name) for a prompt (by id) a picture is; 0 for one that was not made here."""
    row = ledger.db.execute(
        "SELECT min(draw) FROM generations JOIN adapters USING (adapter) WHERE name = ? AND prompt = ? AND image = ?",
        (generator, prompt, image),
    ).fetchone()
    return int(row[0] or 0)
