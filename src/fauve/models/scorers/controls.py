"""Scorers whose answer is known beforehand: every table carries them, so that a reader can see what a number is worth.

``random`` shows chance with the same n. ``polish`` is what taste alone would choose: it never reads the prompt. A third
control, the oracle that knows the truth, is no model: its scores come with stimuli that are made to a known truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.keys import digest_bytes, seed_from
from fauve.models.cards import ModelCard
from fauve.models.readings import reading

__all__ = ["PolishScorer", "RandomScorer"]


class RandomScorer:
    """Standard normal numbers drawn from (seed, pixels, prompt): the same cell always gets the same number."""

    card = ModelCard(
        name="random",
        kind="control",
        summary="A standard normal draw for each picture and prompt: what chance looks like with this n.",
        licence="Apache-2.0",
    )

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    weightless = True

    @property
    def settings(self) -> Mapping[str, Any]:
        """Revision and seed."""
        return {"revision": self.card.revision, "seed": self._seed}

    def load(self, device: str, dtype: str) -> None:
        """Nothing to load."""

    def score(self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]) -> NDArray[np.float64]:
        """One draw a cell."""
        pixels = [digest_bytes(image.tobytes()) for image in images]
        seeds = (seed_from("random scorer", self._seed, pixels[i], prompts[p]) for i, p in cells)
        return np.array([np.random.default_rng(seed).standard_normal() for seed in seeds], dtype=np.float64)


class PolishScorer:
    """Conventional polish in [0, 2] from measured properties of the picture alone; see :mod:`fauve.instruments`."""

    card = ModelCard(
        name="polish",
        kind="control",
        summary="Mean of what the instruments say for each dimension: what pure taste chooses, deaf to the prompt.",
        licence="Apache-2.0",
        range=(0.0, 2.0),
        sees_prompt=False,
    )

    weightless = True

    @property
    def settings(self) -> Mapping[str, Any]:
        """Revision of the combination."""
        return {"revision": self.card.revision}

    def load(self, device: str, dtype: str) -> None:
        """Nothing to load."""

    def score(self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]) -> NDArray[np.float64]:
        """The polish of each cell's picture."""
        per_image = np.array([reading(image).polish for image in images], dtype=np.float64)
        return per_image[cells[:, 0]]
