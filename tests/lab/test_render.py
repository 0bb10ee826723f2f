from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fauve.instruments import measure
from fauve.lab.render import LARGEST, SMALLEST, render, render_many
from fauve.lab.scene import CALM, FACE, INDEX, SIZES, SLOTS, draw_scenes, token
from fauve.vocabulary import PROMPT_DIMENSIONS

TEN = [name for name in PROMPT_DIMENSIONS if name != "emotion"]
SUBJECTS = range(SIZES[0])


def polished(**values: int) -> np.ndarray:
    """A polished scene (a red tree among hills), with some tokens replaced."""
    out = np.full(len(SLOTS), 2, dtype=np.int64)
    out[:5] = (token("subject", "tree"), 0, 1, 0, 1)
    out[INDEX["emotion"]] = CALM
    for name, value in values.items():
        out[INDEX[name.replace("_", " ")]] = value
    return out


def at_level(scene: np.ndarray, name: str, level: int) -> np.ndarray:
    out = scene.copy()
    out[INDEX[name]] = level
    return out


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference of what is left at 24 pixels, in grey levels of 255."""
    small = [np.asarray(Image.fromarray(x).resize((24, 24), Image.Resampling.BOX), np.float32) for x in (a, b)]
    return float(np.sqrt(np.mean((small[0] - small[1]) ** 2)))


def test_a_picture_is_its_scene_and_seed() -> None:
    scenes = draw_scenes(np.random.default_rng(0), 12, low=0.4)
    seeds = np.arange(12) + 2**40
    batch = render_many(scenes, seeds, 64)
    assert batch.shape == (12, 64, 64, 3)
    assert batch.dtype == np.uint8
    order = np.random.default_rng(1).permutation(12)
    shuffled = render_many(scenes[order], seeds[order], 64)
    for i, j in enumerate(order):
        assert shuffled[i].tobytes() == batch[j].tobytes() == render(scenes[j], int(seeds[j]), 64).tobytes()


def test_another_process_draws_the_same_bytes() -> None:
    code = (
        "import hashlib, numpy as np; from fauve.lab.scene import draw_scenes;"
        "from fauve.lab.render import render_many;"
        "s = draw_scenes(np.random.default_rng(3), 6, low=.5);"
        "print(hashlib.sha256(render_many(s, np.arange(6), 48).tobytes()).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    scenes = draw_scenes(np.random.default_rng(3), 6, low=0.5)
    assert done.stdout.strip() == hashlib.sha256(render_many(scenes, np.arange(6), 48).tobytes()).hexdigest()


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**63 - 1), size=st.sampled_from([48, 63, 64, 100, 192]), low=st.sampled_from([0.0, 0.5, 1.0])
)
def test_every_scene_can_be_drawn(seed: int, size: int, low: float) -> None:
    scene = draw_scenes(np.random.default_rng(seed), 1, low=low)[0]
    picture = render(scene, seed, size)
    assert picture.shape == (size, size, 3)
    assert picture.std() > 0.5, "an empty picture"


def test_the_composition_is_the_same_at_every_size() -> None:
    scenes = draw_scenes(np.random.default_rng(4), 40, low=0.3)
    for i, scene in enumerate(scenes):
        small = render(scene, i, 64)
        for size in (48, 192, 320):
            same = distance(render(scene, i, size), small)
            # 32 blocks a side do not fall on whole pixels at every size.
            tolerance = 9 if scene[INDEX["detail refinement"]] else 15
            assert same < tolerance, f"scene {i} differs by {same:.1f} at {size} pixels"
    others = [distance(render(scenes[i], i, 192), render(scenes[i + 1], i + 1, 64)) for i in range(39)]
    assert np.median(others) > 30


@pytest.mark.parametrize("name", TEN)
@pytest.mark.parametrize("size", [48, 192])
def test_every_level_shows(name: str, size: int) -> None:
    seen = []
    for subject in SUBJECTS:
        scene = polished(subject=subject, layout=subject, hue=subject, palette=subject % 4)
        levels = [render(at_level(scene, name, v), 5, size).astype(np.float32) for v in range(3)]
        seen.append([np.sqrt(np.mean((a - b) ** 2)) for a, b in ((levels[0], levels[1]), (levels[1], levels[2]))])
    assert np.min(seen) > 3, f"{name} hardly shows: {np.round(np.min(seen, axis=0), 1)}"


@pytest.mark.parametrize("name", ["background", "color aesthetic", "color brightness", "detail realism"])
def test_low_levels_are_further_off_than_seeds_are(name: str) -> None:
    for subject in SUBJECTS:
        scene = polished(subject=subject, layout=subject, hue=subject, object_pairing=1, main_object=1)
        jitter = max(distance(render(scene, 7, 64), render(scene, s, 64)) for s in (8, 9, 10))
        assert distance(render(scene, 7, 64), render(at_level(scene, name, 0), 7, 64)) > 1.1 * jitter


def test_every_other_token_shows() -> None:
    for name in ("subject", "hue", "palette", "layout", "corner"):
        pictures = [render(at_level(polished(main_object=1), name, v), 3, 64) for v in range(SIZES[INDEX[name]])]
        gaps = [distance(a, b) for i, a in enumerate(pictures) for b in pictures[:i]]
        assert min(gaps) > 6, f"two values of {name} look alike"


def test_emotions_show_in_faces_alone() -> None:
    faces = [render(polished(subject=FACE, emotion=e), 3, 64).astype(float) for e in range(5)]
    features = [f[14:44, 18:46] for f in faces]
    assert min(np.abs(a - b).mean() for i, a in enumerate(features) for b in features[:i]) > 6
    trees = {render(polished(emotion=e), 3, 64).tobytes() for e in range(5)}
    assert len(trees) == 1


def reading(scene: np.ndarray, instrument: str) -> float:
    return measure(render(scene, 2, 192))[instrument]


@pytest.mark.parametrize(
    ("name", "instrument", "sign"),
    [
        ("clarity", "sharpness", 1),
        ("color brightness", "exposure", 1),
        ("detail refinement", "noise", -1),
        ("richness", "edge-density", 1),
        ("color aesthetic", "sickly-tint", -1),
    ],
)
def test_instruments_agree_in_sign(name: str, instrument: str, sign: int) -> None:
    agree = []
    for subject in SUBJECTS:
        scene = polished(subject=subject, layout=(subject + 3) % 8, hue=(3 * subject) % 8)
        low, high = (reading(at_level(scene, name, v), instrument) for v in (0, 2))
        agree.append(sign * (high - low) > 0)
    assert sum(agree) >= 7


@pytest.mark.parametrize("size", [SMALLEST - 1, LARGEST + 1])
def test_sizes_outside_the_range_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="give a size from 48 to 512"):
        render(polished(), 0, size)


def test_tokens_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="'hue'"):
        render(polished(hue=9), 0, 64)
