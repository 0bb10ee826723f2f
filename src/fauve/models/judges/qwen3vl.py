"""The judge J as a language model on this machine: Qwen3-VL, with or without an adapter that was trained for it.

Source: arXiv 2512.11883. One question a dimension, the picture at 512 × 512, and of the token that follows the softmax
over "0", "1", "2": J(I, d) is its expected value. The published script encodes the picture anew for each question; here
the vision tower sees it once, and the layout says what else is shared (:mod:`fauve.models.judges.qwen3vl_host`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor

from fauve.errors import ConfigError, ModelError
from fauve.models.batching import BatchSize, encode
from fauve.models.devices import DTYPES, check_device, dtype_name
from fauve.models.judges.adapter import Adapter
from fauve.models.judges.guidelines import Guidelines, own_guidelines, read_guidelines
from fauve.models.judges.judge_cards import JUDGE_CARDS, judge_card
from fauve.models.judges.levels import ANSWERS, checked_dimensions, expected_level
from fauve.models.judges.qwen3vl_host import (
    Seen,
    answer_after_picture,
    answer_packed,
    build_host,
    look,
    place,
    read_config,
    read_picture_first,
    read_text,
)
from fauve.models.judges.qwen3vl_pixels import PREPROCESSING, qwen3_patches
from fauve.models.judges.qwen3vl_text import LAYOUTS, JudgeText, Layout, QuestionIds, shared_start
from fauve.models.pixels import PIXELS
from fauve.models.prefix import Prefix
from fauve.models.weights import HUB_WEIGHTS, Checkpoint, file_hash, read_tensors
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["QwenJudge", "patch_sizes"]

SIZE = 512
"""Side of the square that the published judge resizes every picture to."""


class QwenJudge:
    """Qwen3-VL as a judge of single dimensions.

    Args:
        name: ``qwen3-vl-2b``, ``-4b``, ``-8b``, ``-32b``, or a name of one's own for the weights given.
        weights: local folder or hub id of a Qwen3-VL model; None for the published one of that name.
        adapter: local folder or hub id of a LoRA adapter, which is merged into the weights.
        layout: ``paper`` (question before the picture) or ``fast`` (picture first: about as many times quicker as
            there are questions where the picture's tokens dominate). None: what the adapter was trained with, else
            ``paper``. The two are different inputs, and an adapter is at home in one of them.
        size: side in pixels of the square that pictures are resized to; None: the adapter's, else 512.
        dimensions: names of the dimensions, each with a guideline.
        guidelines: TOML file, or a mapping of its form, or None: the adapter's own, else Fauve's.
        revision, adapter_revision: of the hub repositories.
        dtype: number format; where None, the one that :meth:`load` is given.
        batch: questions that are read together (``paper``); where None it is found.

    Raises:
        ConfigError, UnknownName: where the options make no sense.
    """

    def __init__(
        self,
        name: str = "qwen3-vl-4b",
        weights: str | None = None,
        adapter: str | None = None,
        layout: Layout | None = None,
        size: int | None = None,
        dimensions: Sequence[str] = PROMPT_DIMENSIONS,
        guidelines: str | Path | Mapping[str, Any] | Guidelines | None = None,
        *,
        revision: str | None = None,
        adapter_revision: str | None = None,
        dtype: str | None = None,
        batch: int | None = None,
    ) -> None:
        card = judge_card(name)
        if name not in JUDGE_CARDS and weights is None:
            known = ", ".join(n for n in JUDGE_CARDS if n.startswith("qwen3-vl"))
            raise ConfigError(f"{name}: no weights are published under this name. Give `weights`, or use {known}.")
        if layout is not None and layout not in LAYOUTS:
            raise ConfigError(f"{name}: layout is paper or fast, not {layout!r}.")
        self.dimensions = checked_dimensions(name, list(dimensions))
        self.checkpoint = Checkpoint(name, weights or str(card.hub_id), HUB_WEIGHTS, revision)
        self._config = Checkpoint(name, self.checkpoint.source, ("config.json",), revision)
        self.text = JudgeText(name, Checkpoint(name, self.checkpoint.source, ("tokenizer.json",), revision))
        self.adapter = None if adapter is None else Adapter(name, adapter, adapter_revision)
        self._layout, self._size = layout, size
        self._guidelines = None if guidelines is None else read_guidelines(guidelines)
        self._dtype = None if dtype is None else dtype_name(dtype)
        self._loaded_dtype: str | None = None
        self._batch = batch
        self.device = torch.device("cpu")
        self.host: Any = None
        self._readings: list[Prefix] = []
        shown = name + ("" if self.adapter is None else f"+{self.adapter.label}")
        self.card = judge_card(
            f"{shown} (fast)" if layout == "fast" else shown, name if name in JUDGE_CARDS else "qwen3-vl-4b"
        )
        if self.adapter is None:
            (self._guidelines or own_guidelines()).hashes(self.dimensions)  # an unknown dimension is told at once

    @property
    def layout(self) -> Layout:
        """Where the picture stands: as asked, else as the adapter was trained, else ``paper``."""
        trained = self._trained("layout", "paper")
        return self._layout or ("fast" if trained == "fast" else "paper")

    @property
    def size(self) -> int:
        """Side of the square in pixels."""
        return self._size or int(self._trained("size", SIZE))

    @property
    def guidelines(self) -> Guidelines:
        """The texts that are put. Raises ConfigError where an adapter's are not known or others."""
        if self.adapter is None:
            return self._guidelines or own_guidelines()
        return self.adapter.agreed(self._guidelines, self.dimensions)

    def _trained(self, field: str, otherwise: Any) -> Any:
        record = None if self.adapter is None else self.adapter.record()
        return otherwise if record is None else record[field]

    @property
    def dtype(self) -> str:
        """Number format of the weights."""
        return self._dtype or self._loaded_dtype or "float32"

    @property
    def settings(self) -> Mapping[str, Any]:
        """Weights, adapter, questions, layout, preprocessing, number format."""
        config = self._config.identity()
        return {
            **self.checkpoint.identity(),
            "config": config.get("weights_sha256", config.get("weights")),
            "adapter": None if self.adapter is None else self.adapter.settings(),
            "text": self.text.settings,
            "layout": self.layout,
            "size": self.size,
            "preprocessing": f"{PREPROCESSING}/{PIXELS}",
            "dimensions": list(self.dimensions),
            "questions": self.guidelines.hashes(self.dimensions),
            "answers": list(ANSWERS),
            "dtype": self.dtype,
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What stands beside the values but is no part of their key: device, library versions, sources."""
        published = {card.hub_id for card in JUDGE_CARDS.values()}
        return {
            "device": str(self.device),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "source": self.checkpoint.source if self.checkpoint.source in published else "local",
            "guidelines": self.guidelines.name,
        }

    def check(self) -> None:
        """Make sure that weights, vocabulary, sizes and adapter can be had, and that every question can be put.

        Raises:
            WeightsMissing, WeightsMismatch: with the hub id and the remedy.
            ConfigError: the questions of the adapter are not known, or the size does not fit the patches.
            UnknownName: a dimension has no guideline.
        """
        self.checkpoint.path()
        if self.adapter is not None:
            self.adapter.fetch()
        patch, merge = patch_sizes(self.config())
        if self.size < patch * merge or self.size % (patch * merge):
            raise ConfigError(f"{self.card.name}: size is a multiple of {patch * merge}, not {self.size}.")
        self.questions()
        _ = self.text.answers

    def config(self) -> Any:
        """The model's sizes. Raises WeightsMissing, WeightsMismatch."""
        return read_config(self._config.path())

    def questions(self) -> list[QuestionIds]:
        """The ids of every question, in the order of the dimensions."""
        guidelines = self.guidelines
        return [self.text.question(guidelines.text(name), self.layout) for name in self.dimensions]

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Build the model with its adapter merged, and read the questions ahead where they stand before the picture.

        Raises:
            WeightsMissing, WeightsMismatch, ConfigError, ModelError: see :meth:`check`.
        """
        self.check()
        wanted, name = check_device(device), dtype_name(dtype)
        path = self.checkpoint.path()
        host = build_host(self.config(), read_tensors(path), name=self.card.name)
        if self.adapter is not None:
            host = self.adapter.merge(host, file_hash(path))
        self._loaded_dtype, self.device = name, wanted
        self.host = place(host, wanted, DTYPES[self.dtype])
        self._asked = self.questions()
        self._answers = list(self.text.answers)
        self._pack = BatchSize.on(wanted.type, self._batch, on_cpu=4)
        self._patch = patch_sizes(host.config)
        self._readings = []
        if self.layout == "paper":
            with torch.inference_mode():
                self._readings = [read_text(self.host, asked.before) for asked in self._asked]

    def judge(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Expected values, shape (images, dimensions), each in [0, 2]. Raises ModelError before :meth:`load`."""
        return expected_level(self.details(images)["shares"])

    def details(self, images: Sequence[Image]) -> dict[str, NDArray[np.float64]]:
        """What lies behind the values.

        For every picture and dimension ``shares``, the softmax over the three answers, shape (images, dimensions, 3),
        and ``outside``, the probability of every other token together, shape (images, dimensions).

        A picture is opened when its turn comes, while the one before it is being judged.
        """
        if self.host is None:
            raise ModelError(f"{self.card.name} is not loaded: call load(device, dtype) first.")
        patch, merge = self._patch
        with torch.inference_mode():
            found = encode(
                images,
                lambda image: qwen3_patches(image, self.size, patch=patch, merge=merge),
                lambda ready: [self._answer(look(self.host, *one)) for one in ready],
                BatchSize(1, 1),
            )
        whole = np.array(found, dtype=np.float64).reshape(len(images), len(self.dimensions), 4)
        return {"shares": whole[..., :3], "outside": whole[..., 3]}

    def _answer(self, seen: Seen) -> NDArray[np.float64]:
        """Shares of the three answers and the mass outside them for one picture, shape (dimensions, 4)."""
        logits = self._after_picture(seen) if self.layout == "paper" else self._picture_first(seen)
        # in double precision, so that the shares add up to one
        exact = logits.cpu().double()
        chosen = exact[:, self._answers]
        outside = 1.0 - (chosen.logsumexp(1) - exact.logsumexp(1)).exp()
        rows: NDArray[np.float64] = torch.cat([chosen.softmax(1), outside.clamp(0, 1)[:, None]], dim=1).numpy()
        return rows

    def _after_picture(self, seen: Seen) -> Tensor:
        after = self._asked[0].after
        rows = encode(
            self._readings,
            lambda reading: reading,
            lambda pack: list(answer_after_picture(self.host, pack, seen, after)),
            self._pack,
        )
        return torch.stack(rows)

    def _picture_first(self, seen: Seen) -> Tensor:
        rests = [asked.after for asked in self._asked]
        shared = shared_start(rests)
        prefix = read_picture_first(self.host, self._asked[0].before, seen, rests[0][:shared])
        return answer_packed(self.host, prefix, [rest[shared:] for rest in rests])


def patch_sizes(config: Any) -> tuple[int, int]:
    """Side of a patch in pixels, and how many patches along one side become one token."""
    return int(config.vision_config.patch_size), int(config.vision_config.spatial_merge_size)
