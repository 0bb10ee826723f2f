from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.errors import WeightsMissing
from fauve.lab.adapters.generator import LabGenerator
from fauve.lab.adapters.scorers import LabScorer
from fauve.lab.scene import FACE, INDEX
from fauve.lab.scene_text import scene_of
from fauve.lab.truth import honoured
from fauve.models.lab_cards import LAB_SCORERS
from fauve.models.protocols import ImageRequest
from fauve.report.play_grid import Play, PlayGrid, compute_play, draw_prompts
from fauve.vocabulary import PROMPT_DIMENSIONS

PLAY = Play(prompts=2, seeds=(1, 5), dials=(0.0, 0.5, 1.0), strengths=(2.0,), reference=6)


@pytest.fixture(scope="module")
def grid() -> PlayGrid:
    return compute_play(PLAY)


def made(name: str, prompt: str, negative: str | None, seed: int) -> Image.Image:
    (answer,) = LabGenerator(name).generate([ImageRequest(prompt, seed, negative=negative)])
    assert answer.data is not None
    return Image.open(io.BytesIO(answer.data))


@pytest.mark.parametrize("way", range(len(PLAY.ways)), ids=[way.name for way in PLAY.ways])
def test_a_cell_is_what_the_generator_of_its_name_makes(grid: PlayGrid, way: int) -> None:
    for prompt in grid.prompts:
        for k, seed in enumerate(PLAY.seeds):
            picture = made(PLAY.ways[way].name, prompt.pair.prompt_anti, prompt.pair.negative, seed)
            place = prompt.asked[way, k]
            np.testing.assert_array_equal(prompt.pictures[k][place], np.asarray(picture))
            truth = honoured(scene_of(picture)[None], prompt.pair.anti[None]).filled(False)[0]
            np.testing.assert_array_equal(prompt.met[k][place], truth)


def test_the_plain_sentence_is_painted_without_guidance(grid: PlayGrid) -> None:
    prompt = grid.prompts[1]
    for p, place in enumerate(PLAY.places):
        picture = made(place.name, prompt.pair.prompt_original, None, PLAY.seeds[0])
        np.testing.assert_array_equal(prompt.pictures[0][prompt.plain[p, 0]], np.asarray(picture))


def test_guidance_and_dial_change_something(grid: PlayGrid) -> None:
    assert all(len(np.unique(prompt.asked[:, 0])) > 1 for prompt in grid.prompts)


def test_places_and_choices_are_those_of_the_scorers(grid: PlayGrid) -> None:
    prompt, k = grid.prompts[0], 1
    shown = [Image.fromarray(picture) for picture in prompt.pictures[k]]
    others = [made("lab-base", prompt.pair.prompt_anti, None, 1000 + i) for i in range(PLAY.reference)]
    pictures = [*shown, *others]
    for s, name in enumerate(LAB_SCORERS):
        rows = np.stack([np.arange(len(pictures)), np.zeros(len(pictures), np.intp)], axis=1)
        scores = LabScorer(name).score(pictures, [prompt.pair.prompt_anti], rows)
        below = (scores[None, len(shown) :] < scores[: len(shown), None]).sum(axis=1)
        np.testing.assert_array_equal(prompt.below[k][:, s], below)
        for w in range(len(PLAY.ways)):
            first, second = prompt.asked[w, k], prompt.plain[w // len(PLAY.guidances), k]
            assert prompt.choice[w, k, s] == np.sign(scores[first] - scores[second])


def test_the_prompts_are_a_balanced_draw() -> None:
    pairs = draw_prompts(12, 7)
    assert [p.id for p in pairs] == [p.id for p in draw_prompts(12, 7)]
    assert [p.id for p in pairs] != [p.id for p in draw_prompts(12, 8)]
    assert len({p.id for p in pairs}) == 12
    faces = [p for p in pairs if p.anti[INDEX["subject"]] == FACE]
    assert sorted(int(p.anti[INDEX["emotion"]]) for p in faces) == [2, 3, 4]
    counts = Counter(name for p in pairs for name in p.dimensions)
    assert set(counts) == set(PROMPT_DIMENSIONS)
    assert max(counts.values()) <= 2 * min(counts.values()) + 1


def test_a_family_without_a_member_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"safetensors"):
        compute_play(PLAY, tmp_path)
