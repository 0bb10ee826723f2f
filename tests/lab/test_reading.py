"""Prompts read back as the requests that they make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.lab.captions import describe, draw_pairs, mentions
from fauve.lab.reading import read_request
from fauve.lab.scene import INDEX, draw_scenes, token


@given(seed=st.integers(0, 2**32), reserved=st.booleans())
def test_whatever_is_described_is_read_back(seed: int, reserved: bool) -> None:
    rng = np.random.default_rng(seed)
    requests = mentions(rng, draw_scenes(rng, 5))
    for request, text in zip(requests, describe(requests, rng, reserved=reserved), strict=True):
        found = read_request(text)
        assert found.request.tolist() == request.tolist(), text
        assert found.unread == ()


def test_the_pairs_are_read_as_they_were_drawn() -> None:
    for pair in draw_pairs(60, seed=5):
        assert read_request(pair.prompt_original).request.tolist() == pair.original.tolist()
        assert read_request(pair.prompt_anti).request.tolist() == pair.anti.tolist()


def test_words_of_another_world_are_named() -> None:
    found = read_request("a picture of a red elephant")
    assert found.unread == ("elephant",)
    assert found.request[INDEX["hue"]] == token("hue", "red")
    assert found.request[INDEX["subject"]] == -1


@pytest.mark.parametrize("text", ["", "   ", "a an and"])
def test_silence_asks_for_nothing(text: str) -> None:
    found = read_request(text)
    assert (found.request == -1).all()
    assert found.unread == ()
