"""What a model must offer to take part: one method each, and no base class.

A scorer is grid-first, because that is where the time goes: the four cells of a pair need two image encodings and two
prompt encodings, not four of each. A stranger's plain callable ``(images, prompts) -> floats`` is wrapped by
:mod:`fauve.models.callables`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.models.cards import ModelCard
from fauve.records import Outcome

__all__ = ["FaceBox", "FaceFinder", "Generated", "Generator", "ImageRequest", "Judge", "Scorer"]


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One picture that is wanted.

    ``seed`` fixes the noise where the system takes one. ``negative`` is None where the system shall get none (an empty
    text is another input for some). ``image`` is the picture to edit, ``strength`` how far to leave it (0 to 1).
    """

    prompt: str
    seed: int
    negative: str | None = None
    image: Image | None = None
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of a request: PNG, JPEG or WebP bytes exactly when the outcome is ok, else the reason.

    ``facts`` are plain values to file beside it: forwards of the denoiser, tokens and what was cut of them, provider's
    request id, cost. Never a key, never a path.
    """

    outcome: Outcome
    data: bytes | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.OK) != (self.data is not None):
            raise ValueError(
                f"outcome {self.outcome} with {'a' if self.data else 'no'} picture: it belongs to ok alone"
            )


class Generator(Protocol):
    """Anything that makes a picture of a prompt: a pipeline on this machine, or a service."""

    card: ModelCard

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change a picture: weights, preset, steps, guidance, size, dtype; part of every key."""
        ...

    # Optional, found by name: `check()` as for scorers; `batch` is how many requests are best handed over at once.
    # `for_slot(slot)` is the same generator for the original or the anti image; `strength_for(start_noise)` gives the
    # strength at which an edit starts nearest to a share of noise, and the share that it is; `keep_journal(folder)` has
    # one that pays for pictures note there what it bought.

    def load(self, device: str, dtype: str) -> None:
        """Make ready to generate. Raises ModelError where it cannot."""
        ...

    def generate(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        """One answer a request, in order; a request that fails is an outcome and does not take others with it."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """Anything that gives an (image, prompt) a number."""

    card: ModelCard

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change an answer; part of the key of every cell."""
        ...

    # Optional, found by name: `check()` makes sure before any work that weights can be had and raises where not;
    # `weightless = True` lets worker processes share the work; `remote = True` says that it waits for a service, where
    # a try costs money; `keep_journal(folder)` as for generators; `tokens(prompts)` gives (number of tokens, cut?) for
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

    # Optional, found by name: `check()`, `weightless`, `remote`, `keep_journal(folder)`, `provenance`, as for scorers.

    def load(self, device: str, dtype: str) -> None:
        """Make ready to judge. Raises ModelError where it cannot."""
        ...

    def judge(self, images: Sequence[Image]) -> NDArray[np.float64]:
        """Expected values, shape (images, dimensions), each in [0, 2]."""
        ...


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Where a face is, in pixels of the picture (right and bottom lie outside), and how sure its finder is of it."""

    left: float
    top: float
    right: float
    bottom: float
    score: float


@runtime_checkable
class FaceFinder(Protocol):
    """Finds the face that a portrait is about."""

    card: ModelCard

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change an answer, thresholds included; part of what portraits are filed under."""
        ...

    # Optional, found by name: `check()` as for scorers.

    def load(self, device: str, dtype: str) -> None:
        """Make ready to look. Raises ModelError where it cannot."""
        ...

    def find(self, images: Sequence[Image]) -> list[FaceBox | None]:
        """For each picture its best face, or None where it shows none: that is an answer, no failure."""
        ...
