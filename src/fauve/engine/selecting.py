"""The selectors' part of a run: which of two pictures fits the prompt, asked in both orders.

Failures are filed as outcomes: an item with a failed answer has no selection by that selector, and never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fauve.errors import LedgerCorrupt
from fauve.ledger import Ledger, queries
from fauve.ledger.choices import Ask, Choice, record_choices
from fauve.models.selection import Selected, SelectionRequest, Selector
from fauve.records import Outcome

__all__ = ["choose"]


def choose(
    ledger: Ledger,
    run: int,
    adapter: str,
    selector: Selector,
    asks: Sequence[Ask],
    batch: int,
    stop: Callable[[], bool],
) -> Iterator[list[Choice]]:
    """Ask in batches and file each batch as it comes back; a batch that raises is asked one by one."""
    for start in range(0, len(asks), batch):
        if stop():
            return
        chunk = asks[start : start + batch]
        rows = _answered(ledger, selector, chunk)
        record_choices(ledger, run, adapter, rows)
        yield rows


def _answered(ledger: Ledger, selector: Selector, chunk: Sequence[Ask]) -> list[Choice]:
    rows: dict[Ask, Choice] = {}
    requests: dict[Ask, SelectionRequest] = {}
    for ask in chunk:
        try:
            requests[ask] = _request(ledger, ask)
        except LedgerCorrupt as error:
            rows[ask] = Choice(ask.item, ask.turned, Outcome.FAILED, None, f"{type(error).__name__}: {error}")
    answers = _select(selector, list(requests.values()))
    rows |= {ask: _choice(ask, answer) for ask, answer in zip(requests, answers, strict=True)}
    return [rows[ask] for ask in chunk]


def _request(ledger: Ledger, ask: Ask) -> SelectionRequest:
    first, second = (ledger.images.open(queries.image_ref(ledger, sha)) for _, sha in (ask.first, ask.second))
    return SelectionRequest(ask.name, ask.prompt, first, second)


def _select(selector: Selector, requests: Sequence[SelectionRequest]) -> list[Selected]:
    if not requests:
        return []
    try:
        answers = selector.select(requests)
    except Exception as error:
        if len(requests) > 1:
            return [answer for one in requests for answer in _select(selector, [one])]
        return [Selected(Outcome.FAILED, reason=f"{type(error).__name__}: {error}")]
    if len(answers) != len(requests):
        reason = f"{selector.card.name} gave {len(answers)} answers to {len(requests)} requests"
        return [Selected(Outcome.FAILED, reason=reason) for _ in requests]
    return answers


def _choice(ask: Ask, answer: Selected) -> Choice:
    slots = {"first": ask.first[0], "second": ask.second[0], "tie": "tie"}
    chosen = None if answer.pick is None else slots[answer.pick]
    return Choice(ask.item, ask.turned, answer.outcome, chosen, answer.reason, answer.facts)
