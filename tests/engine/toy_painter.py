"""Generators and a face finder that need no weights, for runs that edit and portray."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fauve.keys import seed_from
from fauve.models.cards import ModelCard
from fauve.models.protocols import FaceBox, Generated, ImageRequest
from fauve.records import Outcome

CALLS: list[ImageRequest] = []
REFUSED: set[str] = set()
"""Words: a prompt with one of them is refused."""

SIDE = 16


def noise_of(prompt: str, seed: int) -> NDArray[np.float64]:
    """What it paints of nothing."""
    return np.random.default_rng(seed_from(prompt, seed)).integers(0, 255, (SIDE, SIDE, 3)).astype(np.float64)


class Painter:
    """Noise from the seed; an edit mixes it into the input by strength, or by half where it edits by reference.

    With ``FAUVE_TOY_DIES_AT=N`` in the environment its process is killed at the Nth edit.
    """

    card = ModelCard(name="painter", kind="generator", summary="test")
    batch = 2

    def __init__(self, name: str = "painter", preset: str = "matched") -> None:
        self.card = ModelCard(name=name, kind="generator", summary="test")
        self._preset = preset

    @property
    def settings(self) -> dict[str, object]:
        return {"revision": 1, "preset": self._preset}

    def load(self, device: str, dtype: str) -> None: ...

    def strength_for(self, start_noise: float) -> tuple[float, float]:
        if start_noise > 0.9:
            raise ValueError("no step starts there")
        return start_noise / 2, start_noise

    def generate(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        for request in requests:
            CALLS.append(request)
            edits = sum(call.image is not None for call in CALLS)
            if request.image is not None and os.environ.get("FAUVE_TOY_DIES_AT") == str(edits):
                os.kill(os.getpid(), signal.SIGKILL)
        if any("explode" in request.prompt for request in requests):
            raise RuntimeError("device lost")
        return [self._one(request) for request in requests]

    def _one(self, request: ImageRequest) -> Generated:
        if any(word in request.prompt for word in REFUSED):
            return Generated(Outcome.REFUSED, reason="not allowed")
        noise = noise_of(request.prompt, request.seed)
        share = 1.0
        if request.image is not None:
            share = 0.5 if request.strength is None else request.strength
            noise = share * noise + (1 - share) * np.asarray(request.image, dtype=float)
        buffer = io.BytesIO()
        Image.fromarray(np.rint(noise).astype(np.uint8)).save(buffer, "PNG")
        facts = {"start_noise": 2 * share} if request.strength is not None else {}
        return Generated(Outcome.OK, buffer.getvalue(), facts=facts)


class Plain(Painter):
    """Knows no strength for a share of noise."""

    strength_for = None  # type: ignore[assignment]


class Away(Painter):
    """A service that is not reached."""

    def __init__(self) -> None:
        super().__init__("away")

    def _one(self, request: ImageRequest) -> Generated:
        return Generated(Outcome.FAILED, reason="no connection", facts={"sent": False})


class Corner:
    """Finds a face of 4×6 pixels at the top left, none in dark pictures, and fails where it is told to."""

    def __init__(self, threshold: float = 0.5, fail: bool = False, outside: bool = False) -> None:
        self.card = ModelCard(name="corner", kind="face finder", summary="test")
        self._threshold, self._fail, self._outside = threshold, fail, outside
        self.loaded = False

    @property
    def settings(self) -> dict[str, object]:
        return {"threshold": self._threshold}

    def load(self, device: str, dtype: str) -> None:
        self.loaded = True

    def find(self, images: Sequence[Image.Image]) -> list[FaceBox | None]:
        assert self.loaded
        if self._fail:
            raise RuntimeError("no such layer")
        where = 100.0 if self._outside else -2.0
        score = 0.9 if self._threshold < 0.8 else 0.0
        return [FaceBox(where, where, where + 6, where + 8, score) if score else None for _ in images]
