"""The judge that needs no weights: J(I, d) from measured properties, for the dimensions that can be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.instruments import CANNOT_SEE, INSTRUMENTS
from fauve.models.cards import ModelCard
from fauve.models.readings import reading
from fauve.vocabulary import DIMENSIONS

__all__ = ["InstrumentJudge"]


class InstrumentJudge:
    """Says for each dimension how far the picture is from its conventional end, and is silent where it cannot see."""

    card = ModelCard(
        name="instruments",
        kind="judge",
        summary="Measured properties mapped to [0, 2] against reference quantiles. Cannot see: "
        + "; ".join(f"{dimension} ({why})" for dimension, why in sorted(CANNOT_SEE.items())),
        licence="Apache-2.0",
        range=(0.0, 2.0),
        sees_prompt=False,
    )
    dimensions = tuple(d for d in DIMENSIONS if any(i.dimension == d for i in INSTRUMENTS.values()))

    weightless = True

    @property
    def settings(self) -> Mapping[str, Any]:
        """Revision of the definitions and quantiles."""
        return {"revision": self.card.revision, "instruments": sorted(INSTRUMENTS)}

    def load(self, device: str, dtype: str) -> None:
        """Nothing to load."""

    def judge(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """J of every picture on every dimension of :attr:`dimensions`."""
        rows = [reading(image).dimensions for image in images]
        return np.array([[row[d] for d in self.dimensions] for row in rows], dtype=np.float64).reshape(
            len(images), len(self.dimensions)
        )
