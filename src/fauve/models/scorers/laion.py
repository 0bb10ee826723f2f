"""LAION aesthetic predictor v2 (sac+logos+ava1-l14-linearMSE): taste alone, no prompt.

Five linear layers without activations over the normalised image embedding of OpenAI's CLIP ViT-L/14. Without
activations they are one affine map, and as one they are applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor, nn

from fauve.errors import WeightsMismatch
from fauve.models.pixels import clip_pixels
from fauve.models.scorers.clip_hosts import Activation, Architecture
from fauve.models.scorers.cosine_rewards import TunedClip, card_of
from fauve.models.weights import HUB_WEIGHTS, Checkpoint, file_hash, load_strictly, read_tensors

__all__ = ["LaionAesthetic"]

_TOWER = "openai/clip-vit-large-patch14"
_HEAD = "sac+logos+ava1-l14-linearMSE.pth"
_HEAD_ORIGIN = "github.com/christophschuhmann/improved-aesthetic-predictor"
_WIDTHS = (1024, 128, 64, 16, 1)
_LINEAR_PLACES = (0, 2, 4, 6, 7)
"""Places of the linear layers in the published ``nn.Sequential``; dropout stands between them."""


class LaionAesthetic(TunedClip):
    """LAION aesthetic v2: the same number for every prompt.

    Args:
        name: ``laion-v2``, or a name of one's own.
        weights: the head: a file or folder with ``sac+logos+ava1-l14-linearMSE.pth``.
        tower: folder or hub id of OpenAI's CLIP ViT-L/14.
        dtype: number format of the tower; the head is float32.
        batch, features: see :class:`TwoTower`.
    """

    architecture: ClassVar[Architecture] = "ViT-L/14"
    activation: ClassVar[Activation] = "quick_gelu"

    def __init__(
        self,
        name: str = "laion-v2",
        weights: str | None = None,
        *,
        tower: str | None = None,
        revision: str | None = None,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        checkpoint = Checkpoint(name, tower or _TOWER, HUB_WEIGHTS, revision)
        super().__init__(card_of(name, "laion-v2"), checkpoint, None, dtype=dtype, batch=batch, features=features)
        self.head = Checkpoint(name, weights or "", (_HEAD, "head.safetensors"), origin=_HEAD_ORIGIN)
        self._weight, self._bias = torch.empty(0), torch.empty(0)

    @property
    def preprocessing(self) -> str:
        """OpenAI's."""
        return "shortest side 224, centre crop of torchvision"

    def choices(self) -> Mapping[str, Any]:
        """The head's own weights."""
        return {"head": self.head.identity()}

    def check(self) -> None:
        """As of every two-tower scorer, and the head. Raises WeightsMissing."""
        super().check()
        file_hash(self.head.path())

    def build(self) -> nn.Module:
        """The tower; the head is kept as one affine map."""
        head = self.head.path()
        host = super().build()
        del host.text_model
        vector: Any = host.get_submodule("visual_projection")
        self._weight, self._bias = _affine(read_tensors(head), vector.out_features, self.card.name)
        return host

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, 224, 224)."""
        return clip_pixels(image, centre="torchvision")

    def encode_prompts(self, prompts: Sequence[str]) -> list[Tensor]:
        """Nothing: no prompt is seen."""
        return [torch.empty(0)] * len(prompts)

    def combine(
        self,
        images: Sequence[Tensor],
        prompts: Sequence[Tensor],
        image_row: NDArray[Any],
        prompt_row: NDArray[Any],
    ) -> Tensor:
        """The affine map of the normalised image vectors, shape (cells,)."""
        if len(image_row) == 0:
            return torch.empty(0)
        vectors = nn.functional.normalize(torch.stack(list(images)).float(), dim=-1)
        return (vectors @ self._weight + self._bias)[torch.from_numpy(image_row)]


def _affine(tensors: Mapping[str, Tensor], width: int, name: str) -> tuple[Tensor, Tensor]:
    """Weight (width,) and bias (1,) of the whole head, multiplied out in double precision. Raises WeightsMismatch."""
    layers = nn.ModuleDict()
    for place, wide in zip(_LINEAR_PLACES, _WIDTHS, strict=True):
        layers[str(place)] = nn.Linear(width, wide)
        width = wide
    load_strictly(nn.ModuleDict({"layers": layers}), tensors, name=f"{name}, the head")
    first: Any = layers["0"]
    weight = torch.eye(first.in_features, dtype=torch.float64)
    bias = torch.zeros(first.in_features, dtype=torch.float64)
    for layer in layers.values():
        linear: Any = layer
        matrix = linear.weight.detach().double()
        weight, bias = matrix @ weight, bias @ matrix.T + linear.bias.detach().double()
    if not (torch.isfinite(weight).all() and torch.isfinite(bias).all()):
        raise WeightsMismatch(f"{name}: the head holds values that are not finite. Fetch it again.")
    return weight[0].float(), bias.float()
