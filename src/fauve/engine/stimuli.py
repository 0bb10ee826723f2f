"""The stage that puts photographs through the effects and stores the pairs that come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.errors import ImageRejected
from fauve.imaging import encode_png
from fauve.keys import seed_from
from fauve.ledger import Ledger
from fauve.settings import StimuliSettings
from fauve.stimuli import EFFECTS, apply, photographs
from fauve.stimuli.pairs import GENERATOR, stimulus_pair

__all__ = ["Base", "StimulusJob", "base_photographs", "missing_stimuli", "render", "store_base", "store_stimuli"]


@dataclass(frozen=True, slots=True)
class Base:
    """A picture to be put through effects: uint8 RGB pixels (h, w, 3) and what must be said of it."""

    name: str
    caption: str
    pixels: NDArray[np.uint8]
    credit: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class StimulusJob:
    """One picture under one effect at some strengths."""

    base: Base
    effect: str
    strengths: tuple[float, ...]
    seed: int

    def __len__(self) -> int:
        return len(self.strengths)


def base_photographs(settings: StimuliSettings) -> list[Base]:
    """The photographs that the installed packages carry, at the size that the settings ask for."""
    return [Base(p.name, p.caption, p.load(settings.longer_side), p.credit, p.licence) for p in photographs()]


def missing_stimuli(ledger: Ledger, bases: Sequence[Base], settings: StimuliSettings) -> Iterator[StimulusJob]:
    """What the settings ask for and the ledger does not have yet."""
    had = {name for (name,) in ledger.db.execute("SELECT id FROM items WHERE generator = ?", (GENERATOR,))}
    for base in bases:
        for effect in settings.effects or tuple(EFFECTS):
            wanted = tuple(s for s in settings.strengths if f"{base.name}/{effect}/{s:g}" not in had)
            if wanted:
                yield StimulusJob(base, effect, wanted, seed_from("stimulus", settings.seed, base.name, effect))


def render(job: StimulusJob) -> list[bytes]:
    """PNG bytes of the picture at every strength."""
    return [encode_png(apply(job.effect, job.base.pixels, strength, job.seed)) for strength in job.strengths]


def store_base(ledger: Ledger, base: Base) -> str:
    """Store the picture as it was before any effect; returns its hash."""
    return ledger.add_image(encode_png(base.pixels), base.name, base.credit, base.licence).sha256


def store_stimuli(ledger: Ledger, job: StimulusJob, before: str, pictures: Sequence[bytes]) -> None:
    """Store the pictures and, in one transaction, the pairs of a job; ``before`` is the hash of its base."""
    base = job.base
    names = [f"{base.name}/{job.effect}/{s:g}" for s in job.strengths]
    stored = []
    for ref in ledger.add_images(list(zip(pictures, names, strict=True)), base.credit, base.licence):
        if isinstance(ref, ImageRejected):
            raise ref
        stored.append(ref.sha256)
    notes = {"seed": str(job.seed)}
    pairs = [
        stimulus_pair(base.name, base.caption, EFFECTS[job.effect], strength, (before, after), notes)
        for strength, after in zip(job.strengths, stored, strict=True)
    ]
    ledger.add_items((pair, f"stimulus {pair.id}") for pair in pairs)
