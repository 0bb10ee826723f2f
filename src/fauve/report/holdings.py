"""What a ledger holds, counted: the facts that stand on the first and on the methods page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from fauve.ledger import Ledger, queries

__all__ = ["Credit", "Holdings", "Source", "Versions", "credit_lines"]


@dataclass(frozen=True, slots=True)
class Source:
    """Scores of one scorer from one source: how many cells ended well and how many did not."""

    scorer: str
    source: str
    ok: int
    other: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Pictures that share a credit line and a licence (empty where their owner gave none)."""

    credit: str
    licence: str
    count: int


@dataclass(frozen=True, slots=True)
class Versions:
    """Runs that shared a command and versions of everything."""

    command: str
    versions: Mapping[str, str]
    runs: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """Counts and lists.

    ``pictured`` items have at least one stored picture; ``seen`` has each judge's dimensions, ``made_with`` what each
    scorer's values were made with, a run at a time.
    """

    items: int
    pairs: int
    contrasts: int
    edits: int
    portraits: int
    pictured: int
    images: int
    prompts: int
    selected: int
    constructed: int
    photographs: int
    effects: int
    scorers: tuple[dict[str, Any], ...]
    judges: tuple[dict[str, Any], ...]
    sources: tuple[Source, ...]
    outcomes: pl.DataFrame
    credits: tuple[Credit, ...]
    runs: tuple[Versions, ...]
    seen: Mapping[str, tuple[str, ...]]
    made_with: Mapping[str, tuple[dict[str, Any], ...]]

    @classmethod
    def read(cls, ledger: Ledger) -> Holdings:
        """Count everything."""
        kinds = dict(ledger.db.execute("SELECT kind, count(*) FROM items GROUP BY kind").fetchall())
        scorers = tuple(queries.adapters(ledger, "scorer"))
        return cls(
            items=sum(kinds.values()),
            pairs=kinds.get("pair", 0),
            contrasts=kinds.get("contrast", 0),
            edits=kinds.get("edit", 0),
            portraits=kinds.get("portrait", 0),
            pictured=_count(ledger, "SELECT count(DISTINCT item) FROM item_images WHERE image IS NOT NULL"),
            images=_count(ledger, "SELECT count(*) FROM images"),
            prompts=_count(ledger, "SELECT count(*) FROM prompts"),
            selected=_count(ledger, "SELECT count(DISTINCT item) FROM selections WHERE selector <> 'construction'"),
            constructed=_count(ledger, "SELECT count(*) FROM items WHERE generator = 'stimuli'"),
            photographs=_count(
                ledger, "SELECT count(DISTINCT groups ->> 'photo') FROM items WHERE generator = 'stimuli'"
            ),
            effects=_count(ledger, "SELECT count(DISTINCT groups ->> 'effect') FROM items WHERE generator = 'stimuli'"),
            scorers=scorers,
            judges=tuple(queries.adapters(ledger, "judge")),
            sources=_sources(ledger),
            outcomes=queries.outcomes(ledger),
            credits=_credits(ledger),
            runs=tuple(_runs(ledger)),
            seen=_seen(ledger),
            made_with={entry["name"]: tuple(queries.provenance(ledger, entry["adapter"])) for entry in scorers},
        )

    @property
    def asked(self) -> int:
        """Requests to scorers and judges of this installation."""
        return int(self.outcomes["count"].sum())

    @property
    def unanswered(self) -> int:
        """Those of them that ended without a value."""
        return int(self.outcomes.filter(pl.col("outcome") != "ok")["count"].sum())

    @property
    def scorer_names(self) -> list[str]:
        """Every scorer with a score on file, by name."""
        return sorted({source.scorer for source in self.sources})


def credit_lines(ledger: Ledger, shas: list[str]) -> dict[str, str]:
    """Credit and licence of these pictures in one line each, where there is either."""
    rows = ledger.db.execute(
        "SELECT sha256, credit, licence FROM images WHERE (credit IS NOT NULL OR licence IS NOT NULL) "
        "AND sha256 IN (SELECT value FROM json_each(?))",
        (json.dumps(shas),),
    )
    return {sha: ", ".join(filter(None, (credit, licence))) for sha, credit, licence in rows}


def _count(ledger: Ledger, query: str) -> int:
    return int(ledger.db.execute(query).fetchone()[0])


def _sources(ledger: Ledger) -> tuple[Source, ...]:
    rows = ledger.db.execute(
        "SELECT scorer, source, count(*), 0 FROM imported_scores GROUP BY 1, 2 UNION ALL "
        "SELECT name, 'computed', sum(outcome = 'ok'), sum(outcome <> 'ok') FROM cells "
        "JOIN adapters USING (adapter) WHERE current = 1 GROUP BY 1 ORDER BY 1, 2"
    )
    return tuple(Source(*row) for row in rows)


def _credits(ledger: Ledger) -> tuple[Credit, ...]:
    rows = ledger.db.execute(
        "SELECT coalesce(credit, ''), coalesce(licence, ''), count(*) FROM images GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return tuple(Credit(*row) for row in rows)


def _runs(ledger: Ledger) -> Iterator[Versions]:
    rows = ledger.db.execute("SELECT command, versions, count(*) FROM runs GROUP BY 1, 2 ORDER BY min(run)")
    for command, versions, count in rows:
        yield Versions(command, json.loads(versions), count)


def _seen(ledger: Ledger) -> dict[str, tuple[str, ...]]:
    rows = ledger.db.execute(
        "SELECT DISTINCT name, dimension FROM dimension_scores JOIN adapters USING (adapter) WHERE current = 1 "
        "ORDER BY 1, 2"
    )
    found: dict[str, tuple[str, ...]] = {}
    for judge, dimension in rows:
        found[judge] = (*found.get(judge, ()), dimension)
    return found
