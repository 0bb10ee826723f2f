"""The selectors' part of a run: which of two pictures fits the prompt, asked in both orders.

Selectors on this machine work one after the other; those that wait for a service work side by side, each with its next
batch under way before the last one has come back. Failures are filed as outcomes: an item with a failed answer has no
selection by that selector, and never a guess. Only the thread that runs the run writes to the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import cast

from fauve.engine.generating import lend_journal
from fauve.engine.jobs import AdapterSpec, load_here, prepare_here, shown_name, unload
from fauve.engine.stage import Stage
from fauve.errors import LedgerCorrupt
from fauve.ledger import Ledger, queries
from fauve.ledger.choices import ORDERS, Ask, Choice, draw_selections, owed_choices, record_choices
from fauve.ledger.endings import ending
from fauve.models.selection import Selected, SelectionRequest, Selector
from fauve.records import Outcome
from fauve.settings import SelectorSettings

__all__ = ["Choosing", "choose", "choose_together", "select_all"]

ASKED_AT_ONCE = 4
"""Requests between two commits, for a selector that does not say how many it wants: a crash loses no more."""

AHEAD = 2
"""Batches of one service that are under way at once, so that it never waits for the slowest answer of a batch."""


@dataclass(frozen=True)
class Choosing:
    """What one selector owes: its key in the ledger, the questions, and how many it is handed at once."""

    spec: AdapterSpec
    name: str
    adapter: str
    selector: Selector
    asks: Sequence[Ask]
    batch: int
    both_orders: bool

    def chunks(self) -> Iterator[Sequence[Ask]]:
        """The questions, a batch at a time."""
        return (self.asks[start : start + self.batch] for start in range(0, len(self.asks), self.batch))


def select_all(stage: Stage, selectors: Sequence[SelectorSettings], limit: int | None = None) -> None:
    """Bring the selectors' answers to their end, and draw the selections that follow from them."""
    parts = [_owed(stage.ledger, asked, limit) for asked in selectors]
    owing = [part for part in parts if part.asks]
    for part in (part for part in owing if not _waits(part)):
        if not stage.stop():
            _load(stage, part)
            batches = choose(stage.ledger, stage.run_number(), part, stage.stop)
            stage.work(part.name, f"selecting with {part.name}", len(part.asks), batches)
            _unload(stage, part)
    waiting = [part for part in owing if _waits(part)]
    if waiting and not stage.stop():
        _select_together(stage, waiting)
    for part in parts:
        draw_selections(stage.ledger, part.adapter, part.name, both_orders=part.both_orders)


def _owed(ledger: Ledger, asked: SelectorSettings, limit: int | None) -> Choosing:
    spec = AdapterSpec("selector", asked.name, asked.options, asked.device, asked.dtype)
    model = cast(Selector, prepare_here(spec))
    name, scope = shown_name(model), asked.of or getattr(model, "of", ())
    both = not getattr(model, "blind_to_order", False)
    filed = {**model.settings, ORDERS: 2 if both else 1}
    adapter = ledger.register("selector", name, filed, model.card.as_json(), scope)
    owed = owed_choices(ledger, adapter, both_orders=both, generators=scope, limit=limit)
    batch = asked.batch or getattr(model, "batch", None) or ASKED_AT_ONCE
    return Choosing(spec, name, adapter, model, owed, batch, both)


def _waits(part: Choosing) -> bool:
    return bool(getattr(part.selector, "remote", False))


def _load(stage: Stage, part: Choosing) -> None:
    lend_journal(part.selector, stage.ledger.directory)
    load_here(part.spec)


def _unload(stage: Stage, part: Choosing) -> None:
    stage.file_facts(part.selector, part.adapter)
    unload(part.spec)


def _select_together(stage: Stage, parts: Sequence[Choosing]) -> None:
    for part in parts:
        _load(stage, part)
    names = ", ".join(part.name for part in parts)
    stage.progress.stage(f"selecting with {names}", sum(len(part.asks) for part in parts))
    started = time.monotonic()
    for part, rows in choose_together(stage.ledger, stage.run_number(), parts, stage.stop):
        stage.tally.count(part.name, (ending(row.outcome, row.facts) for row in rows))
        stage.progress.advance(len(rows))
    stage.tally.seconds[names] = stage.tally.seconds.get(names, 0.0) + time.monotonic() - started
    for part in parts:
        _unload(stage, part)


