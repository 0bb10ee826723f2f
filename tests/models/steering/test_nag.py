"""Normalized Attention Guidance: the formula on numbers, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("diffusers")

import torch
from hypothesis import given
from hypothesis import strategies as st

from fauve.errors import ConfigError, ModelError
from fauve.models.steering.nag import NagSettings, guide, normalized_attention_guidance
from fauve.models.steering.vsf import value_sign_flip

WORDS: dict[str, Any] = {"positive": "a red house by the sea", "negative": "a car", "max_sequence_length": 40}


def outputs(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    noise = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(2, 3, 7, 4, generator=noise, dtype=torch.float64) for _ in range(2))  # type: ignore


@given(st.integers(0, 99), st.floats(1, 12), st.floats(0.2, 5), st.floats(0, 1), st.sampled_from([1, 2]))
def test_the_formula(seed: int, scale: float, tau: float, alpha: float, norm: Any) -> None:
    positive, negative = outputs(seed)
    found = guide(positive, negative, NagSettings(scale, tau, alpha, norm)).numpy()
    for picture in range(2):
        for token in range(7):
            plus, minus = (z[picture, :, token].numpy().ravel() for z in (positive, negative))
            g = scale * plus - (scale - 1) * minus
            ratio = np.linalg.norm(g, norm) / np.linalg.norm(plus, norm)
            g = g * tau / ratio if ratio > tau else g
            expected = alpha * g + (1 - alpha) * plus
            assert np.allclose(found[picture, :, token].ravel(), expected, rtol=1e-5, atol=1e-6)


def test_a_token_of_zeros_stays_finite() -> None:
    positive, negative = outputs(0)
    assert torch.isfinite(guide(torch.zeros_like(positive), negative, NagSettings())).all()
    assert torch.equal(guide(positive * 0, negative * 0, NagSettings()), positive * 0)


@pytest.mark.parametrize("settings", [NagSettings(scale=1.0), NagSettings(alpha=0.0)])
def test_without_strength_it_is_the_plain_pipeline(pipe: Any, draw: Any, settings: NagSettings) -> None:
    plain = draw(pipe, prompt=WORDS["positive"], max_sequence_length=40)
    with normalized_attention_guidance(pipe, **WORDS, settings=settings) as arguments:
        found = draw(pipe, **arguments)
    assert torch.allclose(found, plain, rtol=1e-4, atol=2e-5 * float(plain.abs().max()))


def test_it_changes_the_picture_and_leaves_the_pipeline(pipe: Any, draw: Any) -> None:
    plain = draw(pipe, prompt=WORDS["positive"], max_sequence_length=40)
    with normalized_attention_guidance(pipe, **WORDS) as arguments:
        found = draw(pipe, **arguments)
        with pytest.raises(ModelError, match="one way at a time"), value_sign_flip(pipe, **WORDS, scale=1.0):
            pass
    assert (found - plain).abs().mean() > 1e-3
    assert torch.equal(draw(pipe, prompt=WORDS["positive"], max_sequence_length=40), plain)


def test_it_stops_at_a_step(pipe: Any, draw: Any) -> None:
    found = {}
    for stop in (None, 0, 1, 2):
        with normalized_attention_guidance(pipe, **WORDS, stop=stop) as arguments:
            found[stop] = draw(pipe, **arguments)
    plain = draw(pipe, prompt=WORDS["positive"], max_sequence_length=40)
    assert torch.allclose(found[0], plain, rtol=1e-4, atol=2e-5 * float(plain.abs().max()))
    assert torch.equal(found[2], found[None])
    assert not torch.allclose(found[1], found[2], atol=1e-3)
    assert not torch.allclose(found[1], found[0], atol=1e-3)


def test_image_to_image(pipe: Any, image_to_image: Any, picture: Any, draw: Any) -> None:
    call = {"image": picture, "strength": 0.5, "num_inference_steps": 4}
    with normalized_attention_guidance(image_to_image, **WORDS) as arguments:
        found = draw(image_to_image, **arguments, **call)
    plain = draw(image_to_image, prompt=WORDS["positive"], max_sequence_length=40, **call)
    assert (found - plain).abs().mean() > 1e-3


@pytest.mark.parametrize(
    "options", [{"scale": 0.5}, {"tau": 0.0}, {"alpha": 1.5}, {"norm": 3}, {"scale": float("nan")}]
)
def test_settings_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="NAG"):
        NagSettings(**options)


def test_an_empty_prompt_is_refused(pipe: Any) -> None:
    with pytest.raises(ConfigError, match="negative"), normalized_attention_guidance(pipe, positive="a", negative=" "):
        pass
