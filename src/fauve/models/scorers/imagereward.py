"""ImageReward v1.0 (arXiv:2304.05977): BLIP that was tuned to rank pictures, with a head of five linear layers.

Of a prompt it reads 35 tokens and no more, so that it never sees the end of most prompts that ask for something unusual
in their last words; :meth:`ImageReward.tokens` says for which.
"""

from __future__ import annotations

from pathlib import Path

from PIL.Image import Image
from torch import Tensor, nn

from fauve.models.pixels import clip_pixels
from fauve.models.scorers.blip_core import BERT, BlipFamily
from fauve.models.scorers.blip_hosts import BlipTowers, DescribedCheckpoint, image_reward_host, original_config
from fauve.models.scorers.cosine_rewards import card_of, tokens_for
from fauve.models.weights import read_tensors

__all__ = ["ImageReward"]

_HUB = "THUDM/ImageReward"
_FILES = ("ImageReward.pt", "ImageReward.safetensors")
_MOST_TOKENS = 35

# mean and deviation of the raw reward over the authors' own test set, as their code has them
_MEAN = 0.16717362830052426
_STD = 1.0333394966054072


class ImageReward(BlipFamily):
    """ImageReward v1.0, or other weights in its layout.

    Args:
        name: ``imagereward``, or a name of one's own for ``weights`` in this layout.
        weights: file, local folder or hub id; where None, ``THUDM/ImageReward``.
        revision: of the hub repository.
        tokenizer: folder or hub id of bert-base-uncased's vocabulary; where None, beside the weights, else the hub's.
        dtype, batch, features: see :class:`TwoTower`.
    """

    def __init__(
        self,
        name: str = "imagereward",
        weights: str | None = None,
        *,
        revision: str | None = None,
        tokenizer: str | None = None,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        checkpoint = DescribedCheckpoint(name, weights or _HUB, _FILES, revision, description=("med_config.json",))
        text = tokens_for(checkpoint, tokenizer, BERT, limit=_MOST_TOKENS, clip=False)
        super().__init__(card_of(name, "imagereward"), checkpoint, text, dtype=dtype, batch=batch, features=features)
        self._side = 224

    @property
    def preprocessing(self) -> str:
        """As OpenAI's ``clip`` package does it."""
        return f"shortest side {self._side}, bicubic, crop, CLIP mean and deviation"

    def build(self) -> nn.Module:
        """The towers with every tensor of the checkpoint but BLIP's unused projections; the MLP goes to ``head``."""
        path = self.checkpoint.path()
        tensors = read_tensors(path)
        config = original_config(self.card.name, tensors, self.checkpoint.described())
        host = image_reward_host(config, tensors, name=self.card.name)
        self._side = config.vision_config.image_size
        self.head = host.mlp
        return self.towers_with_text(BlipTowers(host.vision_model, host.text_encoder))

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, 224, 224)."""
        return clip_pixels(image, self._side, centre="torchvision")

    def from_reading(self, first: Tensor) -> Tensor:
        """The standardised reward."""
        reward: Tensor = (self.head(first)[:, 0] - _MEAN) / _STD
        return reward
