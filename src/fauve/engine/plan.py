"""The work that adapters owe, cut into jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fauve.engine.jobs import AdapterSpec, Job
from fauve.ledger import Ledger, queries
from fauve.ledger.owed import Owed
from fauve.records import ImageRef

__all__ = ["Work", "bundles", "shortly"]

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Work:
    """What one adapter owes; ``adapter`` is its key in the ledger.

    ``weightless`` work is bound by the processor and may be spread over worker processes.
    """

    spec: AdapterSpec
    adapter: str
    owed: Owed
    weightless: bool

    @property
    def images(self) -> int:
        """How many pictures it has to look at."""
        return len({image for image, _ in self.owed.rows})

    def job(self, ledger: Ledger, images: Sequence[ImageRef], wanted: Sequence[Sequence[str]]) -> Job:
        """One job over these pictures and, for each, the subjects that are wanted of it."""
        ids = list(dict.fromkeys(subject for row in wanted for subject in row))
        texts = queries.prompts(ledger, ids) if self.spec.kind == "scorer" else {d: d for d in ids}
        index = {subject: k for k, subject in enumerate(ids)}
        cells = tuple((i, index[subject]) for i, row in enumerate(wanted) for subject in row)
        return Job(self.spec, tuple(images), tuple(texts[s] for s in ids), tuple(ids), cells)


def shortly(works: Sequence[Work]) -> str:
    """Who is at work, by name; several by their number, as each was announced by name before."""
    if len(works) > MOST_NAMED:
        return f"{len(works)} scorers and judges"
    return ", ".join(work.spec.name for work in works)


def bundles(ledger: Ledger, works: Sequence[Work], images_per_job: int) -> Iterator[tuple[Job, ...]]:
    """Jobs of several adapters over the same pictures, together, so that what they share is done once."""
    owed: list[dict[str, list[str]]] = [{} for _ in works]
    for rows, work in zip(owed, works, strict=True):
        for image, subject in work.owed.rows:
            rows.setdefault(image, []).append(subject)
    names = list(dict.fromkeys(image for rows in owed for image in rows))
    for start in range(0, len(names), images_per_job):
        chunk = names[start : start + images_per_job]
        refs = {sha: queries.image_ref(ledger, sha) for sha in chunk}
        yield tuple(
            work.job(ledger, [refs[sha] for sha in chunk if sha in rows], [rows[sha] for sha in chunk if sha in rows])
            for rows, work in zip(owed, works, strict=True)
            if any(sha in rows for sha in chunk)
        )
