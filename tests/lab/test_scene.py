from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.lab.scene import (
    CALM,
    DIMENSION_SLOTS,
    FACE,
    INDEX,
    SIZES,
    SLOTS,
    canonical,
    check_scenes,
    draw_scenes,
    name_values,
    token,
)
from fauve.vocabulary import PROMPT_DIMENSIONS

FACES = INDEX["subject"]


def test_slots_are_those_that_models_are_built_on() -> None:
    assert [SLOTS[i].name for i in DIMENSION_SLOTS] == list(PROMPT_DIMENSIONS)
    assert SLOTS[-1].values == ("happy", "calm", "sad", "angry", "scared")
    assert [len(s.values) for s in SLOTS[:5]] == [8, 8, 4, 8, 4]
    for column in DIMENSION_SLOTS:
        if SLOTS[column].name != "emotion":
            assert SLOTS[column].values == ("low", "middle", "high")


@given(seed=st.integers(0, 2**32), n=st.integers(0, 60), low=st.floats(0, 1), faces=st.floats(0, 1))
def test_drawn_scenes_exist_are_canonical_and_repeat(seed: int, n: int, low: float, faces: float) -> None:
    scenes = draw_scenes(np.random.default_rng(seed), n, low=low, faces=faces)
    assert scenes.shape == (n, len(SLOTS))
    assert scenes.dtype == np.int64
    check_scenes(scenes)
    assert (scenes == canonical(scenes)).all()
    assert (scenes == draw_scenes(np.random.default_rng(seed), n, low=low, faces=faces)).all()


def test_shares_are_those_asked_for() -> None:
    scenes = draw_scenes(np.random.default_rng(0), 40_000, low=0.2, faces=0.3)
    ten = [c for c in DIMENSION_SLOTS if SLOTS[c].name != "emotion"]
    assert (scenes[:, ten] == 0).mean(axis=0) == pytest.approx(np.full(10, 0.2), abs=0.012)
    assert (scenes[:, ten] == 1).mean(axis=0) == pytest.approx(np.full(10, 0.35 * 0.8), abs=0.012)
    shares = np.bincount(scenes[:, FACES], minlength=8) / len(scenes)
    assert shares[FACE] == pytest.approx(0.3, abs=0.012)
    assert np.delete(shares, FACE) == pytest.approx(np.full(7, 0.1), abs=0.01)
    moods = scenes[scenes[:, FACES] == FACE, INDEX["emotion"]]
    assert np.bincount(moods, minlength=5) / len(moods) == pytest.approx(np.full(5, 0.2), abs=0.02)


def test_dimensions_are_drawn_independently() -> None:
    scenes = draw_scenes(np.random.default_rng(1), 30_000)
    ten = [c for c in DIMENSION_SLOTS if SLOTS[c].name != "emotion"]
    correlation = np.corrcoef(scenes[:, ten].T) - np.eye(10)
    assert np.abs(correlation).max() < 0.03


def test_names_and_tokens_are_inverse() -> None:
    for slot in SLOTS:
        assert [token(slot.name, v) for v in slot.values] == list(range(len(slot.values)))
    row = np.full(len(SLOTS), -1)
    row[INDEX["hue"]] = token("hue", "violet")
    assert name_values(row) == {"hue": "violet"}


def test_only_faces_keep_an_emotion() -> None:
    scenes = np.zeros((8, len(SLOTS)), dtype=np.int64)
    scenes[:, FACES] = np.arange(8)
    fixed = canonical(scenes)[:, INDEX["emotion"]]
    assert fixed[FACE] == 0
    assert (np.delete(fixed, FACE) == CALM).all()


@pytest.mark.parametrize(("value", "requests"), [(-1, False), (-2, True), (SIZES[3], True)])
def test_tokens_that_do_not_exist_are_named(value: int, requests: bool) -> None:
    scenes = np.zeros((2, len(SLOTS)), dtype=np.int64)
    scenes[1, 3] = value
    with pytest.raises(ValueError, match=rf"scene 1 has the token {value} in 'layout'"):
        check_scenes(scenes, requests=requests)


def test_shares_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="shares"):
        draw_scenes(np.random.default_rng(0), 3, low=1.2)
