"""The lab's scorers, judges and selector as the engine sees them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from fauve.errors import InvalidOutput, UnknownName
from fauve.lab.adapters.judges import TruthJudge, TruthSelector
from fauve.lab.adapters.scorers import LabScorer
from fauve.lab.captions import draw_pairs
from fauve.lab.render import render_many
from fauve.lab.scene import draw_scenes
from fauve.lab.scene_text import KEY, png_of
from fauve.lab.truth import levels
from fauve.models.lab_cards import LAB_SCORERS
from fauve.models.registry import make_judge, make_scorer
from fauve.models.selection import SelectionRequest
from fauve.records import Outcome

SCENES = draw_scenes(np.random.default_rng(2), 10, low=0.4)
PROMPTS = [pair.prompt_anti for pair in draw_pairs(4, seed=4)]


def pictures(scenes: np.ndarray = SCENES, size: int = 96) -> list[Image.Image]:
    made = []
    for scene, pixels in zip(scenes, render_many(scenes, np.arange(len(scenes)), size), strict=True):
        picture = Image.fromarray(pixels)
        picture.info[KEY] = str([int(t) for t in scene])
        made.append(picture)
    return made


@pytest.mark.parametrize("name", LAB_SCORERS)
def test_scores_do_not_depend_on_who_else_is_asked(name: str) -> None:
    scorer = make_scorer(name)
    scorer.load("cpu", "float32")
    cells = np.array([(i, p) for i in range(10) for p in range(4)], dtype=np.intp)
    together = scorer.score(pictures(), PROMPTS, cells)
    assert together.shape == (40,)
    assert np.isfinite(together).all()
    one = scorer.score(pictures()[7:8], PROMPTS[2:3], np.array([[0, 0]], dtype=np.intp))
    assert one[0] == pytest.approx(together[7 * 4 + 2], abs=1e-4)
    assert len(set(together.round(4))) > 30


def test_a_group_can_be_spoken_for() -> None:
    cells = np.array([(i, 0) for i in range(10)], dtype=np.intp)
    voices = [LabScorer("lab-plural-reward", group=g).score(pictures(), PROMPTS, cells) for g in (0, 1)]
    mean = LabScorer("lab-plural-reward").score(pictures(), PROMPTS, cells)
    assert np.allclose((voices[0] + voices[1]) / 2, mean, atol=1e-4)
    assert not np.allclose(voices[0], voices[1], atol=0.1)
    with pytest.raises(UnknownName, match="lab-matcher"):
        LabScorer("lab-match")


def test_the_learned_judge_mostly_reads_the_truth() -> None:
    scenes = draw_scenes(np.random.default_rng(5), 120)
    found = make_judge("lab-judge").judge(pictures(scenes, 48))
    truth = TruthJudge().judge(pictures(scenes, 48))
    assert truth.tolist() == levels(scenes).tolist()
    assert ((found >= 0) & (found <= 2)).all()
    assert (np.abs(found - truth) < 0.5).mean() > 0.8


def test_the_truth_is_known_of_the_labs_pictures_only() -> None:
    with pytest.raises(InvalidOutput, match="carries no scene"):
        TruthJudge().judge([Image.new("RGB", (64, 64), "red")])


def test_the_selector_counts_what_is_met() -> None:
    pair = draw_pairs(1, seed=8)[0]
    plain = draw_scenes(np.random.default_rng(1), 1, low=0.0)
    met = np.where(pair.anti[None] >= 0, pair.anti[None], plain)
    faithful, default = pictures(np.concatenate([met, plain]))
    selector = TruthSelector()
    asked = [
        SelectionRequest("a", pair.prompt_anti, faithful, default),
        SelectionRequest("b", pair.prompt_anti, default, faithful),
        SelectionRequest("c", pair.prompt_anti, default, default),
        SelectionRequest("d", "a picture of an elephant", faithful, default),
    ]
    answers = selector.select(asked)
    assert [answer.pick for answer in answers] == ["first", "second", "tie", None]
    assert answers[3].outcome is Outcome.UNPARSABLE
    assert "elephant" in (answers[3].reason or "")


def test_a_stored_picture_is_seen_as_it_was_drawn() -> None:
    scorer = make_scorer("lab-matcher")
    cells = np.zeros((1, 2), dtype=np.intp)
    drawn = pictures()[0]
    stored = Image.open(io.BytesIO(png_of(np.asarray(drawn), SCENES[0])))
    assert scorer.score([stored], PROMPTS, cells) == scorer.score([drawn], PROMPTS, cells)
