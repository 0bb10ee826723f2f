"""The kit that every scorer must pass before its numbers mean anything: ours, a plugin's, or a stranger's function.

Each check scores made-up pictures and prompts, so it needs no data. A ``fail`` makes scores unusable; a ``note`` is a
property that a reader must know (deaf to the prompt, blind to its end).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fauve.models.callables import checked_scores
from fauve.models.protocols import Scorer

__all__ = ["TOLERANCE", "Check", "examine"]

TOLERANCE = 1e-4
"""Largest change, relative to the spread of the scores, that batching or order may make in 32-bit arithmetic."""

_PROMPTS = (
    "a red boat on a calm lake",
    "two dogs asleep on a sofa",
    "a market street in the rain, everything badly out of focus",
)
_LONG = "a wide field with a fence and a road and a hill and a house and a tree and a cloud " * 12


@dataclass(frozen=True, slots=True)
class Check:
    """One property: whether it holds, and what was seen."""

    name: str
    verdict: Literal["pass", "fail", "note"]
    detail: str


def examine(scorer: Scorer) -> list[Check]:
    """Examine a loaded scorer; checks that need an earlier one to pass are left out when it fails."""
    pictures = _pictures()
    grid = np.array([(i, p) for i in range(len(pictures)) for p in range(len(_PROMPTS))], dtype=np.intp)
    try:
        first = checked_scores(scorer.score(pictures, _PROMPTS, grid), len(grid), scorer.card.name)
    except Exception as error:
        return [Check("one finite number for each cell", "fail", f"{type(error).__name__}: {error}")]
    checks = [
        Check(
            "one finite number for each cell",
            "pass",
            f"{len(first)} cells, from {first.min():.4g} to {first.max():.4g}",
        )
    ]
    spread = float(first.std())
    if spread == 0:
        detail = f"every cell got {first[0]:g}; is the input used at all?"
        return [*checks, Check("not constant", "fail", detail)]
    checks.append(Check("not constant", "pass", f"standard deviation {spread:.4g} over the cells"))

    def same(name: str, again: Callable[[], NDArray[np.float64]], why: str) -> Check:
        try:
            largest = float(np.abs(again() - first).max()) / spread
        except Exception as error:
            return Check(name, "fail", f"{type(error).__name__}: {error}")
        if largest <= TOLERANCE:
            return Check(name, "pass", f"largest change {largest:.1e} of the spread")
        return Check(name, "fail", f"scores move by {largest:.2g} of their spread {why}")

    def score(cells: NDArray[np.intp], images: Sequence[Image.Image] = pictures) -> NDArray[np.float64]:
        return checked_scores(scorer.score(images, _PROMPTS, cells), len(cells), scorer.card.name)

    def one_by_one() -> NDArray[np.float64]:
        return np.concatenate([score(grid[k : k + 1]) for k in range(len(grid))])

    def reversed_order() -> NDArray[np.float64]:
        return score(grid[::-1].copy())[::-1]

    def other_neighbours() -> NDArray[np.float64]:
        turned = pictures[1:] + pictures[:1]
        moved = grid.copy()
        moved[:, 0] = (moved[:, 0] - 1) % len(pictures)
        return score(moved, turned)

    checks.append(same("deterministic", lambda: score(grid), "between two identical calls"))
    checks.append(same("batch invariant", one_by_one, "when cells are asked for one by one"))
    checks.append(same("order of cells", reversed_order, "when the cells are asked for in reverse"))
    checks.append(same("order of pictures", other_neighbours, "when the pictures are given in another order"))
    if any(check.verdict != "pass" for check in checks):
        return checks  # what moves by itself cannot be said to hear the prompt
    heard = _hears_prompt(scorer, first)
    return [*checks, heard, *(_long_prompt(scorer, pictures, spread) if heard.verdict == "pass" else [])]


def _hears_prompt(scorer: Scorer, first: NDArray[np.float64]) -> Check:
    by_prompt = first.reshape(-1, len(_PROMPTS))
    heard = float(np.abs(by_prompt - by_prompt[:, :1]).max()) > 0
    name = "hears the prompt"
    if heard and not scorer.card.sees_prompt:
        return Check(name, "fail", "its card says that it sees no prompt, and its scores change with the prompt")
    if heard:
        return Check(name, "pass", "another prompt gives another score")
    if scorer.card.sees_prompt:
        return Check(name, "note", "every prompt gets the same score: it is deaf to what was asked for")
    return Check(name, "note", "deaf to the prompt, as its card says")


def _long_prompt(scorer: Scorer, pictures: Sequence[Image.Image], spread: float) -> list[Check]:
    name = "long prompts"
    cells = np.array([(0, 0), (0, 1)], dtype=np.intp)
    endings = (_LONG + "in perfect focus", _LONG + "in ruins at night")
    try:
        answered = checked_scores(scorer.score(pictures, endings, cells), 2, scorer.card.name)
    except Exception as error:
        return [Check(name, "fail", f"a prompt of {len(_LONG.split())} words: {type(error).__name__}: {error}")]
    if abs(answered[0] - answered[1]) <= TOLERANCE * spread:
        return [Check(name, "note", f"after {len(_LONG.split())} words the last ones changed nothing: cut, or idle")]
    return [Check(name, "pass", f"the last words of a prompt of {len(_LONG.split())} words still count")]


def _pictures() -> list[Image.Image]:
    """Five small pictures that differ in colour, structure and proportions; the same on every machine."""
    rng = np.random.default_rng(20251211)
    made = []
    for k, (width, height) in enumerate(((96, 96), (128, 96), (96, 128), (160, 80), (96, 96))):
        y, x = np.mgrid[0:height, 0:width] / max(width, height)
        waves = np.stack([np.sin((k + 2 + c) * (3 * x + (c - 1) * 2 * y)) for c in range(3)], axis=-1)
        pixels = 127 + 90 * waves + rng.normal(0, 6 + 4 * k, (height, width, 3))
        made.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    return made
