"""CLIP- and SigLIP-style matchers from the hub or a folder: does the prompt fit the picture.

``clip-l`` is OpenAI's CLIP ViT-L/14. Any other checkpoint in the layout of transformers' ``CLIPModel`` or
``SiglipModel`` is a scorer too, by its hub id or folder: sizes, activation, preprocessing and tokenizer are those
of its own files.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL.Image import Image
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

from fauve.errors import ConfigError, WeightsMismatch, WeightsMissing
from fauve.models.cards import ModelCard
from fauve.models.scorers.clip_hosts import transformers_layout
from fauve.models.scorers.hub_pixels import HubPixels
from fauve.models.scorers.prompt_tokens import PromptTokens
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.scorers.two_tower import TwoTower, pooled
from fauve.models.weights import HUB_WEIGHTS, Checkpoint, build_empty, load_strictly, read_tensors

__all__ = ["ClipSimilarity"]


@dataclass(frozen=True, slots=True)
class _Description:
    """What the small files beside the weights say."""

    config: Any
    siglip: bool
    pixels: HubPixels
    text: PromptTokens


class ClipSimilarity(TwoTower):
    """Cosine of image and prompt in a CLIP- or SigLIP-style model, or its logit.

    Args:
        name: ``clip-l``, or a name of one's own with ``weights``.
        weights: local folder or hub id; where None, the hub id of the card of that name.
        revision: of the hub repository.
        output: ``"cosine"``, or ``"logit"``: times ``exp(logit_scale)``, plus the bias where the model has one. Both
            order the images of one prompt alike.
        dtype, batch, features: see :class:`TwoTower`.
    """

    def __init__(
        self,
        name: str,
        weights: str | None = None,
        *,
        revision: str | None = None,
        output: Literal["cosine", "logit"] = "cosine",
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        if output not in {"cosine", "logit"}:
            raise ConfigError(f"{name}: output is 'cosine' or 'logit', not {output!r}.")
        card = _card(name, weights, output)
        checkpoint = Checkpoint(name, weights or card.hub_id or "", HUB_WEIGHTS, revision)
        super().__init__(card, checkpoint, None, dtype=dtype, batch=batch, features=features)
        self._output = output
        self._described: _Description | None = None
        self.logit_scale, self.logit_bias = 1.0, 0.0

    @property
    def text(self) -> PromptTokens:
        """The checkpoint's own tokenizer."""
        return self._describe().text

    @property
    def preprocessing(self) -> str:
        """The steps that the checkpoint's own files ask for."""
        return self._describe().pixels.name

    @property
    def settings(self) -> Mapping[str, Any]:
        """As of every two-tower scorer; until its files are on this machine, only where they come from."""
        try:
            self._describe(online=False)
        except WeightsMissing:
            return {**self.checkpoint.identity(), "dtype": self.dtype, **self.choices()}
        return super().settings

    @property
    def provenance(self) -> Mapping[str, Any]:
        """As of every two-tower scorer, and the scale and bias that turn a cosine into a logit, once loaded."""
        return {**super().provenance, "logit_scale": self.logit_scale, "logit_bias": self.logit_bias}

    def choices(self) -> Mapping[str, Any]:
        """Cosine or logit."""
        return {"output": self._output}

    def build(self) -> nn.Module:
        """CLIPModel or SiglipModel with every tensor of the checkpoint."""
        path = self.checkpoint.path()
        described = self._describe()
        tensors = transformers_layout(read_tensors(path))
        if described.siglip:
            host: nn.Module = build_empty(lambda: SiglipModel(described.config))
        else:
            described.config.text_config.eos_token_id = described.text.end_token
            host = build_empty(lambda: CLIPModel(described.config))
        load_strictly(host, tensors, name=self.card.name)
        self.logit_scale = float(tensors["logit_scale"].float().exp())
        self.logit_bias = float(tensors["logit_bias"].float()) if described.siglip else 0.0
        return host

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, side, side)."""
        return self._describe().pixels(image)

    def image_tower(self, pixels: Tensor) -> Tensor:
        """Projected vectors, not normalised."""
        host: Any = self.ready()
        return pooled(host.get_image_features(pixel_values=pixels))

    def text_tower(self, ids: Tensor) -> Tensor:
        """Projected vectors, not normalised. No mask: CLIP is causal, and SigLIP attends to its padding."""
        host: Any = self.ready()
        return pooled(host.get_text_features(input_ids=ids))

    def from_cosine(self, cosine: Tensor) -> Tensor:
        """The cosine itself, or the logit."""
        return cosine if self._output == "cosine" else cosine * self.logit_scale + self.logit_bias

    def _describe(self, *, online: bool = True) -> _Description:
        if self._described is None:
            self._described = self._read_description(online)
        return self._described

    def _read_description(self, online: bool) -> _Description:
        name = self.card.name
        config_file = self._companion("config.json", online=online)
        kind, config = _config(name, config_file)
        pixels = HubPixels.read(self._companion("preprocessor_config.json", "processor_config.json", online=online))
        siglip = kind == "siglip"
        text = PromptTokens(
            name,
            self.checkpoint.source,
            config.text_config.max_position_embeddings,
            revision=self.checkpoint.revision,
            padding="max_length" if siglip else "longest",
            clip=not siglip,
        )
        return _Description(config, siglip, pixels, text)

    def _companion(self, *files: str, online: bool) -> Path:
        found = self.checkpoint.companion(*files, online=online)
        if found is None:
            raise WeightsMissing(
                f"{self.card.name}: {self.checkpoint.source} has no {' or '.join(files)}, which says how pictures "
                "and prompts are read. Give a hub id or a folder as transformers saves it, the processor included."
            )
        return found


def _config(name: str, path: Path) -> tuple[str, Any]:
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        kind = described.get("model_type")
    except (ValueError, AttributeError) as error:
        raise WeightsMismatch(f"{name}: {path.name} is no configuration of transformers ({error}).") from error
    if kind not in {"clip", "siglip"}:
        raise WeightsMismatch(
            f"{name}: this is a model of type {kind!r}, and ClipSimilarity hosts 'clip' and 'siglip'. "
            "Write a scorer of your own for it."
        )
    return kind, (SiglipConfig if kind == "siglip" else CLIPConfig).from_dict(described)


def _card(name: str, weights: str | None, output: str) -> ModelCard:
    bounds = (-1.0, 1.0) if output == "cosine" else (None, None)
    if name in REWARD_CARDS:
        return dataclasses.replace(REWARD_CARDS[name], range=bounds)
    if weights is None:
        raise ConfigError(f"{name}: give weights, a folder or the hub id of a CLIP- or SigLIP-style model.")
    return ModelCard(
        name=name,
        kind="matcher",
        summary=f"{output.capitalize()} of image and prompt in a CLIP- or SigLIP-style model, added by its user.",
        hub_id=None if Path(weights).expanduser().exists() else weights,
        range=bounds,
    )
