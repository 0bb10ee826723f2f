from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fauve.ledger import Ledger
from fauve.records import Contrast, ImportedScore, PromptPair


@pytest.fixture
def a_pair() -> Callable[..., PromptPair]:
    """A pair with one score and no pictures, changed as asked."""

    def make(**changes: Any) -> PromptPair:
        fields: dict[str, Any] = {
            "id": "1",
            "generator": "sdxl",
            "prompts": {"original": "a dog", "anti": "a blurred dog"},
            "images": {"original": None, "anti": None},
            "dimensions": ("clarity",),
            "scores": (ImportedScore("hpsv3", "anti", "anti", 1.5, "published"),),
        }
        return PromptPair(**(fields | changes))

    return make


@pytest.fixture
def a_contrast() -> Callable[..., Contrast]:
    """A contrast without pictures and scores, changed as asked."""

    def make(**changes: Any) -> Contrast:
        fields: dict[str, Any] = {
            "id": "1",
            "study": "photographs",
            "prompts": {"prompt": "a blurred dog"},
            "images": {"faithful": None, "default": None},
        }
        return Contrast(**(fields | changes))

    return make


@pytest.fixture
def pictured(ledger: Ledger, photo_bytes: Callable[..., bytes], a_pair: Callable[..., PromptPair]) -> Ledger:
    """A ledger with three pairs that have pictures: Io is shared by all of them."""
    shared = ledger.add_image(photo_bytes(0), "o").sha256
    for n in range(3):
        anti = ledger.add_image(photo_bytes(n + 1), "a").sha256
        pair = a_pair(id=str(n), images={"original": shared, "anti": anti}, scores=())
        ledger.add_items([(pair, f"pair {n}")])
    return ledger
