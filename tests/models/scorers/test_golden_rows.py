"""Published numbers of the real weights, where both the weights and the four pictures are on this machine.

The pictures are ``1.webp`` … ``4.webp`` of THUDM/ImageReward's ``assets/images``; ``FAUVE_GOLDEN_IMAGES`` names their
folder. Weights come from the hub's cache; those that are not on the hub from ``FAUVE_MPS_WEIGHTS`` and
``FAUVE_LAION_HEAD``. The rows are those of the README of modelscope/DiffSynth-Studio, from converted checkpoints and
library versions that are not stated: they are met to 1e-3 of a cosine, not to the digit.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from fauve.errors import DataError, WeightsMissing
from fauve.models.golden import GOLDEN_ROWS, PICTURES, PROMPT, check_golden, golden_pictures
from fauve.models.registry import make_scorer
from fauve.models.scorers.mps import OVERALL_CONDITION

WEIGHTS = {"laion-v2": "FAUVE_LAION_HEAD", "mps": "FAUVE_MPS_WEIGHTS"}


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    folder = Path(os.environ.get("FAUVE_GOLDEN_IMAGES", "golden"))
    if not all((folder / name).is_file() for name in PICTURES):
        pytest.skip("the golden pictures are not on this machine (FAUVE_GOLDEN_IMAGES)")
    return golden_pictures(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GOLDEN_ROWS))
def test_published_scores(name: str, pictures: list[Image.Image]) -> None:
    row = GOLDEN_ROWS[name]
    weights = os.environ.get(WEIGHTS.get(name, ""))
    scorer = make_scorer(name, {**row.options, **({"weights": weights} if weights else {})})
    try:
        scorer.load("cpu", "float32")
    except WeightsMissing as error:
        pytest.skip(str(error))
    found = check_golden(scorer, row, pictures)
    assert found.verdict == "pass", found.detail


class Answers:
    """Gives the scores that it is told to give."""

    def __init__(self, scores: tuple[float, ...]) -> None:
        self.scores = scores

    def score(self, images, prompts, cells):
        assert list(prompts) == [PROMPT]
        return [self.scores[i] for i, _ in cells]


@pytest.mark.parametrize("name", sorted(GOLDEN_ROWS))
def test_scores_within_the_tolerance_pass_and_others_fail(name: str) -> None:
    row = GOLDEN_ROWS[name]
    blank = [Image.new("RGB", (4, 4))] * 4
    near = tuple(s + 0.9 * row.tolerance for s in row.scores)
    far = (row.scores[0] + 1.5 * row.tolerance, *row.scores[1:])
    assert check_golden(Answers(near), row, blank).verdict == "pass"
    assert check_golden(Answers(far), row, blank).verdict == "fail"


def test_other_pictures_are_refused(tmp_path: Path, photo_bytes) -> None:
    for k, name in enumerate(PICTURES):
        (tmp_path / name).write_bytes(photo_bytes(seed=k, form="WEBP"))
    with pytest.raises(DataError, match="is another picture"):
        golden_pictures(tmp_path)


def test_the_condition_of_mps_is_the_published_one_without_its_full_stop() -> None:
    assert GOLDEN_ROWS["mps"].options["condition"] == OVERALL_CONDITION.removesuffix(".")
