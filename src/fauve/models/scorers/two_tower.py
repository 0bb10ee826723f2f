"""The core of every scorer with two towers: encode images once, encode prompts once, gather the cells.

A subclass says how its towers are built and read and what becomes of the cosine; batches, memory of features, devices
and the grid are here and nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor, nn

from fauve.errors import ModelError
from fauve.keys import digest
from fauve.models.batching import BatchSize, encode
from fauve.models.cards import ModelCard
from fauve.models.devices import DTYPES, check_device, dtype_name
from fauve.models.features import FeatureStore, RecentFeatures, feature_key, fill, pixel_hash
from fauve.models.pixels import PIXELS
from fauve.models.scorers.prompt_tokens import PromptTokens
from fauve.models.weights import Checkpoint, file_hash

__all__ = ["TwoTower", "pooled"]


class TwoTower(ABC):
    """A scorer whose answer is a function of an image's vector and a prompt's vector.

    Args:
        card: its card.
        checkpoint: where its weights are.
        text: its tokenizer; None for a scorer that sees no prompt.
        dtype: number format; where None, the one that :meth:`load` is given (float32 until then).
        batch: items at a time; where None it is found.
        features: folder in which image features are kept for later runs; None keeps none.
    """

    def __init__(
        self,
        card: ModelCard,
        checkpoint: Checkpoint,
        text: PromptTokens | None,
        *,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        self.card = card
        self.checkpoint = checkpoint
        self._text = text
        self._dtype = None if dtype is None else dtype_name(dtype)
        self._batch = batch
        self._image_features = None if features is None else FeatureStore(features)
        self._prompt_features = RecentFeatures()
        self._loaded_dtype: str | None = None
        self.device = torch.device("cpu")
        self.host: nn.Module | None = None

    @abstractmethod
    def build(self) -> nn.Module:
        """The host on the CPU with its weights in it, nothing missing and nothing left over. Raises WeightsMismatch."""

    @property
    @abstractmethod
    def preprocessing(self) -> str:
        """Name of what :meth:`pixels` does: another name for whatever gives other pixels."""

    @abstractmethod
    def pixels(self, image: Image) -> Tensor:
        """What the image tower sees of a picture, float32 on the CPU."""

    @abstractmethod
    def image_tower(self, pixels: Tensor) -> Tensor:
        """Features of a batch of pixels, one row an image."""

    @abstractmethod
    def text_tower(self, ids: Tensor) -> Tensor:
        """Features of a batch of token ids, one row a prompt."""

    def from_cosine(self, cosine: Tensor) -> Tensor:
        """The score, from the cosine of the two vectors."""
        return cosine

    def choices(self) -> Mapping[str, Any]:
        """Further settings of a subclass that change an answer."""
        return {}

    @property
    def text(self) -> PromptTokens | None:
        """The tokenizer; None for a scorer that sees no prompt."""
        return self._text

    @property
    def dtype(self) -> str:
        """Number format of the towers; what comes after them is float32."""
        return self._dtype or self._loaded_dtype or "float32"

    @property
    def settings(self) -> Mapping[str, Any]:
        """Weights, preprocessing, tokenizer, number format, and the subclass's choices."""
        return {
            **self.checkpoint.identity(),
            "preprocessing": f"{self.preprocessing}/{PIXELS}",
            "text": None if self.text is None else self.text.settings,
            "dtype": self.dtype,
            **self.choices(),
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What stands beside the scores but is no part of their key: device, library versions, source."""
        return {
            "device": str(self.device),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "source": self.card.hub_id if self.card.hub_id == self.checkpoint.source else "local",
        }

    def check(self) -> None:
        """Make sure, without loading, that weights and tokenizer can be had; fetches and hashes what is missing.

        Raises:
            WeightsMissing: with the source and the remedy.
        """
        file_hash(self.checkpoint.path())
        if self.text is not None:
            self.text.open()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights and put them on a device.

        Raises:
            WeightsMissing, WeightsMismatch: with the source and the remedy.
            ModelError, ConfigError: this machine has no such device, or there is no such number format.
        """
        wanted, name = check_device(device), dtype_name(dtype)
        if self.text is not None:
            self.text.open()
        host = self.build()
        self._loaded_dtype = name
        self.device = wanted
        self.host = host.to(wanted, DTYPES[self.dtype]).eval().requires_grad_(False)
        self._image_batch = BatchSize.on(wanted.type, self._batch, on_cpu=1)
        self._text_batch = BatchSize.on(wanted.type, self._batch)
        self._prompt_features = RecentFeatures()

    def tokens(self, prompts: Sequence[str]) -> list[tuple[int, bool]]:
        """For every prompt its number of tokens, and whether it was too long and cut."""
        return [(0, False)] * len(prompts) if self.text is None else self.text.counts(prompts)

    def score(
        self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]
    ) -> NDArray[np.float32] | NDArray[np.float64]:
        """Scores of the (image, prompt) rows of ``cells``; what no cell names is not encoded."""
        rows = np.asarray(cells, dtype=np.intp).reshape(-1, 2)
        image_at, image_row = np.unique(rows[:, 0], return_inverse=True)
        prompt_at, prompt_row = np.unique(rows[:, 1], return_inverse=True)
        with torch.inference_mode():
            image_features = self.encode_images(_Picked(images, image_at))
            prompt_features = self.encode_prompts([prompts[at] for at in prompt_at])
            values = self.combine(image_features, prompt_features, image_row, prompt_row)
        return values.float().cpu().numpy()

    def combine(
        self,
        images: Sequence[Tensor],
        prompts: Sequence[Tensor],
        image_row: NDArray[np.intp],
        prompt_row: NDArray[np.intp],
    ) -> Tensor:
        """Scores of the cells (image_row[i], prompt_row[i]), shape (cells,)."""
        if len(image_row) == 0:
            return torch.empty(0)
        image_vectors = nn.functional.normalize(torch.stack(list(images)).float(), dim=-1)
        prompt_vectors = nn.functional.normalize(torch.stack(list(prompts)).float(), dim=-1)
        cosine = (image_vectors[torch.from_numpy(image_row)] * prompt_vectors[torch.from_numpy(prompt_row)]).sum(-1)
        return self.from_cosine(cosine)

    def encode_images(self, images: Sequence[Image]) -> list[Tensor]:
        """One feature an image, on the CPU: from the store where it is known, else from the tower."""
        loaded = self.ready()

        def make(places: Sequence[int]) -> list[Tensor]:
            return encode(
                _Picked(images, places), self.pixels, lambda batch: self._run_images(batch, loaded), self._image_batch
            )

        if self._image_features is None:
            return make(range(len(images)))
        checkpoint = digest(dict(self.checkpoint.identity()))
        keys = [
            feature_key(pixel_hash(image), f"{self.preprocessing}/{PIXELS}", checkpoint, self.dtype) for image in images
        ]
        return fill(self._image_features, keys, make)

    def encode_prompts(self, prompts: Sequence[str]) -> list[Tensor]:
        """One feature a prompt, on the CPU; a prompt that this object has seen lately is not encoded again."""
        loaded = self.ready()

        def make(places: list[int]) -> list[Tensor]:
            # prompts of like length go together, so that little padding is computed
            order = sorted(places, key=lambda at: len(prompts[at]))
            made = encode(
                [prompts[at] for at in order],
                lambda prompt: prompt,
                lambda batch: self._run_prompts(batch, loaded),
                self._text_batch,
            )
            by_place = dict(zip(order, made, strict=True))
            return [by_place[at] for at in places]

        return fill(self._prompt_features, prompts, make)

    def ready(self) -> nn.Module:
        """The host. Raises ModelError before :meth:`load`."""
        if self.host is None:
            raise ModelError(f"{self.card.name} is not loaded: call load(device, dtype) first.")
        return self.host

    def _run_images(self, batch: Sequence[Tensor], host: nn.Module) -> list[Tensor]:
        pixels = torch.stack(list(batch)).to(self.device, next(host.parameters()).dtype)
        return list(self.image_tower(pixels).cpu())

    def _run_prompts(self, batch: Sequence[str], host: nn.Module) -> list[Tensor]:
        if self.text is None:
            raise ModelError(f"{self.card.name} sees no prompt.")
        return list(self.text_tower(self.text.ids(batch).to(self.device)).cpu())


class _Picked(Sequence[Image]):
    """Some of a sequence's pictures, each taken when it is asked for: a sequence may decode on access."""

    def __init__(self, images: Sequence[Image], places: Sequence[int] | NDArray[np.intp]) -> None:
        self._images, self._places = images, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Image: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Image]: ...
    def __getitem__(self, at: int | slice) -> Image | Sequence[Image]:
        if isinstance(at, slice):
            return _Picked(self._images, self._places[at])
        return self._images[int(self._places[at])]


def pooled(features: Any) -> Tensor:
    """The projected vectors of ``get_image_features`` / ``get_text_features``.

    From transformers 5 these return an object that holds them, before a tensor.
    """
    vectors: Tensor = features if isinstance(features, Tensor) else features.pooler_output
    return vectors
