"""Human Preference Score v1 (arXiv:2303.14420): a tuned CLIP ViT-L/14, read as a plain cosine.

The checkpoint (``hpc.pt``) has no official copy on the hub, so a file must be given. It is a dictionary under
``state_dict`` in OpenAI's layout; one that torch will not read as tensors only is read by an unpickler that can make
nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from PIL.Image import Image
from torch import Tensor

from fauve.models.pixels import clip_pixels
from fauve.models.scorers.clip_hosts import Activation, Architecture
from fauve.models.scorers.cosine_rewards import VIT_L_TOKENIZER, TunedClip, card_of, tokens_for
from fauve.models.weights import Checkpoint, read_tensors_or_module

__all__ = ["HPSv1"]


class HPSv1(TunedClip):
    """HPS v1.

    Args:
        name: ``hps-v1``, or a name of one's own.
        weights: the file ``hpc.pt``, a folder that holds it, or a hub id that does.
        tokenizer: folder or hub id of CLIP's vocabulary; where None, beside the weights or OpenAI's ViT-L/14.
        dtype, batch, features: see :class:`TwoTower`.
    """

    architecture: ClassVar[Architecture] = "ViT-L/14"
    activation: ClassVar[Activation] = "quick_gelu"
    files: ClassVar[tuple[str, ...]] = ("hpc.pt", "hpc.pth", "hpc.safetensors")

    def __init__(
        self,
        name: str = "hps-v1",
        weights: str | None = None,
        *,
        revision: str | None = None,
        tokenizer: str | None = None,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        checkpoint = Checkpoint(name, weights or "", self.files, revision, origin="github.com/tgxs002/align_sd")
        text = tokens_for(checkpoint, tokenizer, VIT_L_TOKENIZER, mends=True)
        super().__init__(card_of(name, "hps-v1"), checkpoint, text, dtype=dtype, batch=batch, features=features)

    @property
    def preprocessing(self) -> str:
        """OpenAI's."""
        return "shortest side 224, centre crop of torchvision"

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, 224, 224)."""
        return clip_pixels(image, centre="torchvision")

    def tensors(self) -> dict[str, Tensor]:
        """Read as tensors, or out of a module."""
        return read_tensors_or_module(self.checkpoint.path())
