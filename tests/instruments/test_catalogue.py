from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fauve.errors import DataError
from fauve.instruments import CANNOT_SEE, COMBINATIONS, INSTRUMENTS, measure, polish, score_dimensions
from fauve.stimuli import EFFECTS, apply
from fauve.vocabulary import DIMENSIONS


def flat(value: int, shape: tuple[int, int] = (40, 60)) -> np.ndarray:
    return np.full((*shape, 3), value, np.uint8)


def test_every_instrument_says_what_it_is() -> None:
    for name, instrument in INSTRUMENTS.items():
        assert instrument.name == name
        assert instrument.dimension in DIMENSIONS
        assert instrument.definition.endswith(".")
        assert any(c.isdigit() for c in instrument.definition), f"{name} cites no year"
        assert len(instrument.blind_to) > 20
        assert instrument.unit


def test_all_dimensions_but_emotion_have_an_instrument() -> None:
    assert set(COMBINATIONS) == set(DIMENSIONS) - {"emotion"}
    assert {i.dimension for i in INSTRUMENTS.values()} == set(COMBINATIONS)
    assert "emotion" in CANNOT_SEE
    assert "detail realism" in CANNOT_SEE
    assert set(CANNOT_SEE) <= set(DIMENSIONS)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(16, 90),
    st.integers(16, 90),
    st.sampled_from(["flat", "noise", "ramp", "two tones", "one bright pixel"]),
    st.integers(0, 255),
)
def test_any_picture_gives_finite_numbers_without_warnings(h: int, w: int, kind: str, value: int) -> None:
    image = flat(value, (h, w))
    if kind == "noise":
        image = np.random.default_rng(value).integers(0, 256, (h, w, 3), dtype=np.uint8)
    elif kind == "ramp":
        image = np.broadcast_to(np.linspace(0, value, w).astype(np.uint8)[None, :, None], (h, w, 3)).copy()
    elif kind == "two tones":
        image[: h // 2] = 255 - value
    elif kind == "one bright pixel":
        image[h // 2, w // 3] = 255
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        readings, scores, taste = measure(image), score_dimensions(image), polish(image)
    assert all(math.isfinite(v) for v in readings.values()), readings
    assert all(0 <= v <= 2 for v in scores.values())
    assert 0 <= taste <= 2


@pytest.mark.parametrize("shape", [(16, 3000), (3000, 16), (16, 16), (17, 1201)])
def test_long_and_tiny_pictures_are_measured(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert all(math.isfinite(v) for v in measure(image).values())


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((15, 40, 3), np.uint8),
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((40, 40, 3), np.float64),
    ],
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(DataError, match="Give uint8 RGB"):
        measure(image)


def test_measuring_leaves_the_picture_alone_and_repeats(pictures) -> None:
    image = pictures["coffee"].copy()
    first = measure(image)
    np.testing.assert_array_equal(image, pictures["coffee"])
    assert measure(image) == first


def test_readings_hardly_depend_on_the_size_of_the_file(pictures) -> None:
    """A picture enlarged twice is measured on the same working copy, but for what is read at native size."""
    image = pictures["pavilion"]
    large = np.asarray(
        Image.fromarray(image).resize((image.shape[1] * 2, image.shape[0] * 2), Image.Resampling.BICUBIC)
    )
    small, big = measure(image), measure(large)
    for name in set(INSTRUMENTS) - {"banding", "plateaus", "blockiness", "noise"}:
        assert big[name] == pytest.approx(small[name], rel=0.12, abs=0.03), name


def test_a_dimension_is_the_stated_combination_of_its_instruments(pictures) -> None:
    image = apply("grain", pictures["cat"], 0.5, 1)
    scores = score_dimensions(image)
    for dimension, rule in COMBINATIONS.items():
        values = [i.score(image) for i in INSTRUMENTS.values() if i.dimension == dimension]
        expected = min(values) if rule == "minimum" else sum(values) / len(values)
        assert scores[dimension] == pytest.approx(expected), dimension
    assert polish(image) == pytest.approx(sum(scores.values()) / len(scores))


@pytest.fixture(scope="module")
def untouched(pictures) -> dict[str, dict[str, float]]:
    """Dimension scores of the photographs as they are."""
    return {name: score_dimensions(image) for name, image in pictures.items()}


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_lowers_its_own_dimension_and_the_taste_without_a_prompt(name: str, pictures, untouched) -> None:
    """The second is what makes polish a control: asked for the effect, it is wrong by construction."""
    dimension = EFFECTS[name].dimension
    drops, overruled = [], 0
    for photograph, image in pictures.items():
        before, after = untouched[photograph], score_dimensions(apply(name, image, 1.0, 1))
        drops.append(before[dimension] - after[dimension])
        overruled += np.mean(list(before.values())) > np.mean(list(after.values()))
    assert np.median(drops) > 0.3, drops
    assert overruled >= len(pictures) - 1
