"""MPS, the Multi-dimensional Preference Score (arXiv:2405.14705), with its overall condition.

A CLIP ViT-H/14 gives one token an image patch and one a word. Words that have to do with the condition (a fixed list
of aspects of quality) are kept, the image's tokens read them in four cross layers, and the score is the scaled cosine
of the first of these tokens with the prompt's vector. Only the cross layers are pairwise: an image's and a prompt's
tokens are encoded once, the condition once for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor, nn
from torch.nn import functional

from fauve.models.batching import BatchSize, encode
from fauve.models.pixels import clip_pixels
from fauve.models.scorers.clip_hosts import Activation, Architecture
from fauve.models.scorers.cosine_rewards import VIT_H_TOKENIZER, TunedClip, card_of, tokens_for
from fauve.models.scorers.mps_cross import CrossModel
from fauve.models.weights import Checkpoint, build_empty, load_strictly, read_tensors_or_module

__all__ = ["MPS", "OVERALL_CONDITION"]

OVERALL_CONDITION = (
    "light, color, clarity, tone, style, ambiance, artistry, shape, face, hair, hands, limbs, structure, instance, "
    "texture, quantity, attributes, position, number, location, word, things."
)
"""The condition of the published overall score, its final full stop included."""


class MPS(TunedClip):
    """MPS, overall.

    Args:
        name: ``mps``, or a name of one's own.
        weights: ``MPS_overall_checkpoint.pth`` (the published pickled module, read without running it), a safetensors
            copy, or a folder that holds either.
        tokenizer: folder or hub id of CLIP's vocabulary; where None, beside the weights or laion's ViT-H/14.
        condition: words by which the prompt's own are kept.
        threshold: share of the best word's likeness to the condition above which a word is kept: 0.3 in the evaluation
            scripts, 0.01 in the class that the README calls.
        dtype, batch, features: see :class:`TwoTower`.
    """

    architecture: ClassVar[Architecture] = "ViT-H/14"
    activation: ClassVar[Activation] = "gelu"

    def __init__(
        self,
        name: str = "mps",
        weights: str | None = None,
        *,
        revision: str | None = None,
        tokenizer: str | None = None,
        condition: str = OVERALL_CONDITION,
        threshold: float = 0.3,
        dtype: str | None = None,
        batch: int | None = None,
        features: str | Path | None = None,
    ) -> None:
        files = ("MPS_overall_checkpoint.pth", "MPS_overall_checkpoint_diffsynth.safetensors")
        checkpoint = Checkpoint(name, weights or "", files, revision, origin="github.com/Kwai-Kolors/MPS")
        # padded places take part in the cross layers, so every prompt is padded to the limit
        text = tokens_for(checkpoint, tokenizer, VIT_H_TOKENIZER, padding="max_length")
        super().__init__(card_of(name, "mps"), checkpoint, text, dtype=dtype, batch=batch, features=features)
        self._condition_text = condition
        self._threshold = threshold
        self._condition = torch.empty(0)

    @property
    def preprocessing(self) -> str:
        """That of transformers' CLIP processor, with Pillow."""
        return "shortest side 224, centre crop of transformers"

    def choices(self) -> Mapping[str, Any]:
        """Condition and threshold."""
        return {"condition": self._condition_text, "threshold": self._threshold}

    def pixels(self, image: Image) -> Tensor:
        """Shape (3, 224, 224)."""
        return clip_pixels(image, centre="transformers")

    def build(self) -> nn.Module:
        """The towers and the cross module, each with every tensor of its own."""
        tensors = read_tensors_or_module(self.checkpoint.path())
        towers = self.clip({key.removeprefix("model."): v for key, v in tensors.items() if not _is_cross(key)})
        width = towers.config.projection_dim
        own = {key.removeprefix("cross_model."): value for key, value in tensors.items() if _is_cross(key)}
        cross = build_empty(lambda: CrossModel(width, heads=max(1, width // 64)))
        load_strictly(cross, own, name=f"{self.card.name}, the cross module")
        cross.keep_precision()
        self.logit_scale = float(towers.logit_scale.detach().float().exp())
        return nn.ModuleDict({"towers": towers, "cross": cross})

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """As of every two-tower scorer; the condition is encoded here, once."""
        super().load(device, dtype)
        self._pair_batch = BatchSize.on(self.device.type, self._batch)
        with torch.inference_mode():
            self._condition = self._words([self._condition_text])[0, 1:]

    def image_tower(self, pixels: Tensor) -> Tensor:
        """All tokens of the last layer, not normalised, projected: (images, places, width)."""
        towers = self._part("towers")
        tokens: Tensor = towers.visual_projection(towers.vision_model(pixel_values=pixels).last_hidden_state)
        return tokens

    def text_tower(self, ids: Tensor) -> Tensor:
        """The prompt's vector in the first place, then the tokens of all places: (prompts, 1 + places, width)."""
        towers = self._part("towers")
        tokens = towers.text_projection(towers.text_model(input_ids=ids).last_hidden_state)
        ends = (ids == towers.config.text_config.eos_token_id).int().argmax(dim=-1)
        vectors = tokens[torch.arange(len(ids), device=ids.device), ends]
        return torch.cat((vectors[:, None], tokens), dim=1)

    def combine(
        self,
        images: Sequence[Tensor],
        prompts: Sequence[Tensor],
        image_row: NDArray[Any],
        prompt_row: NDArray[Any],
    ) -> Tensor:
        """Scores of the cells, each through the cross module, shape (cells,)."""
        cells = list(zip(image_row.tolist(), prompt_row.tolist(), strict=True))
        scores: list[Tensor] = encode(
            cells, lambda cell: (images[cell[0]], prompts[cell[1]]), self._run_pairs, self._pair_batch
        )
        return torch.stack(scores) if scores else torch.empty(0)

    def _run_pairs(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        cross = self._part("cross")
        image = torch.stack([pair[0] for pair in pairs]).to(self.device)
        text = torch.stack([pair[1] for pair in pairs]).to(self.device)
        vector, words = text[:, 0], text[:, 1:]
        seen = cross(image, words, self.kept_words(words))[:, 0]
        return list(self.logit_scale * functional.cosine_similarity(vector.float(), seen.float(), dim=-1).cpu())

    def kept_words(self, words: Tensor) -> Tensor:
        """Which places of each prompt have to do with the condition, (prompts, places).

        A place's likeness is its greatest product with a place of the condition; it is kept where that is more than the
        threshold times the prompt's greatest. The reference takes the greatest of a whole batch; here each prompt has
        its own, so that an answer does not depend on the neighbours.
        """
        likeness = (words.float() @ self._condition.float().T).amax(dim=-1)
        return likeness / likeness.amax(dim=-1, keepdim=True) > self._threshold

    def _words(self, prompts: Sequence[str]) -> Tensor:
        if self.text is None:
            raise TypeError("MPS needs a tokenizer")
        return self.text_tower(self.text.ids(prompts).to(self.device))

    def _part(self, name: str) -> Any:
        return self.ready().get_submodule(name)


def _is_cross(key: str) -> bool:
    return key.startswith("cross_model.")
