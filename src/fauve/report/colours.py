"""One colour for each scorer or generator, the same on every page.

Names that the vocabulary of scorers knows have a fixed colour, so that two reports agree; any other name takes the free
colour that its own hash points at. Controls are grey: they are what the coloured ones are read against. The eight
colours keep apart under the common kinds of colour blindness (they vary in lightness as well as hue), and marks differ
in shape too, so that colour never carries a distinction alone. Shapes are alike on both sides of their middle, as a
mark that points to one side would be read as pointing there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fauve.keys import seed_from
from fauve.naming import CONTROLS

__all__ = ["CONTROL", "PALETTE", "Ink", "inks"]


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour on light and on dark paper, and the shape and dash that go with it."""

    light: str
    dark: str
    shape: str
    dash: tuple[int, int]


PALETTE = (
    Ink("#c4321a", "#ff7d5e", "circle", (1, 0)),
    Ink("#2447b5", "#8ea8ff", "square", (6, 2)),
    Ink("#0f7f63", "#4fc4a0", "triangle-up", (2, 2)),
    Ink("#b07800", "#e9b949", "diamond", (8, 3)),
    Ink("#7a2f8a", "#cf8fe0", "triangle-down", (4, 2)),
    Ink("#2a8fbd", "#7fd0f2", "cross", (10, 2)),
    Ink("#b84a7c", "#f49ac1", "pentagon", (3, 3)),
    Ink("#5d6b14", "#b4c45c", "star", (12, 3)),
)
CONTROL = Ink("#8b857c", "#9c958a", "circle", (2, 3))

_STEP = 3
"""Shapes from one lap to the next; it shares no factor with eight, so that every shape has its turn."""

_FIXED = {
    "hpsv3": 0,
    "imagereward": 1,
    "pickscore": 2,
    "hpsv2.1": 3,
    "mps": 4,
    "clip-l": 5,
    "visionreward": 6,
    "laion-v2": 7,
}


def inks(names: Iterable[str], controls: Iterable[str] = ()) -> dict[str, Ink]:
    """An ink for each name; a colour is used again only when all eight are, and then with another shape and dash."""
    grey = CONTROLS | set(controls)
    chosen: dict[str, Ink] = {}
    used = [0] * len(PALETTE)
    for name in sorted(set(names), key=lambda n: (n not in _FIXED, n)):
        if name in grey:
            chosen[name] = CONTROL
            continue
        slot = _FIXED.get(name)
        if slot is None:
            start = seed_from("colour", name) % len(PALETTE)
            slot = min(range(len(PALETTE)), key=lambda i: (used[i], (i - start) % len(PALETTE)))
        chosen[name] = _again(slot, used[slot])
        used[slot] += 1
    return chosen


def _again(slot: int, lap: int) -> Ink:
    """A slot's colour with the shape of its first, second, … lap: 64 inks before one repeats."""
    other = PALETTE[(slot + _STEP * lap) % len(PALETTE)]
    return replace(PALETTE[slot], shape=other.shape, dash=other.dash)
