"""Faces by an open-vocabulary detector: LLMDet, or any Grounding DINO in the layout of transformers.

The detector is given a phrase and answers with boxes, each with how well it fits each token of the phrase; the score of
a box is the best of these, as in transformers' own post-processing. The best box above the threshold is the face that
the portrait is about; where none is above it, the picture shows no face. Nothing is suppressed or merged, since only
one box is wanted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from transformers import (
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
)

from fauve.errors import ConfigError, InvalidOutput, ModelError
from fauve.models.cards import ModelCard
from fauve.models.devices import DTYPES, check_device, dtype_name
from fauve.models.finders.detector_pixels import DetectorPixels
from fauve.models.finders.finder_cards import FINDER_CARDS
from fauve.models.pixels import PIXELS
from fauve.models.pretrained import Pretrained
from fauve.models.protocols import FaceBox

__all__ = ["GroundingFinder"]

_FINDER = "grounding/1"
_CONFIGS: Mapping[str, Any] = {"mm-grounding-dino": MMGroundingDinoConfig, "grounding-dino": GroundingDinoConfig}
_MODELS: Mapping[str, Any] = {
    "mm-grounding-dino": MMGroundingDinoForObjectDetection,
    "grounding-dino": GroundingDinoForObjectDetection,
}


class GroundingFinder:
    """The best box of a phrase.

    Args:
        name: ``llmdet``, or a name of one's own with ``weights``.
        weights: local folder or hub id; None for that of the card.
        revision: of the hub repository.
        phrase: what is looked for.
        threshold: a box counts where its score, in [0, 1], is above it. 0.4 is that of transformers' documentation.
        margin: how far the box is widened on each side, as a share of its width and height.
        dtype: number format; where None, the one that :meth:`load` is given.

    Raises:
        ConfigError: where an option makes no sense.
    """

    def __init__(
        self,
        name: str = "llmdet",
        weights: str | None = None,
        *,
        revision: str | None = None,
        phrase: str = "a face",
        threshold: float = 0.4,
        margin: float = 0.0,
        dtype: str | None = None,
    ) -> None:
        if not phrase.strip(" ."):
            raise ConfigError(f"{name}: say what to look for, under options: phrase = …")
        if not 0 <= threshold <= 1:
            raise ConfigError(f"{name}: threshold is a number from 0 to 1, not {threshold}.")
        if not 0 <= margin <= 10:
            raise ConfigError(f"{name}: margin is a share of the box from 0 to 10, not {margin}.")
        self.card: ModelCard = FINDER_CARDS.get(name) or _card_of(name)
        self._files = Pretrained(name, weights or self.card.hub_id or "", revision)
        # detectors of this kind were trained on phrases in lower case, each closed by a full stop
        self._text = " ".join(phrase.lower().split()).rstrip(". ") + "."
        self._threshold, self._margin = float(threshold), float(margin)
        self._dtype = None if dtype is None else dtype_name(dtype)
        self._loaded_dtype: str | None = None
        self._device = torch.device("cpu")
        self._host: Any = None
        self._words: dict[str, Tensor] = {}
        self._pixels = DetectorPixels()

    @property
    def dtype(self) -> str:
        """Number format of the detector."""
        return self._dtype or self._loaded_dtype or "float32"

    @property
    def settings(self) -> Mapping[str, Any]:
        """Files, phrase, threshold, margin, number format; the same before and after loading, once checked."""
        return {
            "finder": f"{_FINDER}, pixels {PIXELS}",
            **self._files.identity(),
            "phrase": self._text,
            "threshold": self._threshold,
            "margin": self._margin,
            "dtype": self.dtype,
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Device, library versions, source: no part of a key."""
        return {"device": str(self._device), **self._files.provenance}

    def check(self) -> None:
        """Make sure that all files can be had, and fetch what is missing. Raises WeightsMissing."""
        self._files.check()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights and put them on a device.

        Raises:
            WeightsMissing, WeightsMismatch: with the source and the remedy.
            ModelError, ConfigError: this machine has no such device, or there is no such number format.
        """
        wanted, name = check_device(device), dtype_name(dtype)
        config = self._files.config(_CONFIGS)
        words = self._files.tokenizer()(self._text, return_tensors="pt", return_token_type_ids=True)
        count = words["input_ids"].shape[1]
        if count > config.max_text_len:
            raise ConfigError(
                f"{self.card.name}: the phrase has {count} tokens, and the detector reads {config.max_text_len}. "
                "Look for less."
            )
        self._pixels = DetectorPixels.from_json(self._files.described("preprocessing"), self.card.name)
        host = self._files.model(_MODELS[config.model_type], config)
        self._loaded_dtype, self._device = name, wanted
        self._host = host.to(wanted, DTYPES[self.dtype])
        self._words = {key: words[key].to(wanted) for key in ("input_ids", "token_type_ids", "attention_mask")}

    def find(self, images: Sequence[Image]) -> list[FaceBox | None]:
        """The face of each picture, its box widened by the margin and clipped to the picture; None where there is none.

        Raises:
            ModelError: it is not loaded.
            InvalidOutput: the detector answered with no numbers.
        """
        if self._host is None:
            raise ModelError(f"{self.card.name} is not loaded. Call load() first.")
        # one by one: pictures of different sizes in one batch are padded, which moves their boxes
        return [self._find(image) for image in images]

    def _find(self, image: Image) -> FaceBox | None:
        pixels = self._pixels(image)[None].to(self._device, DTYPES[self.dtype])
        with torch.inference_mode():
            seen = self._host(pixel_values=pixels, **self._words)
        scores = seen.logits[0].float().sigmoid().amax(-1)
        boxes = seen.pred_boxes[0].float()
        if not (scores.isfinite().all() and boxes.isfinite().all()):
            raise InvalidOutput(
                f"{self.card.name} answered with values that are no numbers. Load it in float32 or bfloat16."
            )
        best = int(scores.argmax())
        score = float(scores[best])
        if not score > self._threshold:
            return None
        return self._box(boxes[best].tolist(), score, image)

    def _box(self, box: Sequence[float], score: float, image: Image) -> FaceBox:
        """From centre, width and height as shares of the picture to corners in its pixels."""
        across, down, width, height = box
        half_width, half_height = (side * (0.5 + self._margin) for side in (width, height))
        return FaceBox(
            left=max(0.0, across - half_width) * image.width,
            top=max(0.0, down - half_height) * image.height,
            right=min(1.0, across + half_width) * image.width,
            bottom=min(1.0, down + half_height) * image.height,
            score=score,
        )


def _card_of(name: str) -> ModelCard:
    """The card of a detector of one's own: nothing is known of its licence or paper."""
    return dataclasses.replace(
        FINDER_CARDS["llmdet"],
        name=name,
        summary="An open-vocabulary detector of one's own; the best box of a phrase above a threshold.",
        licence=None,
        hub_id=None,
        paper=None,
    )
