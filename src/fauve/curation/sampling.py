"""Drawing pictures at random from a band of scores: where to look, without choosing by eye."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fauve.curation.store import CurationStore
from fauve.engine.progress import Progress, Silent
from fauve.errors import ConfigError, InvalidOutput
from fauve.imaging import decode
from fauve.keys import digest
from fauve.models.protocols import Scorer

__all__ = ["Band", "draw_band", "score_pictures"]

BATCH = 16


@dataclass(frozen=True, slots=True)
class Band:
    """Bounds of a band, both within it: as values, or as shares of all pictures in order (0 lowest, 1 highest)."""

    low: float
    high: float
    shares: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high or (self.shares and not (self.low >= 0 and self.high <= 1)):
            raise ConfigError(
                f"{self.low:g} to {self.high:g} is no band; give the lower bound first, shares from 0 to 1"
            )


def score_pictures(
    store: CurationStore, scorer: Scorer, prompt: str = "", progress: Progress | None = None
) -> dict[str, float]:
    """Hash → score of every picture; only those that have none under this scorer and prompt are scored.

    ``scorer`` is loaded.

    Raises:
        ConfigError: the scorer reads the prompt, and there is none.
        InvalidOutput: it gave the wrong count, or something that is no finite number.
    """
    told = progress or Silent()
    if scorer.card.sees_prompt and not prompt:
        raise ConfigError(f"{scorer.card.name} reads a prompt: say under which one to score, with --prompt")
    if not scorer.card.sees_prompt:
        prompt = ""
    key = digest([scorer.card.name, dict(scorer.settings)])
    known = store.scores(key, prompt)
    missing = [picture for picture in store.pictures() if picture.sha256 not in known]
    told.stage(f"scores of {scorer.card.name}", len(missing))
    for start in range(0, len(missing), BATCH):
        part = missing[start : start + BATCH]
        images = [decode(store.read(picture), picture.path)[0] for picture in part]
        cells = np.array([(place, 0) for place in range(len(part))], dtype=np.intp)
        values = np.asarray(scorer.score(images, [prompt], cells), dtype=np.float64)
        if values.shape != (len(part),) or not np.all(np.isfinite(values)):
            raise InvalidOutput(f"{scorer.card.name} gave no finite number for each picture; try `fauve doctor`")
        store.keep_scores(key, prompt, {p.sha256: float(v) for p, v in zip(part, values, strict=True)})
        told.advance(len(part))
    told.done()
    known = store.scores(key, prompt)
    return {picture.sha256: known[picture.sha256] for picture in store.pictures()}


def draw_band(
    values: Mapping[str, float], band: Band, count: int, *, seed: int = 0, without: frozenset[str] = frozenset()
) -> list[str]:
    """Up to ``count`` names drawn without replacement from those whose value lies in the band.

    Args:
        values: name → score. Shares of a band are taken over all of them.
        band: where to draw.
        count: how many.
        seed: the same one draws the same names, in whatever order ``values`` come.
        without: names that are not drawn (those that are in the set already).

    Returns:
        Names in the order in which they were drawn.
    """
    if count < 1:
        raise ConfigError(f"{count} pictures cannot be drawn; give 1 or more")
    ordered = sorted(values, key=lambda name: (values[name], name))
    if band.shares:
        inside = ordered[math.floor(band.low * len(ordered)) : math.ceil(band.high * len(ordered))]
    else:
        inside = [name for name in ordered if band.low <= values[name] <= band.high]
    pool = sorted(set(inside) - without)
    drawn = np.random.Generator(np.random.PCG64(seed)).permutation(len(pool))[:count]
    return [pool[place] for place in drawn]
