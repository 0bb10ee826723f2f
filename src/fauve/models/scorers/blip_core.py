"""The core of the BLIP family: images are encoded once, and read by a text tower that attends to them, cell by cell.

What a prompt's text tower makes depends on the image, so only the image tokens can be shared: they are made once an
image and expanded over its prompts, in batches ordered by image so that keys and values are made once a batch too.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor, nn

from fauve.errors import WeightsMismatch
from fauve.models.batching import BatchSize, encode
from fauve.models.scorers.blip_hosts import BlipTowers, DescribedCheckpoint
from fauve.models.scorers.blip_reading import lengths_mask, read
from fauve.models.scorers.prompt_tokens import PromptTokens
from fauve.models.scorers.two_tower import TwoTower
from fauve.models.weights import file_hash

__all__ = ["BERT", "BlipFamily"]

BERT = "google-bert/bert-base-uncased"
"""Hub repository of the vocabulary that every BLIP shares."""

_BATCHES_HELD = 4
"""Image batches whose tokens are held at a time: 577 tokens of 1024 numbers are 2.4 MB an image in float32."""


class _Cell(NamedTuple):
    image: int
    ids: Tensor


class BlipFamily(TwoTower):
    """A scorer whose text tower attends to the image; see :class:`TwoTower` for its arguments.

    A subclass builds the towers, keeps what reads them out in ``head``, and says what becomes of ``[CLS]``.
    """

    checkpoint: DescribedCheckpoint
    head: nn.Module
    """What turns the text tower's ``[CLS]`` into the answer; always float32."""

    @abstractmethod
    def from_reading(self, first: Tensor) -> Tensor:
        """Scores from ``[CLS]`` after the text tower has read an image, float32 of shape (cells, width)."""

    def check(self) -> None:
        """Make sure, without loading, that weights and tokenizer can be had; fetches and hashes what is missing.

        Raises:
            WeightsMissing: with the source and the remedy.
        """
        file_hash(self.checkpoint.path())
        self.checkpoint.described()
        if self.text is not None:
            self.text.open()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights and put them on a device; what reads the towers out stays float32.

        Raises:
            WeightsMissing, WeightsMismatch, ModelError, ConfigError: see :meth:`TwoTower.load`.
        """
        super().load(device, dtype)
        self.head = self.head.to(self.device, torch.float32).eval().requires_grad_(False)
        self._cell_batch = BatchSize.on(self.device.type, self._batch)

    def score(
        self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]
    ) -> NDArray[np.float32] | NDArray[np.float64]:
        """Scores of the (image, prompt) rows of ``cells``. Memory does not grow with their number."""
        self.ready()
        rows = np.asarray(cells, dtype=np.intp).reshape(-1, 2)
        scores = np.empty(len(rows), dtype=np.float32)
        wanted = np.unique(rows[:, 0])
        at = 0
        while at < len(wanted):
            block = wanted[at : at + _BATCHES_HELD * self._image_batch.current]
            inside = np.isin(rows[:, 0], block)
            scores[inside] = super().score(images, prompts, rows[inside])
            at += len(block)
        return scores

    def image_tower(self, pixels: Tensor) -> Tensor:
        """Image tokens after the last layer norm, ``[CLS]`` first, shape (images, tokens, width)."""
        tokens: Tensor = self.towers.vision(pixel_values=pixels).last_hidden_state
        return tokens

    def text_tower(self, ids: Tensor) -> Tensor:
        """``[CLS]`` of prompts that were read without an image."""
        return read(self.towers.text, ids, lengths_mask(ids, self._pad))

    def encode_prompts(self, prompts: Sequence[str]) -> list[Tensor]:
        """The token ids of every prompt, without padding."""
        if not prompts or self.text is None:
            return []
        ids = self.text.ids(prompts)
        mask = lengths_mask(ids, self._pad)
        lengths = [ids.shape[1]] * len(prompts) if mask is None else mask.sum(dim=1).tolist()
        return [row[:length] for row, length in zip(ids, lengths, strict=True)]

    def combine(
        self,
        images: Sequence[Tensor],
        prompts: Sequence[Tensor],
        image_row: NDArray[np.intp],
        prompt_row: NDArray[np.intp],
    ) -> Tensor:
        """Scores of the cells (image_row[i], prompt_row[i]): the prompts read their images."""
        order = np.lexsort((prompt_row, image_row))
        sorted_cells = [_Cell(int(image_row[at]), prompts[prompt_row[at]]) for at in order]
        made = encode(sorted_cells, lambda cell: cell, lambda batch: self._read_cells(batch, images), self._cell_batch)
        scores = torch.empty(len(order))
        scores[torch.from_numpy(order)] = torch.tensor([float(value) for value in made])
        return scores

    def towers_with_text(self, towers: BlipTowers) -> BlipTowers:
        """The towers again, once it is sure that the tokenizer's ids are theirs; the limit becomes what they can read.

        Raises:
            WeightsMismatch: the tokenizer has more tokens than the text tower, or does not put ``[CLS]`` first.
        """
        if self.text is None:
            raise TypeError(f"{type(self).__name__} needs a tokenizer")
        _require_vocabulary(self.card.name, self.text, towers.text.config.vocab_size)
        self.text.limit = min(self.text.limit, towers.text.config.max_position_embeddings)
        return towers

    @property
    def towers(self) -> BlipTowers:
        """The towers. Raises ModelError before :meth:`load`."""
        return cast(BlipTowers, self.ready())

    @property
    def _pad(self) -> int:
        return 0 if self.text is None else int(self.text.open().pad_token_id)

    def _run_images(self, batch: Sequence[Tensor], host: nn.Module) -> list[Tensor]:
        # tokens stay on the device: they are larger than the picture, and read there at once
        pixels = torch.stack(list(batch)).to(self.device, next(host.parameters()).dtype)
        return list(self.image_tower(pixels))

    def _read_cells(self, batch: list[_Cell], images: Sequence[Tensor]) -> list[float]:
        places = sorted({cell.image for cell in batch})
        row_of = {place: row for row, place in enumerate(places)}
        tokens = torch.stack([images[place] for place in places]).to(self.device)
        rows = torch.tensor([row_of[cell.image] for cell in batch], device=self.device)
        ids = nn.utils.rnn.pad_sequence([cell.ids for cell in batch], batch_first=True, padding_value=self._pad)
        mask = lengths_mask(ids, self._pad)
        first = read(
            self.towers.text, ids.to(self.device), None if mask is None else mask.to(self.device), tokens, rows
        )
        answered: list[float] = self.from_reading(first.float()).cpu().tolist()
        return answered


def _require_vocabulary(name: str, text: PromptTokens, known: int) -> None:
    tokenizer = text.open()
    first = text.ids(["a"])[0, 0].item()
    if len(tokenizer) > known or tokenizer.pad_token_id is None or first != tokenizer.cls_token_id:
        raise WeightsMismatch(
            f"{name}: the tokenizer is not this model's ({len(tokenizer)} tokens where the text tower knows {known}; a "
            f"prompt starts with id {first}). Give the folder or hub id of bert-base-uncased's vocabulary."
        )
