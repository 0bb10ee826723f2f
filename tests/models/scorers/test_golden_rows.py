"""Published numbers of the real weights, where both the weights and the four pictures are on this machine.

The pictures are ``1.webp`` … ``4.webp`` of THUDM/ImageReward's ``assets/images``; ``FAUVE_GOLDEN_IMAGES`` names their
folder. Weights come from the hub's cache; those that are not on the hub from ``FAUVE_MPS_WEIGHTS`` and
``FAUVE_LAION_HEAD``. The rows are those of the README of modelscope/DiffSynth-Studio, from converted checkpoints and
library versions that are not stated: they are met to 1e-3 of a cosine, not to the digit.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.errors import WeightsMissing
from fauve.models.scorers.hpsv2 import HPSv2
from fauve.models.scorers.laion import LaionAesthetic
from fauve.models.scorers.mps import MPS, OVERALL_CONDITION
from fauve.models.scorers.pickscore import PickScore
from fauve.models.scorers.two_tower import TwoTower

PROMPT = "a painting of an ocean with clouds and birds, day time, low depth field effect"
PICTURES = {
    "1.webp": "a5fcd126763da8b3fe2a9e620fc1ba03d215d20de36c77bf6770a540a9bc972d",
    "2.webp": "dc13919a49a37987d19c8be3ba0c1ef2941570f820f90fb66ac91a9a9db24082",
    "3.webp": "ee859bac167e6a04cbcde63454757b6fc7d9b8704429c15725ca8c4accf176e3",
    "4.webp": "84faf59d59d9ca7ab298c9acb957d727365ae104768ac1a1ec55ab96be68aaf9",
}

ROWS: list[tuple[str, Callable[[], TwoTower], list[float], float]] = [
    ("hpsv2.0", lambda: HPSv2("hpsv2.0"), [0.26725, 0.25495, 0.24889, 0.24303], 1e-3),
    ("hpsv2.1", lambda: HPSv2("hpsv2.1"), [0.23211, 0.20234, 0.19783, 0.19230], 1e-3),
    ("pickscore", lambda: PickScore(scaled=False), [0.20737, 0.20444, 0.20661, 0.19426], 1e-3),
    (
        "laion-v2",
        lambda: LaionAesthetic(weights=os.environ.get("FAUVE_LAION_HEAD")),
        [5.90086, 5.77657, 5.79986, 5.05205],
        1e-2,
    ),
    (
        "mps",
        # that port leaves out the final full stop, and its numbers are steps of half precision
        lambda: MPS(weights=os.environ.get("FAUVE_MPS_WEIGHTS"), condition=OVERALL_CONDITION.removesuffix(".")),
        [10.9219, 10.7188, 10.5781, 9.2500],
        0.1,
    ),
]


@pytest.fixture(scope="module")
def golden_pictures() -> list[Image.Image]:
    folder = Path(os.environ.get("FAUVE_GOLDEN_IMAGES", "golden"))
    if not all((folder / name).is_file() for name in PICTURES):
        pytest.skip("the golden pictures are not on this machine (FAUVE_GOLDEN_IMAGES)")
    for name, known in PICTURES.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == known, f"{name} is another picture"
    return [Image.open(folder / name).convert("RGB") for name in PICTURES]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make", "row", "tolerance"), ROWS, ids=[row[0] for row in ROWS])
def test_published_scores(
    name: str,
    make: Callable[[], TwoTower],
    row: list[float],
    tolerance: float,
    golden_pictures: list[Image.Image],
) -> None:
    scorer = make()
    try:
        scorer.load("cpu", "float32")
    except WeightsMissing as error:
        pytest.skip(str(error))
    cells = np.array([(n, 0) for n in range(4)], dtype=np.intp)
    np.testing.assert_allclose(scorer.score(golden_pictures, [PROMPT], cells), row, atol=tolerance, err_msg=name)
