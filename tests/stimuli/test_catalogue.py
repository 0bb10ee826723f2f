from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from fauve.errors import ConfigError, DataError, UnknownName
from fauve.instruments import INSTRUMENTS
from fauve.stimuli import EFFECTS, apply
from fauve.vocabulary import DIMENSIONS, PROMPT_DIMENSIONS

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)

# A step may go back by this share of the whole movement: saturated instruments flicker in the last digits.
TOLERANCE = 0.10


@pytest.mark.parametrize(
    ("name", "seed"),
    [(name, 1) for name in EFFECTS]
    + [pytest.param(name, 2, marks=pytest.mark.slow) for name, effect in EFFECTS.items() if effect.seeded],
)
def test_an_effect_moves_its_instrument_monotonically_on_every_photograph(name: str, seed: int, pictures) -> None:
    effect = EFFECTS[name]
    instrument = INSTRUMENTS[effect.instrument]
    assert len(pictures) >= 4
    for photograph, image in pictures.items():
        readings = [instrument(apply(name, image, strength, seed)) for strength in STRENGTHS]
        steps = np.diff(readings) * effect.direction
        whole = steps.sum()
        assert whole > 0, (photograph, readings)
        assert steps.min() >= -TOLERANCE * whole, (photograph, readings)


@pytest.mark.parametrize("name", EFFECTS)
def test_strength_grows_away_from_the_original(name: str, pictures) -> None:
    """The mean change per pixel grows with strength: the same draw scaled, not another one."""
    image = pictures["pavilion"]
    changes = [np.abs(apply(name, image, s, 7).astype(int) - image).mean() for s in (0.05, 0.25, 0.5, 1.0)]
    assert changes == sorted(changes), changes
    assert changes[-1] > 3


@pytest.mark.parametrize("name", EFFECTS)
def test_a_small_step_in_strength_is_a_small_step_in_the_picture(name: str, pictures) -> None:
    image = pictures["astronaut"]
    full = np.abs(apply(name, image, 1.0, 3).astype(int) - image).mean()
    for strength in (0.3, 0.6):
        here, near = (apply(name, image, s, 3).astype(float) for s in (strength, strength + 0.01))
        # Seen from a distance: the lines of a grid of blocks may move by a pixel.
        assert np.abs(gaussian_filter(here - near, (8, 8, 0))).mean() < 0.08 * full


@pytest.mark.parametrize("name", EFFECTS)
def test_zero_is_the_identity_and_equal_arguments_give_equal_bytes(name: str, pictures) -> None:
    image = pictures["cat"]
    same = apply(name, image, 0.0, 5)
    np.testing.assert_array_equal(same, image)
    assert same is not image
    np.testing.assert_array_equal(apply(name, image, 0.6, 5), apply(name, image, 0.6, 5))


@pytest.mark.parametrize("name", EFFECTS)
def test_the_seed_matters_exactly_where_the_record_says_so(name: str, pictures) -> None:
    image = pictures["coffee"]
    differs = not np.array_equal(apply(name, image, 0.7, 1), apply(name, image, 0.7, 2))
    assert differs == EFFECTS[name].seeded


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(EFFECTS)),
    st.integers(16, 70),
    st.integers(16, 70),
    st.floats(0.0, 1.0),
    st.integers(0, 2**31),
    st.sampled_from(["noise", "flat", "black", "white"]),
)
def test_any_picture_keeps_its_shape_without_warnings(
    name: str, h: int, w: int, strength: float, seed: int, kind: str
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)
    if kind != "noise":
        image[:] = {"flat": 130, "black": 0, "white": 255}[kind]
    before = image.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = apply(name, image, strength, seed)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert not np.shares_memory(result, image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("shape", [(16, 600), (600, 16), (701, 333)])
@pytest.mark.parametrize("name", EFFECTS)
def test_unusual_shapes(name: str, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert apply(name, image, 1.0, 1).shape == image.shape


def test_every_prompted_dimension_but_emotion_has_an_effect() -> None:
    covered = {effect.dimension for effect in EFFECTS.values()}
    assert covered <= set(DIMENSIONS)
    assert covered >= set(PROMPT_DIMENSIONS) - {"emotion"}
    assert "symmetry" in covered


def test_records_are_complete_and_speak_of_their_own_dimension() -> None:
    requests = [effect.request for effect in EFFECTS.values()]
    assert len(set(requests)) == len(requests)
    for name, effect in EFFECTS.items():
        assert effect.name == name
        assert INSTRUMENTS[effect.instrument].dimension == effect.dimension
        assert not effect.request.endswith(".")
        assert effect.request[0].islower()


@pytest.mark.parametrize("strength", [-0.1, 1.01, math.nan, math.inf])
def test_a_strength_outside_the_range_is_refused(strength: float, pictures) -> None:
    with pytest.raises(ConfigError, match="number from 0 to 1"):
        apply("grain", pictures["cat"], strength, 1)


def test_an_unknown_effect_gets_a_suggestion(pictures) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'pixelate'"):
        apply("pixelated", pictures["cat"], 0.5, 1)


@pytest.mark.parametrize(
    "image", [np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3), np.float32), np.zeros((8, 40, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(DataError, match="Give uint8 RGB"):
        apply("defocus", image, 0.5, 1)