def choose(ledger: Ledger, run: int, part: Choosing, stop: Callable[[], bool]) -> Iterator[list[Choice]]:
    """Ask in batches and file each batch as it comes back; a batch that raises is asked one by one."""
    for chunk in part.chunks():
        if stop():
            return
        prepared = _Prepared(ledger, part, chunk)
        rows = prepared.choices(_select(part.selector, prepared.requests))
        record_choices(ledger, run, part.adapter, rows)
        yield rows


def choose_together(
    ledger: Ledger, run: int, parts: Sequence[Choosing], stop: Callable[[], bool]
) -> Iterator[tuple[Choosing, list[Choice]]]:
    """Ask several selectors at once, :data:`AHEAD` batches each, and file each batch as it comes back.

    After ``stop`` nothing new is asked; what is under way is waited for and filed.
    """
    left = {id(part): part.chunks() for part in parts}
    under_way: dict[Future[list[Selected]], tuple[Choosing, _Prepared]] = {}
    pool = ThreadPoolExecutor(AHEAD * len(parts), "fauve-select")

    def hand_over(part: Choosing) -> None:
        chunk = None if stop() else next(left[id(part)], None)
        if chunk is not None:
            prepared = _Prepared(ledger, part, chunk)
            under_way[pool.submit(_select, part.selector, prepared.requests)] = part, prepared

    try:
        for part in [part for _ in range(AHEAD) for part in parts]:
            hand_over(part)
        while under_way:
            for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                part, prepared = under_way.pop(done)
                hand_over(part)
                rows = prepared.choices(done.result())
                record_choices(ledger, run, part.adapter, rows)
                yield part, rows
    finally:
        pool.shutdown(cancel_futures=True)


class _Prepared:
    """A batch of questions with the pictures opened, each of them once; a question whose picture is lost is failed."""

    def __init__(self, ledger: Ledger, part: Choosing, chunk: Sequence[Ask]) -> None:
        self._chunk, self._lost, self._asked = chunk, dict[Ask, Choice](), list[Ask]()
        self.requests: list[SelectionRequest] = []
        shas = list(dict.fromkeys(sha for ask in chunk for _, sha in (ask.first, ask.second)))
        refs = [queries.image_ref(ledger, sha) for sha in shas]
        pixels = getattr(part.selector, "looks", True)
        opened = dict(zip(shas, ledger.images.open_all(refs, pixels=pixels), strict=True))
        for ask in chunk:
            first, second = (opened[sha] for _, sha in (ask.first, ask.second))
            if isinstance(first, LedgerCorrupt) or isinstance(second, LedgerCorrupt):
                error = first if isinstance(first, LedgerCorrupt) else second
                reason = f"{type(error).__name__}: {error}"
                self._lost[ask] = Choice(ask.item, ask.turned, Outcome.FAILED, None, reason)
            else:
                self._asked.append(ask)
                self.requests.append(SelectionRequest(ask.name, ask.prompt, first, second))

    def choices(self, answers: Sequence[Selected]) -> list[Choice]:
        """The rows to file, in the order of the questions."""
        rows = self._lost | {ask: _choice(ask, answer) for ask, answer in zip(self._asked, answers, strict=True)}
        return [rows[ask] for ask in self._chunk]


def _select(selector: Selector, requests: Sequence[SelectionRequest]) -> list[Selected]:
    if not requests:
        return []
    try:
        answers = list(selector.select(requests))
    except Exception as error:
        if len(requests) > 1:
            return [answer for one in requests for answer in _select(selector, [one])]
        return [Selected(Outcome.FAILED, reason=f"{type(error).__name__}: {error}")]
    if len(answers) != len(requests) or not all(isinstance(answer, Selected) for answer in answers):
        kinds = ", ".join(sorted({type(answer).__name__ for answer in answers})) or "nothing"
        reason = (
            f"{selector.card.name} gave {len(answers)} answers ({kinds}) to {len(requests)} requests; one Selected for "
            "each is wanted"
        )
        return [Selected(Outcome.FAILED, reason=reason) for _ in requests]
    return answers


def _choice(ask: Ask, answer: Selected) -> Choice:
    slots = {"first": ask.first[0], "second": ask.second[0], "tie": "tie"}
    if answer.pick is not None and answer.pick not in slots:
        return Choice(ask.item, ask.turned, Outcome.UNPARSABLE, None, f"the pick {answer.pick!r} is none", answer.facts)
    chosen = None if answer.pick is None else slots[answer.pick]
    return Choice(ask.item, ask.turned, answer.outcome, chosen, answer.reason, answer.facts)
