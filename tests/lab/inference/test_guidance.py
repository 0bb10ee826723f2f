from __future__ import annotations

import numpy as np
import pytest

from fauve.lab.captions import LENGTH, VOCABULARY
from fauve.lab.inference import Guidance, log_softmaxes, sample_scenes, scenes_from_uniforms
from fauve.lab.scene import SIZES

WIDTH = 16


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    words, total = len(VOCABULARY), sum(SIZES)
    shapes: dict[str, tuple[int, ...]] = {
        "text.embed.weight": (words, WIDTH),
        "question": (len(SIZES), WIDTH),
        "slot": (len(SIZES), WIDTH),
        "null_key": (WIDTH,),
        "null_value": (WIDTH,),
        "drawn": (total, WIDTH),
        "out": (total, WIDTH),
        "bias": (total,),
    }
    for name, rows, columns in (
        *((f"text.wide.{b}", 2 * WIDTH, 3 * WIDTH) for b in range(2)),
        *((f"text.back.{b}", WIDTH, 2 * WIDTH) for b in range(2)),
        *((f"wide.{b}", 2 * WIDTH, WIDTH) for b in range(2)),
        *((f"back.{b}", WIDTH, 2 * WIDTH) for b in range(2)),
        ("key", WIDTH, WIDTH),
        ("value", WIDTH, WIDTH),
    ):
        shapes |= {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}
    return {name: (rng.normal(size=shape) * 0.4).astype(np.float32) for name, shape in shapes.items()}


def prompt(*words: int, n: int = 1) -> np.ndarray:
    row = np.zeros((n, LENGTH), np.int64)
    row[:, : len(words)] = words
    return row


def test_guidance_follows_its_formula_at_the_first_slot(weights: dict[str, np.ndarray]) -> None:
    n, strength = 60_000, 1.5
    wanted, other = prompt(5, 9, n=1), prompt(30, n=1)
    any_scene = np.zeros((1, len(SIZES)), np.int64)
    first, second = (log_softmaxes(weights, p, any_scene)[0][0] for p in (wanted, other))
    guided = np.exp((1 + strength) * first - strength * second)
    expected = guided / guided.sum()
    many = np.repeat(wanted, n, 0)
    drawn = sample_scenes(weights, many, np.random.default_rng(0), Guidance(strength, np.repeat(other, n, 0)))
    found = np.bincount(drawn[:, 0], minlength=SIZES[0]) / n
    assert np.abs(expected - np.exp(first)).max() > 0.02
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_plain_guidance_steers_away_from_the_null_prompt(weights: dict[str, np.ndarray]) -> None:
    tokens = np.repeat(prompt(5, 9), 500, 0)
    uniforms = np.random.default_rng(1).random((500, len(SIZES)))
    plain = scenes_from_uniforms(weights, tokens, uniforms, Guidance(2.0))
    spelled_out = scenes_from_uniforms(weights, tokens, uniforms, Guidance(2.0, np.zeros_like(tokens)))
    np.testing.assert_array_equal(plain, spelled_out)
    assert (plain != scenes_from_uniforms(weights, tokens, uniforms)).any()


def test_no_strength_is_no_guidance(weights: dict[str, np.ndarray]) -> None:
    tokens = prompt(5, 9, n=300)
    uniforms = np.random.default_rng(2).random((300, len(SIZES)))
    unguided = scenes_from_uniforms(weights, tokens, uniforms)
    np.testing.assert_array_equal(scenes_from_uniforms(weights, tokens, uniforms, Guidance(0.0)), unguided)


def test_the_same_source_gives_the_same_scenes(weights: dict[str, np.ndarray]) -> None:
    tokens = prompt(5, 9, n=50)
    first, again, other = (sample_scenes(weights, tokens, np.random.default_rng(s)) for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first < np.array(SIZES)).all()
