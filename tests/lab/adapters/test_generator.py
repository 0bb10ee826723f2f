"""The lab's generators as the engine sees them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from fauve.errors import ConfigError, PluginError, UnknownName, WeightsMissing
from fauve.lab.captions import draw_pairs
from fauve.lab.scene_text import scene_of
from fauve.models.protocols import ImageRequest
from fauve.models.registry import make_generator
from fauve.records import Outcome

PAIRS = draw_pairs(6, seed=3)


def asked(*, negative: bool = False) -> list[ImageRequest]:
    return [ImageRequest(p.prompt_anti, 40 + n, p.negative if negative else None) for n, p in enumerate(PAIRS)]


def pictures(name: str, requests: list[ImageRequest], **options: object) -> list[bytes]:
    made = make_generator(name, {"size": 64, **options})
    made.load("cpu", "float32")
    answers = made.generate(requests)
    assert [answer.outcome for answer in answers] == [Outcome.OK] * len(requests)
    return [answer.data or b"" for answer in answers]


def scene(data: bytes) -> list[int]:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return [int(t) for t in scene_of(picture)]


def test_the_same_request_gives_the_same_bytes_alone_and_among_others() -> None:
    together = pictures("lab-base", asked())
    assert pictures("lab-base", asked()) == together
    assert pictures("lab-base", asked()[2:3]) == together[2:3]
    assert Image.open(io.BytesIO(together[0])).size == (64, 64)


def test_the_ends_of_the_dial_are_the_base_and_the_aligned_model() -> None:
    assert pictures("lab-aesthetic-strong~0.0", asked()) == pictures("lab-base", asked())
    assert pictures("lab-aesthetic-strong~1.0", asked()) == pictures("lab-aesthetic-strong", asked())


def test_guidance_of_no_strength_changes_nothing_and_a_request_without_negative_is_made_plainly() -> None:
    plain = pictures("lab-aesthetic-strong", asked())
    assert pictures("lab-aesthetic-strong+neg@0.0", asked(negative=True)) == plain
    assert pictures("lab-aesthetic-strong+neg@3.0", asked()) == plain
    guided = pictures("lab-aesthetic-strong+neg@3.0", asked(negative=True))
    assert [scene(a) for a in guided] != [scene(a) for a in plain]
    assert pictures("lab-aesthetic-strong+cfg@3.0", asked(negative=True)) != guided


def test_the_size_changes_the_picture_and_not_the_scene() -> None:
    small, large = pictures("lab-base", asked()), pictures("lab-base", asked(), size=96)
    assert [scene(a) for a in small] == [scene(b) for b in large]
    assert small != large


def test_settings_name_the_weights_and_the_steering() -> None:
    plain, dialled = make_generator("lab-placebo").settings, make_generator("lab-placebo~0.5").settings
    assert set(plain["files"]) == {"placebo"}
    assert set(dialled["files"]) == {"placebo", "base"}
    assert plain["files"]["placebo"] == dialled["files"]["placebo"]
    assert make_generator("lab-placebo~0.5").card.name == "lab-placebo~0.5"


def test_what_it_cannot_do_it_says(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no attention to guide"):
        make_generator("lab-base+vsf@2.0")
    with pytest.raises(ConfigError, match="48 to 512"):
        make_generator("lab-base", {"size": 20})
    with pytest.raises(UnknownName, match="lab-base"):
        make_generator("lab-bse")
    with pytest.raises(ConfigError, match="that of the lab's generators"):
        make_generator("flux-dev+neg@2.0")
    with pytest.raises(WeightsMissing, match="fauve lab train"):
        make_generator("lab-base", {"family": str(tmp_path)}).check()  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match="cannot be made"):
        make_generator("lab-base", {"steps": 4})
    edit = ImageRequest("a picture of a cat", 1, image=Image.new("RGB", (64, 64)), strength=0.5)
    answers = make_generator("lab-base").generate([edit, asked()[0]])
    assert [answer.outcome for answer in answers] == [Outcome.FAILED, Outcome.OK]


def test_words_beyond_the_models_sight_are_counted() -> None:
    made = make_generator("lab-base", {"size": 48})
    long = ImageRequest(" ".join(["a picture of a cat"] * 12), 1)
    assert [a.facts["truncated"] for a in made.generate([asked()[0], long])] == [0, 60 - 36]


def test_strong_alignment_hears_less_than_the_base() -> None:
    """Not a claim of the lab, only that the shipped files are what their names say."""
    pairs = draw_pairs(40, seed=11)
    requests = [ImageRequest(p.prompt_anti, n) for n, p in enumerate(pairs)]
    wanted = np.stack([p.anti for p in pairs])
    met = {}
    for name in ("lab-base", "lab-aesthetic-strong"):
        scenes = np.array([scene(a) for a in pictures(name, requests, size=48)])
        met[name] = (scenes == wanted)[wanted == 0].mean()
    assert met["lab-base"] > 0.9 > 0.75 > met["lab-aesthetic-strong"]
