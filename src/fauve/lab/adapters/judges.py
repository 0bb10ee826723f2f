"""Who judges the lab's pictures: a learned judge that shares nothing with the scorers, and the truth itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.lab.adapters.files import member_weights
from fauve.lab.adapters.sight import eye_pictures
from fauve.lab.inference import Arrays, judge
from fauve.lab.reading import read_request
from fauve.lab.scene import DIMENSION_SLOTS
from fauve.lab.scene_text import scene_of
from fauve.lab.truth import honoured, levels
from fauve.models.cards import ModelCard
from fauve.models.lab_cards import LAB_CARDS
from fauve.models.selection import Pick, Selected, SelectionRequest
from fauve.records import Outcome
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["LabJudge", "TruthJudge", "TruthSelector"]


class LabJudge:
    """``lab-judge``: expected level of each dimension, from pixels alone, by an encoder of its own.

    Args:
        family: folder of weights; None for the family that comes with the package.
    """

    weightless = True
    dimensions = PROMPT_DIMENSIONS
    of = ("lab-*",)

    def __init__(self, name: str = "lab-judge", family: str | Path | None = None) -> None:
        self.card: ModelCard = LAB_CARDS[name]
        self._family = None if family is None else Path(family)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The hash of its weights."""
        return {"files": {"judge": member_weights("judge", self._family).sha256}, "world": 1}

    def check(self) -> None:
        """Raises WeightsMissing or WeightsMismatch where the family lacks a judge."""
        _ = self.settings

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights; device and number format make no difference to the lab."""
        _ = self._weights

    def judge(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Expected values, (images, 11), each in [0, 2]."""
        return np.clip(judge(self._weights, eye_pictures(images)).expected.astype(np.float64), 0.0, 2.0)

    @cached_property
    def _weights(self) -> Arrays:
        return member_weights("judge", self._family).arrays


class TruthJudge:
    """``lab-truth`` as a judge: the levels of the scene that a picture carries in its file."""

    weightless = True
    dimensions = PROMPT_DIMENSIONS
    of = ("lab-*",)
    card = LAB_CARDS["lab-truth"]
    settings: Mapping[str, Any] = {"reads": "the scene in the file", "world": 1}

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Nothing to load."""

    def judge(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Levels, (images, 11), each 0, 1 or 2. Raises InvalidOutput for a picture of another world."""
        return levels(np.stack([scene_of(image) for image in images])).astype(np.float64)


class TruthSelector:
    """``lab-truth`` as a selector: the picture whose scene meets more of what the prompt asks on the dimensions."""

    blind_to_order = True
    looks = False
    batch = 200
    of = ("lab-*",)
    card = LAB_CARDS["lab-truth"]
    settings: Mapping[str, Any] = {"counts": "requests on the dimensions that the scene meets", "world": 1}

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Nothing to load."""

    def select(self, requests: Sequence[SelectionRequest]) -> list[Selected]:
        """More requests met wins; as many on both sides is a tie."""
        return [self._one(request) for request in requests]

    def _one(self, asked: SelectionRequest) -> Selected:
        wanted = read_request(asked.prompt)
        if wanted.unread:
            return Selected(
                Outcome.UNPARSABLE, reason=f"the lab's grammar has no word {wanted.unread[0]!r}: {asked.prompt!r}"
            )
        scenes = np.stack([scene_of(asked.first), scene_of(asked.second)])
        met = honoured(scenes, np.stack([wanted.request] * 2))[:, list(DIMENSION_SLOTS)].filled(False).sum(axis=1)
        pick: Pick = "tie" if met[0] == met[1] else "first" if met[0] > met[1] else "second"
        return Selected(Outcome.OK, pick, facts={"met": [int(n) for n in met]})
