"""Real photographs that scikit-image and scikit-learn install, with captions of our own.

Nothing is downloaded and nothing is copied: each is read from the installed package when it is asked for. Taken
are the colour photographs whose licence the package states and allows any use; the two under CC BY carry their
attribution, which any page that shows them must print.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from fauve.errors import ModelError
from fauve.stimuli.record import Picture

__all__ = ["LONGER_SIDE", "Photograph", "photographs"]

LONGER_SIDE = 384
"""Longer side at which photographs are loaded, in pixels."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph with what a caption under it must say.

    ``caption`` is a plain description that can serve as an original prompt; ``credit`` and ``licence`` are to
    be printed where the picture is shown; ``source`` names the installed package and file.
    """

    name: str
    caption: str
    credit: str
    licence: str
    source: str
    read: Callable[[], Picture]

    def load(self, longer_side: int = LONGER_SIDE) -> Picture:
        """The photograph as uint8 RGB (h, w, 3), scaled so that its longer side is ``longer_side``."""
        full = np.ascontiguousarray(self.read()[..., :3])
        scale = longer_side / max(full.shape[:2])
        size = (round(full.shape[1] * scale), round(full.shape[0] * scale))
        return np.array(Image.fromarray(full).resize(size, Image.Resampling.LANCZOS))


def photographs() -> list[Photograph]:
    """All photographs, always in the same order."""
    return list(_PHOTOGRAPHS)


def _of_scikit_learn(name: str) -> Picture:
    # The file alone: importing scikit-learn for two pictures takes the better part of a second.
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise ModelError(f"scikit-learn, which carries {name}, is not installed here; install Fauve again")
    with Image.open(Path(found.origin).parent / "datasets" / "images" / name) as picture:
        return np.asarray(picture.convert("RGB"))


_PHOTOGRAPHS = (
    Photograph(
        "astronaut",
        "a smiling astronaut in an orange suit sits between a flag and a shuttle model",
        "NASA, Eileen Collins",
        "public domain",
        "scikit-image: astronaut.png",
        data.astronaut,
    ),
    Photograph(
        "cat",
        "a tabby cat with green eyes looks past the camera in close-up",
        "Stéfan van der Walt",
        "CC0",
        "scikit-image: chelsea.png",
        data.chelsea,
    ),
    Photograph(
        "coffee",
        "a cup of espresso on a saucer with a spoon stands on a wooden table",
        "Rachel Michetti, Pikolo Espresso Bar",
        "CC0",
        "scikit-image: coffee.png",
        data.coffee,
    ),
    Photograph(
        "rocket",
        "a white rocket stands on its launch pad between lightning towers at dusk",
        "SpaceX",
        "public domain",
        "scikit-image: rocket.jpg",
        data.rocket,
    ),
    Photograph(
        "pavilion",
        "a tall Chinese pavilion with curved roofs rises above trees beside a wide lake",
        "danielbuechele, flickr.com/photos/danielbuechele/6061409035",
        "CC BY 2.0",
        "scikit-learn: china.jpg",
        partial(_of_scikit_learn, "china.jpg"),
    ),
    Photograph(
        "dahlia",
        "a pale orange dahlia in full bloom before dark green leaves out of focus",
        "vultilion, flickr.com/photos/vultilion/6056698931",
        "CC BY 2.0",
        "scikit-learn: flower.jpg",
        partial(_of_scikit_learn, "flower.jpg"),
    ),
)
