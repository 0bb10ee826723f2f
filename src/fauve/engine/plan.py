"""The work that adapters owe, cut into jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fauve.engine.jobs import AdapterSpec, Job
from fauve.ledger import Ledger, queries
from fauve.ledger.owed import Owed
from fauve.records import ImageRef

__all__ = ["Work"]


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

    def jobs(self, ledger: Ledger, images_per_job: int) -> Iterator[Job]:
        """Jobs of at most ``images_per_job`` pictures; a picture's rows stay together, so that it is encoded once."""
        by_image: dict[str, list[str]] = {}
        for image, subject in self.owed.rows:
            by_image.setdefault(image, []).append(subject)
        names = list(by_image)
        for start in range(0, len(names), images_per_job):
            chunk = names[start : start + images_per_job]
            yield self._job(ledger, [queries.image_ref(ledger, sha) for sha in chunk], [by_image[sha] for sha in chunk])

    def _job(self, ledger: Ledger, images: Sequence[ImageRef], wanted: Sequence[Sequence[str]]) -> Job:
        ids = list(dict.fromkeys(subject for row in wanted for subject in row))
        texts = queries.prompts(ledger, ids) if self.spec.kind == "scorer" else {d: d for d in ids}
        index = {subject: k for k, subject in enumerate(ids)}
        cells = tuple((i, index[subject]) for i, row in enumerate(wanted) for subject in row)
        return Job(self.spec, tuple(images), tuple(texts[s] for s in ids), tuple(ids), cells)
