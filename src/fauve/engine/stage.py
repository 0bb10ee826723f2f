"""What the stages that ask for pictures share: where they write, whom they tell, when they stop, what they count."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fauve.engine.progress import Progress
from fauve.ledger import Ledger
from fauve.ledger.choices import Choice
from fauve.ledger.endings import ending
from fauve.ledger.generations import Made
from fauve.ledger.rewritings import Rewriting
from fauve.models.protocols import Generator
from fauve.models.selection import Selector

__all__ = ["Stage", "Tally"]


@dataclass(slots=True)
class Tally:
    """How requests ended and how long they took, by who was asked."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, name: str, outcomes: Iterable[str]) -> None:
        """Add how some requests to ``name`` ended."""
        self.outcomes.setdefault(name, Counter()).update(outcomes)


@dataclass(frozen=True, slots=True)
class Stage:
    """The part of a run that a stage may use; ``run_number`` opens the run where nothing was asked for before."""

    ledger: Ledger
    progress: Progress
    stop: Callable[[], bool]
    run_number: Callable[[], int]
    tally: Tally = field(default_factory=Tally)

    def work(self, name: str, title: str, total: int, batches: Iterable[Sequence[Made | Choice | Rewriting]]) -> None:
        """Go through batches that are filed as they come, and count them for ``name``."""
        self.progress.stage(title, total)
        started = time.monotonic()
        for rows in batches:
            self.tally.count(name, (ending(row.outcome, row.facts) for row in rows))
            self.progress.advance(len(rows))
        self.tally.seconds[name] = self.tally.seconds.get(name, 0.0) + time.monotonic() - started

    def file_facts(self, model: Generator | Selector, adapter: str) -> None:
        """File what a model was run with beside its answers."""
        facts = getattr(model, "provenance", None)
        if facts is not None:
            self.ledger.record_provenance(self.run_number(), adapter, facts)
