from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.lab.captions import mentions
from fauve.lab.scene import CALM, FACE, INDEX, SLOTS, draw_scenes, token
from fauve.lab.truth import honoured, levels, share_honoured, wholly_honoured
from fauve.vocabulary import PROMPT_DIMENSIONS

S = len(SLOTS)


def row(default: int, **values: str) -> np.ndarray:
    out = np.full(S, default, dtype=np.int64)
    for name, value in values.items():
        out[INDEX[name.replace("_", " ")]] = token(name.replace("_", " "), value)
    return out


def test_known_answers() -> None:
    scene = row(2, subject="face", hue="red", emotion="sad", clarity="low")[None]
    asked = row(-1, subject="face", hue="blue", emotion="sad", clarity="low")[None]
    met = honoured(scene, asked)
    assert met.count() == 4
    assert met[0, INDEX["emotion"]]
    assert not met[0, INDEX["hue"]]
    assert share_honoured(scene, asked).tolist() == [0.75]
    assert share_honoured(scene, asked, PROMPT_DIMENSIONS).tolist() == [1.0]
    assert wholly_honoured(scene, asked).tolist() == [False]
    assert wholly_honoured(scene, asked, ("emotion", "clarity")).tolist() == [True]


def test_only_a_face_honours_an_emotion() -> None:
    scene = row(2, subject="tree", emotion="calm")[None]
    asked = row(-1, emotion="calm")[None]
    assert share_honoured(scene, asked).tolist() == [0.0]
    scene[0, INDEX["subject"]] = FACE
    assert share_honoured(scene, asked).tolist() == [1.0]


def test_levels_of_emotion_and_of_scenes_without_a_face() -> None:
    scenes = np.stack([row(1, subject="face", emotion=e) for e in ("happy", "calm", "sad", "angry", "scared")])
    assert levels(scenes)[:, PROMPT_DIMENSIONS.index("emotion")].tolist() == [2, 1, 0, 0, 0]
    assert (np.delete(levels(scenes), PROMPT_DIMENSIONS.index("emotion"), axis=1) == 1).all()
    scenes[:, INDEX["subject"]] = token("subject", "boat")
    assert (levels(scenes)[:, PROMPT_DIMENSIONS.index("emotion")] == 1).all()
    low = row(2, subject="face", emotion="sad", main_object="low")[None]
    assert [d for d, v in zip(PROMPT_DIMENSIONS, levels(low)[0], strict=True) if v == 0] == ["emotion", "main object"]


def test_nothing_asked_has_no_share_and_is_wholly_met() -> None:
    scene, asked = row(2, emotion="calm")[None], row(-1)[None]
    assert wholly_honoured(scene, asked).tolist() == [True]
    with pytest.raises(ValueError, match="request 0 asks for nothing"):
        share_honoured(scene, asked)


def test_numbers_of_rows_must_agree() -> None:
    with pytest.raises(ValueError, match="1 scenes cannot answer 2 requests"):
        honoured(row(0, emotion="calm")[None], np.stack([row(-1), row(-1)]))


@given(seed=st.integers(0, 2**32))
def test_a_scene_honours_whatever_is_said_of_it_and_a_broken_slot_is_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scenes = draw_scenes(rng, 20)
    said = mentions(rng, scenes, least=1)
    assert wholly_honoured(scenes, said).all()
    assert (share_honoured(scenes, said) == 1).all()
    broken = scenes.copy()
    column = INDEX["subject"]
    broken[:, column] = (broken[:, column] + 1) % 8
    broken[broken[:, column] != FACE, INDEX["emotion"]] = CALM
    assert not wholly_honoured(broken, said).any()
    asked = (said >= 0).sum(axis=1)
    lost = 1 + (said[:, INDEX["emotion"]] >= 0)
    assert share_honoured(broken, said) == pytest.approx((asked - lost) / asked)
