"""BLIP as a captioner: one sentence by beam search, in which no interpreting word can stand.

Such words are shut out while the sentence is made, not cut out of it afterwards, so that what remains is the likeliest
sentence without them. ``plain = False`` decodes as published and files the words that interpret beside the caption.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL.Image import Image, Resampling
from torch import Tensor
from transformers import BlipConfig, BlipForConditionalGeneration

from fauve.errors import ConfigError, ModelError, WeightsMismatch
from fauve.keys import digest
from fauve.models.batching import BatchSize, encode
from fauve.models.captioners.captioner_cards import CAPTIONER_CARDS
from fauve.models.captioners.captioning import Captioned
from fauve.models.captioners.plain_wording import INTERPRETING, caption_faults, interpreting_words
from fauve.models.cards import ModelCard
from fauve.models.devices import DTYPES, check_device, dtype_name
from fauve.models.pixels import CLIP_MEAN, CLIP_STD, PIXELS, square_pixels
from fauve.models.pretrained import Pretrained
from fauve.records import Outcome

__all__ = ["BlipCaptioner"]

_CAPTIONER = "blip-caption/1"

Triple = tuple[float, float, float]


class BlipCaptioner:
    """A BLIP that was tuned to caption.

    Args:
        name: ``blip-caption-l``, ``blip-caption-b``, or a name of one's own with ``weights``.
        weights: local folder or hub id; None for that of the card.
        revision: of the hub repository.
        beams: sentences that are followed at once; 3 as in BLIP's own evaluation on COCO.
        most_tokens: length of a caption at most, in word pieces.
        plain: shut out words that interpret.
        dtype: number format; where None, the one that :meth:`load` is given.
        batch: pictures at a time; where None it is found.

    Raises:
        ConfigError: where an option makes no sense.
    """

    def __init__(
        self,
        name: str = "blip-caption-l",
        weights: str | None = None,
        *,
        revision: str | None = None,
        beams: int = 3,
        most_tokens: int = 40,
        plain: bool = True,
        dtype: str | None = None,
        batch: int | None = None,
    ) -> None:
        if beams < 1 or most_tokens < 1:
            raise ConfigError(f"{name}: beams and most_tokens are at least 1.")
        self.card: ModelCard = CAPTIONER_CARDS.get(name) or _card_of(name)
        self._files = Pretrained(name, weights or self.card.hub_id or "", revision)
        self._beams, self._most_tokens, self._plain = beams, most_tokens, plain
        self._dtype = None if dtype is None else dtype_name(dtype)
        self._loaded_dtype: str | None = None
        self._batch = batch
        self._device = torch.device("cpu")
        self._host: Any = None
        self._steps: dict[str, Any] = {}
        self._shut_out: list[list[int]] | None = None
        self._no_words: set[int] = set()

    @property
    def dtype(self) -> str:
        """Number format of the model."""
        return self._dtype or self._loaded_dtype or "float32"

    @property
    def settings(self) -> Mapping[str, Any]:
        """Files, decoding, lexicon, number format; the same before and after loading, once checked."""
        return {
            "captioner": f"{_CAPTIONER}, pixels {PIXELS}",
            **self._files.identity(),
            "beams": self._beams,
            "most_tokens": self._most_tokens,
            "shut_out": digest(list(INTERPRETING)) if self._plain else None,
            "dtype": self.dtype,
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Device, library versions, source: no part of a key."""
        return {"device": str(self._device), **self._files.provenance}

    def check(self) -> None:
        """Make sure that all files can be had, and fetch what is missing. Raises WeightsMissing."""
        self._files.check()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights and put them on a device.

        Raises:
            WeightsMissing, WeightsMismatch: with the source and the remedy.
            ModelError, ConfigError: this machine has no such device, or there is no such number format.
        """
        wanted, name = check_device(device), dtype_name(dtype)
        config = self._files.config({"blip": BlipConfig})
        self._steps = _steps(self._files.described("preprocessing"), config.vision_config.image_size, self.card.name)
        text = config.text_config
        self._no_words = {text.bos_token_id, text.sep_token_id, text.pad_token_id}
        tokenizer = self._files.tokenizer()
        self._shut_out = _token_rows(tokenizer) if self._plain else None
        host = self._files.model(BlipForConditionalGeneration, config)
        self._loaded_dtype, self._device = name, wanted
        self._host = host.to(wanted, DTYPES[self.dtype])
        self._size = BatchSize.on(wanted.type, self._batch, on_cpu=1)

    def caption(self, images: Sequence[Image]) -> list[Captioned]:
        """One answer a picture, in order. Raises ModelError where it is not loaded."""
        if self._host is None:
            raise ModelError(f"{self.card.name} is not loaded. Call load() first.")
        rows = encode(images, self._pixels, self._generate, self._size)
        return [self._captioned(row) for row in rows]

    def _pixels(self, image: Image) -> Tensor:
        return square_pixels(image, **self._steps)

    def _generate(self, batch: list[Tensor]) -> list[list[int]]:
        pixels = torch.stack(batch).to(self._device, DTYPES[self.dtype])
        made = self._host.generate(
            pixel_values=pixels,
            num_beams=self._beams,
            max_new_tokens=self._most_tokens,
            do_sample=False,
            bad_words_ids=self._shut_out,
        )
        rows: list[list[int]] = made.tolist()
        return rows

    def _captioned(self, row: Sequence[int]) -> Captioned:
        # the start token lies beyond the vocabulary of some files and is an ordinary word in others
        said = [token for token in row if token not in self._no_words]
        caption = " ".join(self._files.tokenizer().decode(said, skip_special_tokens=True).split())
        facts = {"tokens": len(said), "interprets": interpreting_words(caption)}
        faults = caption_faults(caption)
        if faults and (self._plain or not caption):
            return Captioned(Outcome.UNPARSABLE, reason=" ".join(faults), facts={**facts, "said": caption})
        return Captioned(Outcome.OK, caption, facts=facts)


def _token_rows(tokenizer: Any) -> list[list[int]]:
    """The lexicon in word pieces; what a vocabulary cannot spell cannot be said either."""
    rows = (tokenizer(term, add_special_tokens=False)["input_ids"] for term in INTERPRETING)
    return [row for row in rows if row and tokenizer.unk_token_id not in row]


def _steps(described: Mapping[str, Any], side: int, name: str) -> dict[str, Any]:
    """Arguments of ``square_pixels``. Raises WeightsMismatch where a file asks for other steps, or another side."""
    try:
        off = [key for key in ("do_resize", "do_rescale", "do_normalize") if not described.get(key, True)]
        if off or described.get("do_center_crop") or abs(described.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-6:
            raise ValueError(f"switched off: {', '.join(off)}" if off else "a crop, or another scale")
        size = described.get("size", {"height": side, "width": side})
        if (size["height"], size["width"]) != (side, side):
            raise ValueError(f"pictures of {size}, and the weights take {side}")
        return {
            "side": side,
            "resample": Resampling(described.get("resample", Resampling.BICUBIC)),
            "mean": _triple(described.get("image_mean", CLIP_MEAN)),
            "std": _triple(described.get("image_std", CLIP_STD)),
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsMismatch(
            f"{name}: its preprocessing is none that is known here ({error}). Known is a resize to a square, with a "
            "mean and a deviation of three channels."
        ) from error


def _triple(values: Any) -> Triple:
    first, second, third = (float(value) for value in values)
    return first, second, third


def _card_of(name: str) -> ModelCard:
    """The card of a BLIP of one's own: nothing is known of its licence."""
    return dataclasses.replace(
        CAPTIONER_CARDS["blip-caption-l"],
        name=name,
        summary="A BLIP of one's own that captions; one short sentence a picture.",
        licence=None,
        hub_id=None,
    )
