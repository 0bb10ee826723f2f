"""Published scores of the real weights on four public pictures: whether a checkpoint is what it says it is.

The pictures are ``1.webp`` … ``4.webp`` of THUDM/ImageReward's ``assets/images``. The rows are those of the README of
modelscope/DiffSynth-Studio, from converted checkpoints and library versions that are not stated: they are met to the
stated tolerance, not to the digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fauve.errors import DataError
from fauve.imaging import decode_file
from fauve.keys import digest_bytes
from fauve.models.conformance import Check
from fauve.models.protocols import Scorer

__all__ = ["GOLDEN_ROWS", "PICTURES", "PROMPT", "GoldenRow", "check_golden", "golden_pictures"]

PROMPT = "a painting of an ocean with clouds and birds, day time, low depth field effect"
PICTURES = {
    "1.webp": "a5fcd126763da8b3fe2a9e620fc1ba03d215d20de36c77bf6770a540a9bc972d",
    "2.webp": "dc13919a49a37987d19c8be3ba0c1ef2941570f820f90fb66ac91a9a9db24082",
    "3.webp": "ee859bac167e6a04cbcde63454757b6fc7d9b8704429c15725ca8c4accf176e3",
    "4.webp": "84faf59d59d9ca7ab298c9acb957d727365ae104768ac1a1ec55ab96be68aaf9",
}
"""File name → sha256."""


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """Scores of the four pictures under :data:`PROMPT`, within ``tolerance``, of a scorer made with ``options``."""

    scores: tuple[float, ...]
    tolerance: float
    options: Mapping[str, Any] = field(default_factory=dict)


GOLDEN_ROWS: dict[str, GoldenRow] = {
    "hpsv2.0": GoldenRow((0.26725, 0.25495, 0.24889, 0.24303), 1e-3),
    "hpsv2.1": GoldenRow((0.23211, 0.20234, 0.19783, 0.19230), 1e-3),
    "pickscore": GoldenRow((0.20737, 0.20444, 0.20661, 0.19426), 1e-3, {"scaled": False}),
    "laion-v2": GoldenRow((5.90086, 5.77657, 5.79986, 5.05205), 1e-2),
    # that port leaves out the final full stop of the condition, and its numbers are steps of half precision
    "mps": GoldenRow(
        (10.9219, 10.7188, 10.5781, 9.2500),
        0.1,
        {
            "condition": "light, color, clarity, tone, style, ambiance, artistry, shape, face, hair, hands, limbs, "
            "structure, instance, texture, quantity, attributes, position, number, location, word, things"
        },
    ),
}


def golden_pictures(folder: Path) -> list[Image.Image]:
    """The four pictures, checked by hash.

    Raises:
        ImageRejected, DataError: one is missing, or another picture.
    """
    pictures = []
    for name, known in PICTURES.items():
        picture, _, data = decode_file(folder / name)
        if digest_bytes(data) != known:
            raise DataError(f"{folder / name} is another picture; take it from assets/images of THUDM/ImageReward")
        pictures.append(picture)
    return pictures


def check_golden(scorer: Scorer, row: GoldenRow, pictures: list[Image.Image]) -> Check:
    """Whether a loaded scorer gives the published scores."""
    cells = np.array([(n, 0) for n in range(len(pictures))], dtype=np.intp)
    scores = np.asarray(scorer.score(pictures, [PROMPT], cells), dtype=np.float64)
    off = float(np.abs(scores - row.scores).max())
    detail = f"largest difference {off:.2g} from the published scores, {row.tolerance:g} allowed"
    return Check("golden rows", "pass" if off <= row.tolerance else "fail", detail)
