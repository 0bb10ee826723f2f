"""Canonical names as readers see them."""

from __future__ import annotations

import pytest

from fauve.naming import (
    generator_name,
    is_untrained,
    marked_name,
    scorer_kind,
    scorer_name,
    sentence,
    split_marks,
    trained_name,
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hpsv3", "HPSv3"),
        ("hpsv2.1", "HPSv2.1"),
        ("imagereward", "ImageReward"),
        ("instrument:edge_density", "edge density (instrument)"),
        ("my_package:Mine", "my_package:Mine"),
        ("hpsv2.1 (random weights)", "HPSv2.1 (random weights)"),
        ("mine (random weights)", "mine (random weights)"),
    ],
)
def test_scorers(name, text):
    assert scorer_name(name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nano-banana", "Nano Banana"),
        ("flux-dev+vsf@2.0", "FLUX.1 dev with VSF 2.0"),
        ("flux-dev+nag@5.0", "FLUX.1 dev with NAG 5.0"),
        ("sd3.5-m-pickscore~0.5", "SD3.5 Medium PickScore at 0.5 of its alignment"),
        ("dance-flux~-1.0", "DanceFlux at −1.0 of its alignment"),
        ("sd3.5-m-geneval~1.5+vsf@2.0", "SD3.5 Medium GenEval at 1.5 of its alignment with VSF 2.0"),
        ("flux-dev (random weights)", "FLUX.1 dev (random weights)"),
        (
            "dance-flux~0.5+nag@1e-05 (random weights)",
            "DanceFlux at 0.5 of its alignment with NAG 1e-05 (random weights)",
        ),
        ("sd3.5-m (paper preset)", "SD3.5 Medium (paper preset)"),
        ("flux-dev+vsf@2.0 (paper preset)", "FLUX.1 dev with VSF 2.0 (paper preset)"),
        ("sdxl (paper preset) (random weights)", "SDXL (paper preset) (random weights)"),
        ("mine (a draft)", "mine (a draft)"),
        ("diffusers:mine~1/flux", "diffusers:mine~1/flux"),
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


@pytest.mark.parametrize("name", ["flux-dev", "dance-flux~0.5+vsf@2.0", "mine (a draft)"])
@pytest.mark.parametrize(
    ("preset", "untrained", "marks"),
    [
        ("matched", False, ""),
        ("paper", False, " (paper preset)"),
        ("matched", True, " (random weights)"),
        ("paper", True, " (paper preset) (random weights)"),
    ],
)
def test_marks_come_off_as_they_were_put_on(name, preset, untrained, marks):
    marked = marked_name(name, preset, untrained=untrained)
    assert marked == name + marks
    assert split_marks(marked) == (name, marks)
    assert is_untrained(marked) is untrained


def test_random_weights_are_told_from_trained_ones():
    assert is_untrained("imagereward (random weights)")
    assert trained_name("imagereward (random weights)") == "imagereward"
    assert not is_untrained("random")
    assert trained_name("hpsv3") == "hpsv3"
    assert scorer_kind("imagereward (random weights)") == "model"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("colourfulness (instrument) chose it.", "Colourfulness (instrument) chose it."),
        ("edge density (instrument) chose it.", "Edge density (instrument) chose it."),
        (
            "my_package:Mine chose it over sharpness (instrument).",
            "my_package:Mine chose it over sharpness (instrument).",
        ),
        ("pickscore chose it.", "pickscore chose it."),
        ("", ""),
    ],
)
def test_a_sentence_starts_with_a_capital_unless_a_name_is_somebody_elses(said, text):
    assert sentence(said) == text
