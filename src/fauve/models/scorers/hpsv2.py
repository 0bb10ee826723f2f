"""Human Preference Score v2.0 and v2.1 (arXiv:2306.09341): a tuned CLIP ViT-H/14, read as a plain cosine.

The two versions are different weights of one layout and their numbers do not compare. Pictures are scaled to their
longest side and padded with black, on floating-point values; a picture that is not square is never cropped.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from PIL.Image import Image
from torch import Tensor

from fauve.errors import ConfigError
from fauve.models.pixels import padded_pixels
from fauve.models.scorers.clip_hosts import Activation, Architecture
from fauve.models.scorers.cosine_rewards import VIT_H_TOKENIZER, TunedClip, card_of, tokens_for
from fauve.models.weights import Checkpoint

__all__ = ["HPSv2"]

_STEMS = {"hpsv2.0": "HPS_v2_compressed", "hpsv2.1": "HPS_v2.1_compressed"}
_HUB = "xswu/HPSv2"


class HPSv2(TunedClip):
    """HPSv2 by name: ``hpsv2.0`` or ``hpsv2.1``.

    Args:
        name: ``hpsv2.0``, ``hpsv2.1``, or a name of one's own for ``weights`` in this layout (``version`` then says
            which file of a folder is meant).
        weights: file, folder or hub id; where None, ``xswu/HPSv2``.
        version: ``"2.0"`` or ``"2.1"``; where None, what the name says, else 2.1.
        tokenizer: folder or hub id of CLIP's vocabulary; where None, beside the weights or laion's ViT-H/14.
        antialias: whether the resize is antialiased: it is from torchvision 0.17, and was not before.
        dtype, batch, features: see :class:`TwoTower`.
    """

    architecture: ClassVar[Architecture] = "ViT-H/14"
    activation: ClassVar[Activation] = "gelu"

    def __init__(
        self,
        name: str = "hpsv2.1",
        weights: str | None = None,
        *,
        version: str | None = None,
        revision: str | None = None,
        tokenizer: str | None = None,
        antialias: bool = True,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        published = name if name in _STEMS and version is None else f"hpsv{version or '2.1'}"
        if published not in _STEMS:
            raise ConfigError(f"{name}: version is '2.0' or '2.1', not {version!r}.")
        stem = _STEMS[published]
        checkpoint = Checkpoint(name, weights or _HUB, (f"{stem}.pt", f"{stem}.safetensors"), revision)
        text = tokens_for(checkpoint, tokenizer, VIT_H_TOKENIZER, mends=True)
        super().__init__(card_of(name, published), checkpoint, text, dtype=dtype, batch=batch, features=features)
        self._antialias = antialias

    @property
    def preprocessing(self) -> str:
        """Longest side, padded; antialiased or not."""
        return f"longest side 224, padded, {'antialiased' if self._antialias else 'not antialiased'}"

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, 224, 224)."""
        return padded_pixels(image, antialias=self._antialias)
