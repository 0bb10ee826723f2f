"""How a request for a picture ended, told finer than its outcome: some failures are no answer at all.

A request that was never sent (budget spent, service not reached) says nothing of the model. One that a service has
accepted and not yet ended is paid for. Both are on file with a reason, both are asked again by the next run, and
neither belongs to a pair until it has its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fauve.ledger.store import Ledger
from fauve.records import Outcome

__all__ = ["NOT_SENT", "STILL_RUNNING", "ending", "unanswered"]

NOT_SENT = "not sent"
STILL_RUNNING = "still running"

_FINAL = frozenset({Outcome.OK, Outcome.REFUSED})


def ending(outcome: str, facts: Mapping[str, Any]) -> str:
    """The outcome, or ``not sent``, or ``still running``, from what the generator said of the request.

    ``facts`` are those of :class:`fauve.models.protocols.Generated`: ``sent`` is False where nothing went out,
    ``left_running`` True where the service still works on it. A job of an earlier run that was looked up (``taken_up``)
    and has ended is answered, though this time nothing was sent.
    """
    if outcome in _FINAL:
        return str(outcome)
    if facts.get("left_running"):
        return STILL_RUNNING
    sent = facts.get("sent")
    return NOT_SENT if sent is not None and not sent and not facts.get("taken_up") else str(outcome)


def unanswered(ledger: Ledger, adapter: str) -> set[tuple[str, int]]:
    """Requests of a generator, by (prompt id, draw), that are on file and have no answer yet."""
    rows = ledger.db.execute(
        "SELECT prompt, draw, outcome, facts ->> 'sent', facts ->> 'left_running', facts ->> 'taken_up' "
        "FROM generations WHERE adapter = ? AND outcome <> 'ok'",
        (adapter,),
    )
    return {
        (prompt, draw)
        for prompt, draw, outcome, sent, running, taken_up in rows
        if ending(outcome, {"sent": sent, "left_running": running, "taken_up": taken_up}) != outcome
    }
