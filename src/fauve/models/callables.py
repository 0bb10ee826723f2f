"""A stranger's plain callable ``(images, prompts) -> floats`` as a scorer.

The callable gets two lists of the same length, RGB pictures and texts, one pair a row, and returns one number a row:
list, NumPy array or torch tensor. It is called once a batch with repeated pictures and prompts, which is slower than
the grid interface and needs no knowledge of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.errors import InvalidOutput
from fauve.keys import digest_bytes
from fauve.models.cards import ModelCard

__all__ = ["CallableScorer", "checked_scores"]


class CallableScorer:
    """Wraps ``function``; a ``load(device)`` or ``load()`` method of it is called first where it has one.

    Its source text, where it can be read, is part of the settings: an edited function is another scorer.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._function = function
        self.card = _card_of(function, name)
        self._source = _source_digest(function)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name, revision and source hash."""
        return {"callable": self.card.name, "revision": self.card.revision, "source": self._source}

    def load(self, device: str, dtype: str) -> None:
        """Call the object's own ``load``, handing it the device and dtype as far as it takes them."""
        own = getattr(self._function, "load", None)
        if own is None:
            return
        offered = {"device": device, "dtype": dtype}
        taken = inspect.signature(own).parameters
        own(**{name: value for name, value in offered.items() if name in taken})

    def score(self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]) -> NDArray[np.float64]:
        """Call the function once for all cells and check what it returns."""
        call = getattr(self._function, "score", self._function)
        answered = call([images[i] for i, _ in cells], [prompts[p] for _, p in cells])
        return checked_scores(answered, len(cells), self.card.name)


def checked_scores(answered: Any, n: int, name: str) -> NDArray[np.float64]:
    """``answered`` as n finite float64 numbers.

    Raises:
        InvalidOutput: with what it was instead.
    """
    if hasattr(answered, "detach"):
        answered = answered.detach().float().cpu().numpy()
    try:
        values = np.asarray(answered, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidOutput(f"{name} returned {type(answered).__name__}, which is no list of numbers") from error
    if values.shape == (n, 1):
        values = values[:, 0]
    if values.shape != (n,):
        raise InvalidOutput(
            f"{name} returned shape {values.shape} for {n} (image, prompt) rows; one number a row is wanted"
        )
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise InvalidOutput(f"{name} returned {values[bad[0]]} for row {bad[0]} of {n}; a score is a finite number")
    return values


def _card_of(function: Any, name: str) -> ModelCard:
    card = getattr(function, "card", None)
    if isinstance(card, ModelCard):
        return card
    first = (inspect.getdoc(function) or "").strip().split("\n")[0]
    return ModelCard(name=name, kind="callable", summary=first or "A callable of the user's.")


def _source_digest(function: Any) -> str | None:
    target = function if inspect.isroutine(function) or inspect.isclass(function) else type(function)
    try:
        return digest_bytes(inspect.getsource(target).encode())
    except (OSError, TypeError):
        return None
