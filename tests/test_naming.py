"""Canonical names as readers see them."""

from __future__ import annotations

import pytest

from fauve.naming import generator_name, scorer_kind, scorer_name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hpsv3", "HPSv3"),
        ("hpsv2.1", "HPSv2.1"),
        ("imagereward", "ImageReward"),
        ("instrument:edge_density", "edge density (instrument)"),
        ("my_package:Mine", "my_package:Mine"),
    ],
)
def test_scorers(name, text):
    assert scorer_name(name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nano-banana", "Nano Banana"),
        ("flux-dev+vsf@2.0", "FLUX.1 dev with VSF 2.0"),
        ("sd3.5-m-pickscore~0.5", "SD3.5 Medium PickScore at 0.5"),
        ("dance-flux~-1", "DanceFlux at -1"),
        ("a-new-one", "a-new-one"),
    ],
)
def test_generators(name, text):
    assert generator_name(name) == text


def test_kinds():
    assert [scorer_kind(n) for n in ("hpsv3", "instrument:contrast", "random", "mine")] == [
        "model",
        "instrument",
        "control",
        "model",
    ]
