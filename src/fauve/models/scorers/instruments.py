"""Instruments as scorers: ``instrument:sharpness`` and its like, in their own units, deaf to the prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.errors import UnknownName
from fauve.instruments import INSTRUMENTS
from fauve.models.cards import ModelCard
from fauve.models.readings import reading

__all__ = ["InstrumentScorer"]


class InstrumentScorer:
    """One measured property of the picture."""

    weightless = True

    def __init__(self, name: str) -> None:
        if name not in INSTRUMENTS:
            raise UnknownName("instrument", name, INSTRUMENTS)
        instrument = INSTRUMENTS[name]
        self._name = name
        self.card = ModelCard(
            name=f"instrument:{name}",
            kind="instrument",
            summary=instrument.definition,
            licence="Apache-2.0",
            sees_prompt=False,
        )

    @property
    def settings(self) -> Mapping[str, Any]:
        """Revision of the definition."""
        return {"instrument": self._name, "revision": self.card.revision}

    def load(self, device: str, dtype: str) -> None:
        """Nothing to load."""

    def score(self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]) -> NDArray[np.float64]:
        """The property of each cell's picture, in the instrument's unit."""
        per_image = np.array([reading(image).instruments[self._name] for image in images], dtype=np.float64)
        return per_image[cells[:, 0]]
