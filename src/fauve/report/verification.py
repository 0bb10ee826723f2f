"""Whether a report still says what its ledger says, and whether the ledger is what imports and runs left behind.

Looked at are every picture and every prompt against the hash that names it, every run's answers and all that was
imported against their seals, every page against its checksum, and every number of the report, computed anew, against
what was written. Only looks: nothing is mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fauve.errors import FauveError
from fauve.keys import digest_bytes
from fauve.ledger import Ledger, prompt_id, queries
from fauve.ledger.ratings import misdrawn_selections
from fauve.ledger.seals import broken_seals, imports_are_altered
from fauve.records import Finding
from fauve.report.pages import checksums

__all__ = [
    "Fault",
    "altered_pages",
    "altered_texts",
    "differing_findings",
    "replaced_pictures",
    "unsealed_or_altered",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was: of what kind, which one, and what about it."""

    kind: Literal["picture", "text", "answers", "page", "number"]
    which: str
    said: str


def replaced_pictures(ledger: Ledger) -> Iterator[Fault]:
    """Pictures that are missing, altered or cannot be decoded any more."""
    shas = [sha for (sha,) in ledger.db.execute("SELECT sha256 FROM images ORDER BY sha256")]
    for sha in shas:
        ref = queries.image_ref(ledger, sha)
        try:
            ledger.images.read(ref)
        except FauveError as error:
            yield Fault("picture", ref.path, str(error).removeprefix(f"{ref.path} "))


def unsealed_or_altered(ledger: Ledger) -> list[Fault]:
    """Runs whose answers on file are not those that they recorded, and imports that are not what came in."""
    broken, _ = broken_seals(ledger)
    outside = Fault(
        "answers",
        "what was imported",
        "it was altered after the last import: a score, a selection, a rating, a label, or what an item is made of",
    )
    return [outside] * imports_are_altered(ledger) + [
        Fault(
            "answers",
            f"run {one.run} ({one.command}, {one.started})",
            "what this run recorded was altered afterwards: a score, a judgement, a choice or what a generator said",
        )
        for one in broken
    ]


def altered_texts(ledger: Ledger) -> Iterator[Fault]:
    """Prompts that are not the texts whose hashes name them, and choices of people that their ratings do not give."""
    for prompt, text in ledger.db.execute("SELECT prompt, text FROM prompts ORDER BY prompt"):
        if prompt_id(text) != prompt:
            yield Fault("text", f"prompt {prompt[:12]}…", f"it reads {text[:60]!r} now and read otherwise when it came")
    wrong = misdrawn_selections(ledger)
    if wrong:
        said = f"in {wrong} items what people selected is not what follows from their ratings"
        yield Fault("answers", "what people selected", said)


def altered_pages(report: Path) -> Iterator[Fault]:
    """Pages, tables and charts of a report that are not what was written."""
    for path, written in checksums(report).items():
        file = report / path
        if not file.is_file():
            yield Fault("page", path, "it is missing; build the report again")
        elif digest_bytes(file.read_bytes()) != written:
            yield Fault("page", path, "it was altered after it was written; build the report again")


def differing_findings(written: Sequence[Finding], computed: Sequence[Finding]) -> list[Fault]:
    """Numbers that were written and are not what the ledger gives now, and those that only one side has.

    Those whose estimate, interval or n differs come first, then those of which only the rest does.
    """
    before, now = {f.key: f for f in written}, {f.key: f for f in computed}
    moved, dragged = [], []
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        shown = old or new
        if shown is None:
            continue
        if old is None:
            said = "follows from the ledger and does not stand in findings.json"
        elif new is None:
            said = "stands in findings.json and does not follow from the ledger"
        else:
            said = f"written {_told(old)}, computed {_told(new)}"
        if old is None or new is None or _told(old) != _told(new):
            moved.append(Fault("number", _name(shown), said))
        else:
            dragged.append(Fault("number", _name(shown), _beside(old, new)))
    return moved + dragged


def _name(finding: Finding) -> str:
    parts = {"scorer": finding.scorer, "generator": finding.generator, **finding.group}
    place = ",".join(f"{key}={value}" for key, value in parts.items() if value is not None)
    return f"{finding.study}.{finding.metric}[{place}]"


def _beside(old: Finding, new: Finding) -> str:
    """What differs where estimate, interval and n do not: a correction for many tests spreads to a whole family."""
    before, now = old.as_json(), new.as_json()
    parts = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    told = "; ".join(f"{key} written {before.get(key)}, computed {now.get(key)}" for key in parts)
    return f"the same estimate, and another {told}"


def _told(finding: Finding) -> str:
    ends = "" if finding.low is None or finding.high is None else f" [{finding.low!r}, {finding.high!r}]"
    return f"{finding.estimate!r}{ends}, n = {finding.n}"
