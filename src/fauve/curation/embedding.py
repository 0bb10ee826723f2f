"""Vectors of pictures and texts that can be compared: any scorer with two towers gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.errors import ConfigError, InvalidOutput
from fauve.keys import digest
from fauve.models.registry import make_scorer

__all__ = ["Embedder", "ModelEmbedder", "unit"]

Floats = NDArray[np.float32]


class Embedder(Protocol):
    """Anything that puts pictures and texts into one space."""

    @property
    def key(self) -> str:
        """A name for everything that can change a vector: weights, preprocessing, number format."""
        ...

    @property
    def name(self) -> str:
        """How readers know it."""
        ...

    def images(self, pictures: Sequence[Image]) -> Floats:
        """Unit vectors (n, d)."""
        ...

    def texts(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d)."""
        ...


class ModelEmbedder:
    """A CLIP- or SigLIP-style model by its name: ``clip:FOLDER_OR_HUB_ID``, ``clip-l``, or a reward made like one.

    Args:
        name: as in `fauve models`.
        weights: file, folder or hub id; None for the model's own.
        device: ``cpu``, ``cuda``…

    Raises:
        ConfigError: it is no model with a tower for pictures and one for texts.
        ModelError: it cannot be loaded.
    """

    def __init__(self, name: str, weights: str | None = None, device: str = "cpu") -> None:
        made: Any = make_scorer(name, {} if weights is None else {"weights": weights})
        if not all(hasattr(made, part) for part in ("encode_images", "encode_prompts")) or not made.card.sees_prompt:
            raise ConfigError(
                f"{name} gives no vectors of pictures and texts; take clip:FOLDER_OR_HUB_ID (any CLIP or SigLIP)"
            )
        made.load(device, "float32")
        self._model, self._name = made, name

    @property
    def key(self) -> str:
        """Digest of the model's settings."""
        return digest(dict(self._model.settings))

    @property
    def name(self) -> str:
        """As it was named; a folder by its last name."""
        kind, colon, place = self._name.partition(":")
        return f"{kind}{colon}{place.rstrip('/').rpartition('/')[2]}" if colon else self._name

    def images(self, pictures: Sequence[Image]) -> Floats:
        """Unit vectors (n, d)."""
        return unit(np.stack([vector.float().numpy() for vector in self._model.encode_images(pictures)]), self._name)

    def texts(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d)."""
        return unit(np.stack([vector.float().numpy() for vector in self._model.encode_prompts(texts)]), self._name)


def unit(vectors: Floats, name: str) -> Floats:
    """Rows of length 1.

    Raises:
        InvalidOutput: a row is not finite or has no length.
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or np.any(lengths == 0):
        raise InvalidOutput(f"{name} gave a vector without direction; try another model or number format")
    scaled: Floats = (vectors / lengths).astype(np.float32)
    return scaled
