"""What the lab's trunk sees in pictures, worked out once for all scorers of a process.

The matcher and the reward models are heads on one frozen trunk; they are asked about the same pictures one after the
other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from fauve.keys import digest_bytes
from fauve.lab.adapters.files import member_weights
from fauve.lab.inference import EYE, trunk_features

__all__ = ["TRUNK", "eye_pictures", "features_of"]

TRUNK = "trunk"
_REMEMBERED = 4096
_seen: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()


def eye_pictures(images: Sequence[Image]) -> NDArray[np.uint8]:
    """Pictures as the lab's encoders take them, (n, 48, 48, 3)."""
    return np.stack([_eye(images[i]) for i in range(len(images))])


def _eye(image: Image) -> NDArray[np.uint8]:
    # Made small before it becomes an array: every scorer of a run asks this of every picture.
    picture = image if image.mode == "RGB" else image.convert("RGB")
    if picture.size != (EYE, EYE):
        picture = picture.resize((EYE, EYE), Resampling.BOX)
    return np.asarray(picture, dtype=np.uint8)


def features_of(images: Sequence[Image], family: Path | None) -> NDArray[np.float32]:
    """The trunk's features, (n, F)."""
    weights = member_weights(TRUNK, family)
    seen = eye_pictures(images)
    keys = [(weights.sha256, digest_bytes(picture.tobytes())) for picture in seen]
    new = [place for place, key in enumerate(keys) if key not in _seen]
    if new:
        for place, features in zip(new, trunk_features(weights.arrays, seen[new]), strict=True):
            _seen[keys[place]] = features
    found = np.stack([_seen[key] for key in keys])
    while len(_seen) > _REMEMBERED:
        _seen.popitem(last=False)
    return found
