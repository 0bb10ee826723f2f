"""PickScore v1 (arXiv:2305.01569): a tuned CLIP ViT-H/14, read as the scaled cosine of training."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from PIL.Image import Image
from torch import Tensor

from fauve.models.pixels import clip_pixels
from fauve.models.scorers.clip_hosts import Activation, Architecture
from fauve.models.scorers.cosine_rewards import VIT_H_TOKENIZER, TunedClip, card_of, tokens_for
from fauve.models.weights import HUB_WEIGHTS, Checkpoint

__all__ = ["PickScore"]

_HUB = "yuvalkirstain/PickScore_v1"


class PickScore(TunedClip):
    """PickScore v1.

    Args:
        name: ``pickscore``, or a name of one's own.
        weights: file, folder or hub id; where None, ``yuvalkirstain/PickScore_v1``.
        tokenizer: folder or hub id of CLIP's vocabulary; where None, beside the weights or laion's ViT-H/14.
        scaled: times ``exp(logit_scale)`` of the checkpoint, as the reference does; some ports give the bare cosine.
        dtype, batch, features: see :class:`TwoTower`.
    """

    architecture: ClassVar[Architecture] = "ViT-H/14"
    activation: ClassVar[Activation] = "gelu"

    def __init__(
        self,
        name: str = "pickscore",
        weights: str | None = None,
        *,
        revision: str | None = None,
        tokenizer: str | None = None,
        scaled: bool = True,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        checkpoint = Checkpoint(name, weights or _HUB, HUB_WEIGHTS, revision)
        text = tokens_for(checkpoint, tokenizer, VIT_H_TOKENIZER)
        card = card_of(name, "pickscore")
        if not scaled:
            card = dataclasses.replace(card, range=(-1.0, 1.0))
        super().__init__(card, checkpoint, text, dtype=dtype, batch=batch, features=features)
        self._scaled = scaled

    @property
    def preprocessing(self) -> str:
        """That of transformers' CLIP processor, with Pillow."""
        return "shortest side 224, centre crop of transformers"

    def choices(self) -> Mapping[str, Any]:
        """Scaled or bare."""
        return {"scaled": self._scaled}

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, 224, 224)."""
        return clip_pixels(image, centre="transformers")

    def from_cosine(self, cosine: Tensor) -> Tensor:
        """Times the scale, unless the bare cosine is wanted."""
        return cosine * self.logit_scale if self._scaled else cosine
