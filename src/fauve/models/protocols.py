"""What a model must offer to take part: one method each, and no base class.

A scorer is grid-first, because that is where the time goes: the four cells of a pair need two image encodings and two
prompt encodings, not four of each. A stranger's plain callable ``(images, prompts) -> floats`` is wrapped by
:mod:`fauve.models.callables`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.models.cards import ModelCard

__all__ = ["Judge", "Scorer"]


@runtime_checkable
class Scorer(Protocol):
    """Anything that gives an (image, prompt) a number."""

    card: ModelCard

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change an answer; part of the key of every cell."""
        ...

    # Optional, found by name: `check()` makes sure before any work that weights can be had and raises where not;
    # `weightless = True` lets worker processes share the work; `tokens(prompts)` gives (number of tokens, cut?) for
    # each prompt; `provenance` is a mapping of what is filed beside the scores but is no part of their key.

    def load(self, device: str, dtype: str) -> None:
        """Make ready to score; ``device`` and ``dtype`` as torch names them. Raises ModelError where it cannot."""
        ...

    def score(
        self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]
    ) -> NDArray[np.float32] | NDArray[np.float64]:
        """Score the (image index, prompt index) rows of ``cells``, shape (n, 2); returns n finite numbers.

        Each image and prompt is encoded once, however many cells name it.
        """
        ...


@runtime_checkable
class Judge(Protocol):
    """Scores single dimensions of an image, seeing no prompt: J(I, d) in [0, 2]."""

    card: ModelCard
    dimensions: tuple[str, ...]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change an answer; part of the key of every value."""
        ...

    def load(self, device: str, dtype: str) -> None:
        """Make ready to judge. Raises ModelError where it cannot."""
        ...

    def judge(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Expected values, shape (images, dimensions), each in [0, 2]."""
        ...
