from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from fauve.lab.captions import VOCABULARY, encode
from fauve.lab.phrases import PHRASES
from fauve.lab.scene import FACE, INDEX, SIZES, draw_scenes
from fauve.lab.training.world_batches import (
    CaptionMix,
    caption_batch,
    mixed_requests,
    pictures_of,
    short_requests,
    worded,
)


def test_short_requests_are_true_and_short() -> None:
    rng = np.random.default_rng(0)
    scenes = draw_scenes(rng, 3000, faces=0.5)
    said = short_requests(rng, scenes)
    named = said >= 0
    np.testing.assert_array_equal(said[named], scenes[named])
    felt = named[:, INDEX["emotion"]]
    assert set(named[~felt].sum(1)) == {1, 2, 3}
    assert (scenes[felt, INDEX["subject"]] == FACE).all()
    assert named[felt, INDEX["subject"]].all()
    assert named.any(0).all(), "some slot is never named"


def test_noise_is_the_share_of_wrong_mentions() -> None:
    def wrong(noise: float) -> float:
        mix = CaptionMix(noise=noise, short=1.0, reserved=1.0, tags=0.0)
        scenes, tokens = caption_batch(np.random.default_rng(1), 6000, mix)
        hue, subject = INDEX["hue"], INDEX["subject"]
        words = {VOCABULARY.index(PHRASES["hue"][v][-1]): i for i, v in enumerate(PHRASES["hue"])}
        assert subject == 0
        said = [[words[t] for t in row if t in words] for row in tokens.tolist()]
        pairs = [(row[0], int(scene[hue])) for row, scene in zip(said, scenes, strict=True) if row]
        assert len(pairs) > 500
        return float(np.mean([a != b for a, b in pairs]))

    assert wrong(0.0) == 0
    assert wrong(0.2) == pytest.approx(0.2, abs=0.05)


def test_reserved_wording_comes_as_often_as_asked() -> None:
    rng = np.random.default_rng(2)
    requests = np.full((4000, len(SIZES)), -1, np.int64)
    requests[:, INDEX["hue"]] = 0
    kept = VOCABULARY.index("red")
    share = (worded(rng, requests, 0.3) == kept).any(1).mean()
    assert share == pytest.approx(0.3, abs=0.03)
    assert not (worded(rng, requests, 0.0) == kept).any()


def test_tags_name_what_is_polished() -> None:
    mix = CaptionMix(tags=1.0)
    scenes, tokens = caption_batch(np.random.default_rng(3), 500, mix)
    crisp = int(encode(["crisp"])[0, 0])
    named = (tokens == crisp).any(1)
    assert named.any()
    assert (scenes[named, INDEX["clarity"]] == 2).all()


def test_pictures_are_what_the_encoders_take_and_repeat() -> None:
    scenes = draw_scenes(np.random.default_rng(4), 5)
    seeds = np.arange(5)
    pictures = pictures_of(scenes, seeds)
    assert (pictures.shape, pictures.dtype) == ((5, 48, 48, 3), np.uint8)
    np.testing.assert_array_equal(pictures, pictures_of(scenes, seeds))
    assert (pictures != pictures_of(scenes, seeds + 9)).any()


def test_mixed_requests_can_be_worded() -> None:
    rng = np.random.default_rng(5)
    scenes = draw_scenes(rng, 2000, faces=0.5)
    requests = mixed_requests(rng, scenes, 0.5)
    assert (worded(rng, requests, 0.5) != 0).any(1).all()
