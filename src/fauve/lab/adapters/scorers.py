"""The lab's matcher and reward models as scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.errors import UnknownName
from fauve.lab.adapters.files import member_weights
from fauve.lab.adapters.sight import TRUNK, features_of
from fauve.lab.captions import dropped, encode, words
from fauve.lab.inference import Arrays, match, reward_for
from fauve.models.cards import ModelCard
from fauve.models.lab_cards import LAB_CARDS, LAB_SCORERS

__all__ = ["LabScorer"]


class LabScorer:
    """``lab-matcher``, or a reward model of the lab; sees 48 × 48 pixels and needs no torch.

    Args:
        name: canonical name.
        family: folder of weights; None for the family that comes with the package.
        group: whose taste a reward model speaks for, by number; None gives every group one voice.
    """

    weightless = True

    def __init__(self, name: str, family: str | Path | None = None, *, group: int | None = None) -> None:
        if name not in LAB_SCORERS:
            raise UnknownName("scorer of the lab", name, LAB_SCORERS)
        self.card: ModelCard = LAB_CARDS[name]
        self._member, self._group = LAB_SCORERS[name], group
        self._family = None if family is None else Path(family)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Hashes of the weights, and the group that is spoken for."""
        files = {file: member_weights(file, self._family).sha256 for file in (TRUNK, self._member.file)}
        return {"files": files, "group": self._group, "world": 1}

    def check(self) -> None:
        """Raises WeightsMissing or WeightsMismatch where the family lacks this member."""
        _ = self.settings

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights; device and number format make no difference to the lab."""
        _ = member_weights(TRUNK, self._family), self._head

    def tokens(self, prompts: Sequence[str]) -> list[tuple[int, bool]]:
        """How many words each prompt has, and whether some were cut."""
        cut = dropped(prompts)
        return [(len(words(prompt)), bool(n)) for prompt, n in zip(prompts, cut, strict=True)]

    def score(
        self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]
    ) -> NDArray[np.float32] | NDArray[np.float64]:
        """Scores of the (image, prompt) rows of ``cells``, any real number; each picture is looked at once."""
        features = features_of(images, self._family)[cells[:, 0]]
        tokens = encode(list(prompts))[cells[:, 1]]
        if self.card.kind == "matcher":
            return match(self._head, features, tokens)
        return reward_for(self._head, features, tokens, self._group)

    @cached_property
    def _head(self) -> Arrays:
        return member_weights(self._member.file, self._family).arrays
