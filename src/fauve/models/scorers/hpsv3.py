"""HPSv3: Qwen2-VL-7B with a head that predicts a rating and its deviation (arXiv:2508.03789).

A pair's text is some 800 tokens of which all but the prompt are the same for every prompt, the picture's among them.
They come first and positions are one running number, so they are read once per picture, and every prompt costs its own
few tokens. The result is the one of reading everything anew for every pair, to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor

from fauve.errors import ConfigError, ModelError
from fauve.keys import digest
from fauve.models.batching import BatchSize, encode
from fauve.models.devices import DTYPES, check_device, dtype_name
from fauve.models.features import FeatureStore, feature_key, pixel_hash
from fauve.models.pixels import PIXELS, qwen_patches
from fauve.models.scorers.hpsv3_host import (
    HPSv3Host,
    RotaryPrecision,
    build_host,
    image_tokens,
    read_config,
    read_prefix,
    read_suffixes,
)
from fauve.models.scorers.hpsv3_text import RatingText
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.weights import Checkpoint, file_hash, read_tensors

__all__ = ["HPSv3Scorer"]

_FILES = (
    "HPSv3.safetensors",
    "HPSv3.safetensors.index.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "HPSv3.pth",
)
_BASE = "Qwen/Qwen2-VL-7B-Instruct"
_PREPROCESSING = "qwen2-vl 448x448"


class HPSv3Scorer:
    """The mean of the predicted rating; :meth:`predict` and :meth:`details` give its deviation too.

    Args:
        name: of its card.
        weights: local file, folder or hub id of the checkpoint; where None, the published one.
        base: folder or hub id with ``config.json`` and ``tokenizer.json`` of Qwen2-VL-7B-Instruct (its weights are not
            needed). Where None: those that lie beside local weights, else the published ones.
        revision: of the checkpoint's hub repository.
        dtype: number format of the backbone; where None, the one that :meth:`load` is given. The head is float32.
        rotary: precision of the rotary frequencies, whatever ``dtype`` is. The published code rounds them to bfloat16,
            in training as in rating; ``"float32"`` is for comparison with ports that do not.
        batch: prompts of one picture that are read together; where None it is found.
        features: folder in which the pictures' tokens are kept for later runs; None keeps none.
    """

    def __init__(
        self,
        name: str = "hpsv3",
        weights: str | None = None,
        *,
        base: str | None = None,
        revision: str | None = None,
        dtype: str | None = None,
        rotary: RotaryPrecision = "bfloat16",
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        self.card = REWARD_CARDS[name]
        self.checkpoint = Checkpoint(name, weights or str(self.card.hub_id), _FILES, revision)
        self._config = self._beside("config.json", base)
        self.text = RatingText(name, self._beside("tokenizer.json", base))
        self._dtype = None if dtype is None else dtype_name(dtype)
        self._loaded_dtype: str | None = None
        if rotary not in get_args(RotaryPrecision):
            raise ConfigError(f"{name}: rotary is bfloat16 or float32, not {rotary!r}.")
        self._rotary: RotaryPrecision = rotary
        self._batch = batch
        self._features = None if features is None else FeatureStore(features)
        self.device = torch.device("cpu")
        self.host: HPSv3Host | None = None

    def _beside(self, file: str, base: str | None) -> Checkpoint:
        local = Path(self.checkpoint.source).expanduser()
        folder = local.parent if local.is_file() else local
        if base is None and (folder / file).is_file():
            base = str(folder)
        return Checkpoint(self.card.name, base or _BASE, (file,))

    @property
    def dtype(self) -> str:
        """Number format of the backbone."""
        return self._dtype or self._loaded_dtype or "float32"

    @property
    def settings(self) -> Mapping[str, Any]:
        """Weights, sizes, vocabulary, text around the prompt, preprocessing, number format."""
        config = self._config.identity()
        return {
            **self.checkpoint.identity(),
            "config": config.get("weights_sha256", config.get("weights")),
            "preprocessing": f"{_PREPROCESSING}/{PIXELS}",
            "text": self.text.settings,
            "dtype": self.dtype,
            "rotary": self._rotary,
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
        """Make sure that weights, sizes and vocabulary are on this machine (fetched where needed), and hash them.

        Raises:
            WeightsMissing, WeightsMismatch: with the source and the remedy.
        """
        read_config(self._config.path())
        self.text.open()
        file_hash(self.checkpoint.path())

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights and put them on a device.

        Raises:
            WeightsMissing, WeightsMismatch: with the source and the remedy.
            ModelError, ConfigError: this machine has no such device, or there is no such number format.
        """
        wanted, name = check_device(device), dtype_name(dtype)
        config = read_config(self._config.path())
        reward_id = self.text.reward_id
        tensors = read_tensors(self.checkpoint.path())
        host = build_host(config, tensors, name=self.card.name, reward_id=reward_id)
        self._loaded_dtype, self.device = name, wanted
        self.host = host.place(wanted, DTYPES[self.dtype], self._rotary)
        # a pack's attention grows with its square, so it stays far below what memory would take
        self._pack = BatchSize(self._batch or 8, self._batch or 64, grows=wanted.type != "cpu" and self._batch is None)

    def tokens(self, prompts: Sequence[str]) -> list[tuple[int, bool]]:
        """For every prompt the number of its own tokens, and whether it was cut, which never happens."""
        return self.text.counts(prompts)

    def score(self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]) -> NDArray[np.float32]:
        """Mean of the predicted rating for the (image, prompt) rows of ``cells``."""
        return self.predict(images, prompts, cells)[:, 0]

    def details(
        self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]
    ) -> dict[str, NDArray[np.float32]]:
        """For the rows of ``cells`` the rating's mean ``mu`` and deviation ``sigma``, as the model predicts them."""
        predicted = self.predict(images, prompts, cells)
        return {"mu": predicted[:, 0], "sigma": np.exp(predicted[:, 1])}

    def predict(self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]) -> NDArray[np.float32]:
        """The head's two numbers for the rows of ``cells``: mean and natural logarithm of the deviation, shape (n, 2).

        A picture is opened when its turn comes, while the one before it is being rated, and read once.

        Raises:
            ModelError: not loaded, or out of memory.
            DataError: a prompt contains a control token of the model.
        """
        host = self.ready()
        rows = np.asarray(cells, dtype=np.intp).reshape(-1, 2)
        suffixes = {int(at): self.text.suffix(prompts[at]) for at in np.unique(rows[:, 1])}
        asked = [
            _Asked(int(image), tuple(int(at) for at in np.unique(rows[rows[:, 0] == image, 1])))
            for image in np.unique(rows[:, 0])
        ]
        with torch.inference_mode():
            tables = encode(
                asked,
                lambda one: (one, self._opened(images[one.image])),
                lambda ready: [self._rate(host, seen, [suffixes[at] for at in one.prompts]) for one, seen in ready],
                BatchSize(1, 1),
            )
        found = {
            (one.image, at): row
            for one, table in zip(asked, tables, strict=True)
            for at, row in zip(one.prompts, table.numpy(), strict=True)
        }
        return np.array([found[int(i), int(p)] for i, p in rows], dtype=np.float32).reshape(-1, 2)

    def ready(self) -> HPSv3Host:
        """The host. Raises ModelError before :meth:`load`."""
        if self.host is None:
            raise ModelError(f"{self.card.name} is not loaded: call load(device, dtype) first.")
        return self.host

    def _opened(self, image: Image) -> _Seen:
        key = None
        if self._features is not None:
            checkpoint = digest(dict(self.checkpoint.identity()))
            key = feature_key(
                pixel_hash(image), f"{_PREPROCESSING}/{PIXELS}/rotary {self._rotary}", checkpoint, self.dtype
            )
            known = self._features.get(key)
            if known is not None:
                return _Seen(known, None, key)
        patches, grid = qwen_patches(image)
        return _Seen(patches, grid, key)

    def _rate(self, host: HPSv3Host, seen: _Seen, suffixes: list[list[int]]) -> Tensor:
        """Ratings of one picture for some prompts, shape (prompts, 2), on the CPU."""
        picture = seen.values
        if seen.grid is not None:
            picture = image_tokens(host, seen.values, seen.grid)
            if self._features is not None and seen.key is not None:
                self._features.put(seen.key, picture)
        ids, places = self.text.prefix(len(picture))
        prefix = read_prefix(host, ids, picture, places)
        rated = encode(
            suffixes,
            lambda suffix: suffix,
            lambda pack: list(read_suffixes(host, prefix, pack).cpu()),
            self._pack,
        )
        return torch.stack(rated)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One picture and the prompts that it is wanted for, as indices."""

    image: int
    prompts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture made ready: its patches with their grid, or its tokens (no grid); ``key`` is its place in the store."""

    values: Tensor
    grid: tuple[int, int, int] | None
    key: str | None
