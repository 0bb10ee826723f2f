"""VisionReward-Image (arXiv:2412.21059), run by a server of its own and scored here.

The server answers questions; what is made of the answers is Fauve's own, tested work: see
:mod:`fauve.models.scorers.visionreward_rule` for the rule and :mod:`fauve.models.scorers.visionreward_client` for the
wire. The 30 questions do not mention the prompt, so they are asked once per picture, and every prompt costs one more
question, to the alignment model.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.errors import ConfigError, ModelError
from fauve.keys import digest_bytes
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.scorers.visionreward_client import VisionRewardServer
from fauve.models.scorers.visionreward_rule import (
    ALIGNMENT_ANSWER,
    alignment,
    alignment_question,
    answer_terms,
    read_rule,
)

__all__ = ["VisionReward"]

_REMEMBERED = 4096
V = TypeVar("V")


class VisionReward:
    """Weighted answers about the picture plus the probability that it shows the prompt.

    Args:
        name: of its card.
        endpoint: address of the server, such as ``http://127.0.0.1:8765``.
        alignment_endpoint: address for the alignment term, where another server gives it; else the same.
        timeout: seconds to wait for one answer of the server.
    """

    def __init__(
        self,
        name: str = "visionreward",
        endpoint: str | None = None,
        *,
        alignment_endpoint: str | None = None,
        timeout: float = 300.0,
    ) -> None:
        self.card = REWARD_CARDS[name]
        self._server = None if endpoint is None else VisionRewardServer(endpoint, timeout)
        other = alignment_endpoint or endpoint
        self._alignment_server = None if other is None else VisionRewardServer(other, timeout)
        self._about: Mapping[str, Any] | None = None
        self._alignment_about: Mapping[str, Any] | None = None
        self._terms: _Remembered[NDArray[np.int8]] = _Remembered()
        self._alignments: _Remembered[float] = _Remembered()

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the servers say they run, once :meth:`load` has asked them, and the rule. Not where they are."""
        return {"server": self._about, "alignment": self._alignment_about, "rule": read_rule().sha256}

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What stands beside the scores but is no part of their key: the addresses."""
        servers = {"source": self._server, "alignment_source": self._alignment_server}
        return {key: server.endpoint for key, server in servers.items() if server is not None}

    def check(self) -> None:
        """Make sure that the servers answer and say what they run.

        Raises:
            ConfigError: no endpoint was given.
            ModelError, InvalidOutput: a server cannot be reached, or is none of these.
        """
        for server in self._servers():
            server.about()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Ask the servers what they run. Device and number format are theirs. Raises as :meth:`check` does."""
        self._about, self._alignment_about = (dict(server.about()) for server in self._servers())

    def score(self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]) -> NDArray[np.float64]:
        """Rewards of the (image, prompt) rows of ``cells``. Raises ModelError, InvalidOutput."""
        parts = self.details(images, prompts, cells)
        return parts["quality"] + read_rule().alignment_weight * parts["alignment"]

    def details(
        self, images: Sequence[Image], prompts: Sequence[str], cells: NDArray[np.intp]
    ) -> dict[str, NDArray[np.float64]]:
        """The two parts of a reward for the rows of ``cells``: ``quality``, deaf to the prompt, and ``alignment``."""
        rows = np.asarray(cells, dtype=np.intp).reshape(-1, 2)
        quality, aligned = np.empty(len(rows)), np.empty(len(rows))
        for at in np.unique(rows[:, 0]):
            here = np.flatnonzero(rows[:, 0] == at)
            image = images[int(at)]
            key = _key(image)
            quality[here] = read_rule().weights @ self._terms_of(image, key)
            aligned[here] = self._alignments_of(image, key, [prompts[int(p)] for p in rows[here, 1]])
        return {"quality": quality, "alignment": aligned}

    def answers(self, image: Image) -> dict[str, int]:
        """What the model said of a picture: for each of the 27 questions 1 (yes), -1, or 0 (does not apply)."""
        questions = read_rule().questions[3:]
        return {
            question: int(term) for question, term in zip(questions, self._terms_of(image, _key(image)), strict=True)
        }

    def _servers(self) -> tuple[VisionRewardServer, VisionRewardServer]:
        if self._server is None or self._alignment_server is None:
            raise ConfigError(
                f"{self.card.name} runs in a server of its own: give its address as the option `endpoint`, "
                "such as http://127.0.0.1:8765. fauve/models/scorers/visionreward_server.py is the server's side."
            )
        return self._server, self._alignment_server

    def _ready(self) -> tuple[VisionRewardServer, VisionRewardServer]:
        if self._about is None:
            raise ModelError(f"{self.card.name} is not loaded: call load(device, dtype) first.")
        return self._servers()

    def _terms_of(self, image: Image, key: str) -> NDArray[np.int8]:
        server, _ = self._ready()
        known = self._terms.get(key)
        if known is None:
            known = answer_terms(server.answers(image, read_rule().questions))
            self._terms.put(key, known)
        return known

    def _alignments_of(self, image: Image, key: str, prompts: Sequence[str]) -> list[float]:
        _, server = self._ready()
        found: dict[str, float] = {}
        for prompt in prompts:
            known = self._alignments.get(f"{key} {prompt}")
            if known is not None:
                found[prompt] = known
        asked = [prompt for prompt in dict.fromkeys(prompts) if prompt not in found]
        if asked:
            rows = server.log_probabilities(image, [alignment_question(p) for p in asked], ALIGNMENT_ANSWER)
            for prompt, row in zip(asked, rows, strict=True):
                found[prompt] = alignment(row)
                self._alignments.put(f"{key} {prompt}", found[prompt])
        return [found[prompt] for prompt in prompts]


class _Remembered(Generic[V]):
    """Answers that were paid for: a cell that fails makes the engine ask for its neighbours again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        return self._kept.get(key)

    def put(self, key: str, value: V) -> None:
        self._kept[key] = value
        if len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)


def _key(image: Image) -> str:
    rgb = image.convert("RGB")
    return f"{rgb.width}x{rgb.height} {digest_bytes(rgb.tobytes())}"
