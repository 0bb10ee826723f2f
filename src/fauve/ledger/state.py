"""How far a run directory is: a fingerprint of its content, and counts for ``fauve status``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fauve.keys import digest
from fauve.ledger.choices import ORDERS, owed_choices
from fauve.ledger.generations import edit_outcomes, generation_outcomes, request_failures
from fauve.ledger.owed import owed_cells, owed_dimensions
from fauve.ledger.queries import adapters, scopes
from fauve.ledger.rewritings import RewriterState, rewriter_states
from fauve.ledger.store import Ledger
from fauve.records import Outcome
from fauve.version import __version__

__all__ = ["AdapterState", "State", "fingerprint", "state"]

PUBLISHED = "published"
"""The source of a judge whose values came with a published dataset."""

NOBODY = ""
"""The key of no adapter: what it owes is everything."""


@dataclass(frozen=True, slots=True)
class AdapterState:
    """One rewriter, scorer, judge or selector: answers wanted, the ok ones, and the others by outcome.

    Wanted of a rewriter are the captions of its last run, of a judge whose values came with an import those alone.
    """

    kind: str
    name: str
    wanted: int
    ok: int
    failed: dict[str, int]
    reasons: tuple[tuple[str, int], ...]

    @property
    def missing(self) -> int:
        """Answers that were never asked for or never came back."""
        return self.wanted - self.ok - sum(self.failed.values())


@dataclass(frozen=True, slots=True)
class State:
    """What a run directory holds; ``generators`` and ``editors`` have for each the count of requests by outcome.

    ``unmade`` says why requests brought no picture: kind, name, reason, count.
    """

    items: dict[str, int]
    images: int
    imported_scores: dict[str, int]
    adapters: tuple[AdapterState, ...]
    generators: dict[str, dict[str, int]]
    editors: dict[str, dict[str, int]]
    unmade: tuple[tuple[str, str, str, int], ...]
    runs: int
    ratings: int
    raters: int


def fingerprint(ledger: Ledger) -> str:
    """Changes whenever anything that a report is drawn from changes through Fauve."""
    tables = (
        "items",
        "images",
        "prompts",
        "selections",
        "imported_scores",
        "judge_labels",
        "cells",
        "dimension_scores",
        "generations",
        "edits",
        "choices",
        "rewritings",
        "dimensions",
        "ratings",
    )
    counts = {table: ledger.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    # A retry that succeeds replaces a row, so the counts alone would not show it.
    failed = [
        ledger.db.execute(f"SELECT count(*) FROM {table} WHERE outcome <> 'ok'").fetchone()[0]
        for table in ("cells", "dimension_scores", "generations", "edits", "choices", "rewritings")
    ]
    current = [row[0] for row in ledger.db.execute("SELECT adapter FROM adapters WHERE current = 1 ORDER BY 1")]
    # A run replaces the edits and portraits that it made before in another form.
    remade = [row[0] for row in ledger.db.execute("SELECT digest FROM items WHERE kind <> 'pair' ORDER BY item")]
    found = {"counts": counts, "failed": failed, "adapters": current, "remade": digest(remade)}
    return digest({"fauve": __version__, **found})


def state(ledger: Ledger) -> State:
    """Counts of everything, with what failed and why."""
    items = {
        (f"{kind}s of {study}" if kind in {"contrast", "picture"} else f"{kind}s by {generator}"): count
        for kind, study, generator, count in ledger.db.execute(
            "SELECT kind, study, generator, count(*) FROM items GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
    }
    imported = dict(
        ledger.db.execute(
            "SELECT scorer || ' (' || source || ')', count(*) FROM imported_scores GROUP BY scorer, source ORDER BY 1"
        ).fetchall()
    )
    return State(
        items=items,
        images=ledger.db.execute("SELECT count(*) FROM images").fetchone()[0],
        imported_scores=imported,
        adapters=(
            *map(_writing_state, rewriter_states(ledger)),
            *(
                _adapter_state(ledger, kind, row)
                for kind in ("scorer", "judge", "selector")
                for row in adapters(ledger, kind)
            ),
        ),
        generators=_by_name(generation_outcomes(ledger)),
        editors=_by_name(edit_outcomes(ledger)),
        unmade=tuple(request_failures(ledger)),
        runs=ledger.db.execute("SELECT count(*) FROM runs").fetchone()[0],
        ratings=ledger.db.execute("SELECT count(*) FROM ratings").fetchone()[0],
        raters=ledger.db.execute("SELECT count(DISTINCT rater) FROM ratings").fetchone()[0],
    )


def _by_name(rows: list[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, outcome, count in rows:
        found.setdefault(name, {})[outcome] = count
    return found


def _adapter_state(ledger: Ledger, kind: str, row: dict[str, Any]) -> AdapterState:
    table = {"scorer": "cells", "judge": "dimension_scores", "selector": "choices"}[kind]
    counts = dict(
        ledger.db.execute(f"SELECT outcome, count(*) FROM {table} WHERE adapter = ? GROUP BY 1", (row["adapter"],))
    )
    reasons = ledger.db.execute(
        f"SELECT reason, count(*) FROM {table} WHERE adapter = ? AND outcome <> 'ok' "
        "GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
        (row["adapter"],),
    ).fetchall()
    ok = counts.pop("ok", 0)
    told = tuple((str(reason), n) for reason, n in reasons)
    wanted = _wanted(ledger, kind, row, ok + sum(counts.values()))
    return AdapterState(kind, row["name"], wanted, ok, counts, told)


def _writing_state(found: RewriterState) -> AdapterState:
    failed = {how: count for how, count in found.endings.items() if how != Outcome.OK}
    told = tuple((reason, count) for _, reason, count in found.reasons[:5])
    return AdapterState("rewriter", found.name, found.asked, found.endings.get("ok", 0), failed, told)


def _wanted(ledger: Ledger, kind: str, row: dict[str, Any], had: int) -> int:
    """How many answers are wanted of an adapter in all: ``had`` of them, and what it owes within its scope."""
    if row["settings"].get("source") == PUBLISHED:
        return had  # it is not here to be asked for more
    scope = scopes(ledger, kind).get(row["name"], ())
    if kind == "selector":
        both = row["settings"].get(ORDERS) != 1
        return len(owed_choices(ledger, NOBODY, both_orders=both, generators=scope))
    if kind == "scorer":
        owed = owed_cells(ledger, row["adapter"], scope=scope)
    else:
        seen = "SELECT DISTINCT dimension FROM dimension_scores WHERE adapter = ? ORDER BY 1"
        dimensions = [d for (d,) in ledger.db.execute(seen, (row["adapter"],))]
        owed = owed_dimensions(ledger, row["adapter"], dimensions, scope=scope)
    return len(owed.rows) + had
