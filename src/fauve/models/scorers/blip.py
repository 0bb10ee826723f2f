"""BLIP image–text matching (arXiv:2201.12086): does the prompt fit the picture.

``blip-l`` and ``blip-b`` are Salesforce's ViT-L and ViT-B tuned on COCO. Any other checkpoint in the layout of
transformers' ``BlipForImageTextRetrieval`` or of Salesforce's code is a scorer too, by its hub id, folder or file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling
from torch import Tensor, nn
from transformers import BlipConfig, BlipTextConfig, BlipVisionConfig

from fauve.errors import ConfigError, ModelError, WeightsMismatch
from fauve.models.cards import ModelCard
from fauve.models.pixels import CLIP_MEAN, CLIP_STD
from fauve.models.scorers.blip_core import BERT, BlipFamily
from fauve.models.scorers.blip_hosts import (
    BlipTowers,
    DescribedCheckpoint,
    hub_config,
    in_salesforce_layout,
    matching_host,
    original_config,
)
from fauve.models.scorers.cosine_rewards import tokens_for
from fauve.models.scorers.hub_pixels import HubPixels
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.scorers.two_tower import TwoTower
from fauve.models.weights import HUB_WEIGHTS, read_tensors

__all__ = ["BlipMatching", "Output"]

Output = Literal["logit", "probability", "itc"]

_MOST_TOKENS = 512
_OUTPUTS: dict[str, tuple[str, tuple[float | None, float | None]]] = {
    "logit": ("the logit of the class 'match'", (None, None)),
    "probability": ("the probability of the class 'match' against 'no match'", (0.0, 1.0)),
    "itc": ("the cosine of the contrastive projections; the prompt is read without the picture", (-1.0, 1.0)),
}


class _Heads(nn.Module):
    def __init__(self, host: Any) -> None:
        super().__init__()
        self.itm_head: nn.Linear = host.itm_head
        self.vision_proj: nn.Linear = host.vision_proj
        self.text_proj: nn.Linear = host.text_proj


class BlipMatching(BlipFamily):
    """Match of image and prompt in a BLIP image–text matching model.

    Args:
        name: ``blip-l``, ``blip-b``, or a name of one's own with ``weights``.
        weights: file, local folder or hub id; where None, the hub id of the card of that name.
        revision: of the hub repository.
        tokenizer: folder or hub id of bert-base-uncased's vocabulary; where None, beside the weights, else the hub's.
        output: ``"logit"`` of the class match, which ranks as the paper's numbers do; ``"probability"`` of that class,
            which depends on both logits and may rank otherwise; or ``"itc"``, the contrastive cosine. The two latter
            are scorers of their own: their cards' names end in ``-probability`` and ``-itc``.
        max_tokens: most tokens of a prompt, first and last included; None for all that the model has places for, as
            the paper's numbers were made. Salesforce's own code reads 35.
        dtype, batch, features: see :class:`TwoTower`.
    """

    head: _Heads

    def __init__(
        self,
        name: str = "blip-l",
        weights: str | None = None,
        *,
        revision: str | None = None,
        tokenizer: str | None = None,
        output: Output = "logit",
        max_tokens: int | None = None,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        if output not in _OUTPUTS:
            raise ConfigError(f"{name}: output is one of {', '.join(_OUTPUTS)}, not {output!r}.")
        if max_tokens is not None and max_tokens < 3:
            raise ConfigError(f"{name}: max_tokens is at least 3, for one token between the first and the last.")
        card = _card(name, weights, output, max_tokens)
        checkpoint = DescribedCheckpoint(name, weights or card.hub_id or "", HUB_WEIGHTS, revision)
        usual = BERT if Path(checkpoint.source).expanduser().exists() else checkpoint.source
        text = tokens_for(checkpoint, tokenizer, usual, limit=max_tokens or _MOST_TOKENS, clip=False)
        super().__init__(card, checkpoint, text, dtype=dtype, batch=batch, features=features)
        self._output = output
        self._pixels: HubPixels | None = None

    @property
    def preprocessing(self) -> str:
        """Both sides to the size that the image tower was made for; its own files may say other steps."""
        return "known once checked" if self._pixels is None else self._pixels.name

    @property
    def settings(self) -> Mapping[str, Any]:
        """As of every two-tower scorer; complete once checked or loaded."""
        if self._pixels is None:
            return {**self.checkpoint.identity(), "dtype": self.dtype, **self.choices()}
        return super().settings

    def choices(self) -> Mapping[str, Any]:
        """Which of the outputs."""
        return {"output": self._output}

    def check(self) -> None:
        """As of the family; sizes in the checkpoint complete the settings. Raises WeightsMissing, WeightsMismatch."""
        super().check()
        self._settle(read_tensors(self.checkpoint.path()))

    def _settle(self, tensors: Mapping[str, Tensor]) -> BlipConfig:
        """The checkpoint's sizes, and what follows from them: how pictures are scaled, how many tokens are read."""
        config: BlipConfig
        if in_salesforce_layout(tensors):
            config = original_config(self.card.name, tensors)
        else:
            config = hub_config(self.card.name, self.checkpoint.described())
        self._pixels = self._described_pixels(cast(int, cast(BlipVisionConfig, config.vision_config).image_size))
        if self.text is not None:
            places = cast(BlipTextConfig, config.text_config).max_position_embeddings
            self.text.limit = min(self.text.limit, places)
        return config

    def build(self) -> nn.Module:
        """The towers of BlipForImageTextRetrieval with every tensor of the checkpoint; its heads go to ``head``."""
        tensors = read_tensors(self.checkpoint.path())
        host = matching_host(self._settle(tensors), tensors, name=self.card.name)
        self.head = _Heads(host)
        return self.towers_with_text(BlipTowers(host.vision_model, host.text_encoder))

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, side, side), proportions not kept."""
        if self._pixels is None:
            raise ModelError(f"{self.card.name} is not loaded: call load(device, dtype) first.")
        return self._pixels(image)

    def from_reading(self, first: Tensor) -> Tensor:
        """The logit or the probability of the class match, the second of two."""
        logits: Tensor = self.head.itm_head(first)
        return (logits if self._output == "logit" else logits.softmax(dim=-1))[:, 1]

    def text_tower(self, ids: Tensor) -> Tensor:
        """The contrastive projection of prompts, not normalised."""
        projected: Tensor = self.head.text_proj(super().text_tower(ids).float())
        return projected

    def encode_prompts(self, prompts: Sequence[str]) -> list[Tensor]:
        """Token ids, or for ITC the vectors of the prompts."""
        return TwoTower.encode_prompts(self, prompts) if self._output == "itc" else super().encode_prompts(prompts)

    def combine(
        self,
        images: Sequence[Tensor],
        prompts: Sequence[Tensor],
        image_row: NDArray[np.intp],
        prompt_row: NDArray[np.intp],
    ) -> Tensor:
        """Scores of the cells; for ITC the cosine of image and prompt vectors."""
        if self._output != "itc":
            return super().combine(images, prompts, image_row, prompt_row)
        firsts = [tokens[0].to(self.device).float() for tokens in images]
        vectors = [self.head.vision_proj(first).cpu() for first in firsts]
        return TwoTower.combine(self, vectors, prompts, image_row, prompt_row)

    def _described_pixels(self, side: int) -> HubPixels:
        file = self.checkpoint.companion("preprocessor_config.json", "processor_config.json")
        square = HubPixels(None, (side, side), None, Resampling.BICUBIC, CLIP_MEAN, CLIP_STD)
        if file is None:
            return square
        described = HubPixels.read(file)
        # a size that is one number means a square to BLIP's processor
        sides = described.size or (described.shortest, described.shortest)
        if sides != (side, side) or described.crop is not None:
            raise WeightsMismatch(
                f"{self.card.name}: {file.name} makes pictures by '{described.name}', and the image tower sees "
                f"{side}x{side}. The two files are not of one model."
            )
        return dataclasses.replace(described, shortest=None, size=(side, side))


def _card(name: str, weights: str | None, output: Output, max_tokens: int | None) -> ModelCard:
    meaning, bounds = _OUTPUTS[output]
    if name in REWARD_CARDS:
        card = REWARD_CARDS[name]
        summary = card.summary.replace(_OUTPUTS["logit"][0], meaning)
    elif weights is None:
        raise ConfigError(f"{name}: give weights, a folder, file or the hub id of a BLIP image–text matching model.")
    else:
        hub_id = None if Path(weights).expanduser().exists() else weights
        card = ModelCard(name=name, kind="matcher", summary="", hub_id=hub_id, prompt_limit=_MOST_TOKENS)
        summary = f"BLIP image–text matching, added by its user: {meaning}."
    return dataclasses.replace(
        card,
        name=name if output == "logit" else f"{name}-{output}",
        summary=summary,
        range=bounds,
        prompt_limit=max_tokens or card.prompt_limit,
    )
