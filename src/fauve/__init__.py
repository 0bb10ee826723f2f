"""Fauve shows whether image generators and reward models respect the picture that was asked for.

The public names are resolved when they are first used, so that ``import fauve`` costs next to nothing and loads no
numerical library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fauve.version import __version__

if TYPE_CHECKING:
    from fauve.api import RunResult, audit, findings_of, report, run, study
    from fauve.errors import FauveError
    from fauve.ledger import Ledger
    from fauve.models.cards import ModelCard
    from fauve.models.conformance import examine
    from fauve.models.protocols import Judge, Scorer
    from fauve.records import Contrast, Finding, ImportedScore, Outcome, PromptPair, Selection
    from fauve.settings import RunSettings, read_settings
    from fauve.studies.evidence import Evidence

__all__ = [
    "Contrast",
    "Evidence",
    "FauveError",
    "Finding",
    "ImportedScore",
    "Judge",
    "Ledger",
    "ModelCard",
    "Outcome",
    "PromptPair",
    "RunResult",
    "RunSettings",
    "Scorer",
    "Selection",
    "__version__",
    "audit",
    "examine",
    "findings_of",
    "read_settings",
    "report",
    "run",
    "study",
]

_HOMES = {
    "fauve.api": ("RunResult", "audit", "findings_of", "report", "run", "study"),
    "fauve.errors": ("FauveError",),
    "fauve.ledger": ("Ledger",),
    "fauve.models.cards": ("ModelCard",),
    "fauve.models.conformance": ("examine",),
    "fauve.models.protocols": ("Judge", "Scorer"),
    "fauve.records": ("Contrast", "Finding", "ImportedScore", "Outcome", "PromptPair", "Selection"),
    "fauve.settings": ("RunSettings", "read_settings"),
    "fauve.studies.evidence": ("Evidence",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"fauve has no public name {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
