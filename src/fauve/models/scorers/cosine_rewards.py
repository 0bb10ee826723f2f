"""The base of reward models that are a published CLIP with other weights: HPS, PickScore, MPS.

Their sizes, activation and preprocessing are fixed by what they are; a file brings tensors only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from fauve.models.cards import ModelCard
from fauve.models.scorers.clip_hosts import Activation, Architecture, clip_config, clip_host
from fauve.models.scorers.prompt_tokens import PromptTokens
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.scorers.two_tower import TwoTower, pooled
from fauve.models.weights import Checkpoint, read_tensors

__all__ = ["VIT_H_TOKENIZER", "VIT_L_TOKENIZER", "TunedClip", "card_of", "sizes_beside", "tokens_for"]

VIT_L_TOKENIZER = "openai/clip-vit-large-patch14"
VIT_H_TOKENIZER = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"
"""Hub repositories of CLIP's vocabulary: the same in both, 49,408 tokens."""

END_TOKEN = 49407
"""Id of the end token in CLIP's vocabulary."""


class TunedClip(TwoTower):
    """A CLIP of a published architecture with tuned weights."""

    architecture: ClassVar[Architecture]
    activation: ClassVar[Activation]

    logit_scale: float = 1.0
    """Factor of the cosine in training, ``exp`` of the checkpoint's own parameter, once loaded."""

    def tensors(self) -> dict[str, Tensor]:
        """The checkpoint as it was published."""
        return read_tensors(self.checkpoint.path())

    @property
    def provenance(self) -> Mapping[str, Any]:
        """As of every two-tower scorer, and the logit scale of the checkpoint, once loaded."""
        return {**super().provenance, "logit_scale": self.logit_scale}

    def build(self) -> nn.Module:
        """CLIPModel with every tensor of the checkpoint."""
        host: Any = self.clip(self.tensors())
        self.logit_scale = float(host.logit_scale.detach().float().exp())
        towers: nn.Module = host
        return towers

    def clip(self, tensors: dict[str, Tensor]) -> Any:
        """The towers in CLIPModel.

        A ``config.json`` of a local folder may say other sizes, never another activation.
        """
        config = clip_config(self.architecture, self.activation, sizes_beside(self.checkpoint.source))
        end_token = END_TOKEN if self.text is None else self.text.end_token
        return clip_host(config, tensors, name=self.card.name, end_token=end_token)

    def image_tower(self, pixels: Tensor) -> Tensor:
        """Projected vectors, not normalised."""
        host: Any = self.ready()
        return pooled(host.get_image_features(pixel_values=pixels))

    def text_tower(self, ids: Tensor) -> Tensor:
        """Projected vectors of the end token, not normalised. Padding comes after it and is never seen."""
        host: Any = self.ready()
        return pooled(host.get_text_features(input_ids=ids))


def sizes_beside(source: str) -> Path | None:
    """The ``config.json`` of a local folder or beside a local file, or None.

    That of a hub repository is not asked for: the sizes of what is published there are known.
    """
    place = Path(source).expanduser()
    config = (place.parent if place.is_file() else place) / "config.json"
    return config if config.is_file() else None


def tokens_for(checkpoint: Checkpoint, tokenizer: str | None, usual: str, **choices: Any) -> PromptTokens:
    """The tokenizer that was named, else the one beside local weights, else the usual one of the hub."""
    place = Path(checkpoint.source).expanduser()
    folder = place.parent if place.is_file() else place
    beside = any((folder / file).is_file() for file in ("tokenizer.json", "vocab.json"))
    return PromptTokens(checkpoint.name, tokenizer or (str(folder) if beside else usual), **choices)


def card_of(name: str, like: str) -> ModelCard:
    """The card of a published model, or that of ``like`` under another name for weights of one's own."""
    if name in REWARD_CARDS:
        return REWARD_CARDS[name]
    return dataclasses.replace(
        REWARD_CARDS[like],
        name=name,
        summary=f"Own weights in the layout of {like}. {REWARD_CARDS[like].summary}",
        hub_id=None,
        licence=None,
        published_preference_accuracy=None,
    )
