"""A comparison from run directories to its page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fauve.engine.progress import Progress, Silent
from fauve.errors import ConfigError, UnknownName
from fauve.ledger import Ledger
from fauve.report.comparison import comparison_json, write_comparison
from fauve.report.comparison_settings import adapter_settings, differing, run_settings
from fauve.studies.comparing import Comparison, compare_generators, compare_runs, compare_scorers
from fauve.studies.evidence import Evidence

__all__ = ["compare"]

Settings = list[tuple[str, str, str]]


def compare(
    first: str,
    second: str,
    out: Path = Path("fauve-compare"),
    progress: Progress | None = None,
    *,
    directory: Path | None = None,
    scorers: Sequence[str] = (),
) -> tuple[dict[str, Any], Path]:
    """Paired differences (``second`` minus ``first``) of two runs, or of two generators or scorers of one run.

    Args:
        first, second: run directories; with ``directory`` the names of two generators, or of two scorers, in it.
        out: where ``compare.html``, ``compare.json`` and small pictures go.
        progress: who is told; None for nobody.
        directory: the run that both are in; None where they are runs.
        scorers: only their scores; the first of them chooses the pictures. None of them keeps all.

    Returns:
        What ``compare.json`` holds, and the page.

    Raises:
        UnknownName: the run has no such generator or scorer.
        DataError: a directory holds no ledger.
        LedgerError: ``out`` cannot be written.
    """
    told = progress or Silent()
    places = (directory, directory) if directory is not None else (Path(first), Path(second))
    with Ledger(places[0]) as one, Ledger(places[1]) as other:
        told.say("comparing")
        if directory is None:
            compared, settings = _runs(places, (one, other), scorers)
        else:
            compared, settings = _within(one, first, second, scorers)
        page = write_comparison(compared, (one, other), settings, out, scorers)
    return comparison_json(compared, settings), page


def _runs(
    places: tuple[Path, Path], ledgers: tuple[Ledger, Ledger], scorers: Sequence[str]
) -> tuple[Comparison, Settings]:
    first, second = (
        {**run_settings(place), "models": adapter_settings(ledger)}
        for place, ledger in zip(places, ledgers, strict=True)
    )
    evidence = Evidence.read(ledgers[0]), Evidence.read(ledgers[1])
    return compare_runs(_labels(*places), *evidence, scorers), differing(first, second)


def _within(ledger: Ledger, first: str, second: str, scorers: Sequence[str]) -> tuple[Comparison, Settings]:
    """Two scorers where both names are those of scorers, else two generators."""
    evidence = Evidence.read(ledger)
    scored, made = set(evidence.grid["scorer"]), set(evidence.items["generator"]) - {""}
    for name in (first, second):
        if name not in scored | made:
            raise UnknownName("generator or scorer", name, scored | made)
    kind = "scorer" if {first, second} <= scored else "generator"
    if kind == "generator" and not {first, second} <= made:
        one = first if first in scored else second
        raise ConfigError(f"{one} is a scorer and the other a generator: name two of the same kind")
    known = adapter_settings(ledger)[kind]
    settings = differing(known.get(first, {}), known.get(second, {}))
    if kind == "scorer":
        return compare_scorers(evidence, first, second), settings
    return compare_generators(evidence, first, second, scorers), settings


def _labels(first: Path, second: Path) -> tuple[str, str]:
    """Two directories by their last names, or as they were given where these are the same."""
    names = first.resolve().name, second.resolve().name
    return names if names[0] != names[1] else (str(first), str(second))
