from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from fauve.lab.captions import draw_pairs
from fauve.lab.experiments.outcomes import EMOTIONS, Outcome, Steering, draw_outcome, measures, read_outcome
from fauve.lab.inference import read_weights
from fauve.lab.scene import DIMENSION_SLOTS, INDEX, canonical, draw_scenes

PAIRS = tuple(draw_pairs(24, 3))
ASKED = np.stack([p.anti for p in PAIRS])


def obedient() -> Outcome:
    """A generator that does what it is told, and polishes where nothing is asked."""
    rng = np.random.default_rng(1)
    scenes = canonical(draw_scenes(rng, len(PAIRS), low=0.0))
    scenes[:, 0] = ASKED[:, 0]
    for column in DIMENSION_SLOTS:
        scenes[:, column] = 0 if column == INDEX["emotion"] else 2  # "happy" is the first emotion
    anti = np.where(ASKED >= 0, ASKED, scenes)
    hues = np.full((8, 8), 16)
    felt = np.repeat(np.arange(len(EMOTIONS)), 4)
    zero = np.zeros(len(PAIRS))
    return Outcome(canonical(scenes), canonical(anti), zero, zero, hues, np.ones(8), felt)


def share(outcome: Outcome, metric: str) -> float:
    top, below = measures(outcome, PAIRS)[metric]
    return float(top.sum() / below.sum())


def test_whoever_does_what_is_asked_has_every_share() -> None:
    outcome = obedient()
    for metric in ("honoured", "wholly", "success", "subject_kept", "distinct", "emotion: scared"):
        assert share(outcome, metric) == 1.0, metric
    assert share(outcome, "hue_entropy") == pytest.approx(1.0)
    assert share(outcome, "honoured: clarity") == 1.0
    assert share(outcome, "level") > 1.9


def test_success_can_be_won_while_little_is_honoured() -> None:
    outcome = obedient()
    worse = outcome.anti.copy()
    for i, pair in enumerate(PAIRS):  # keep one request of each prompt, drop the others
        for name in pair.dimensions[1:]:
            worse[i, INDEX[name]] = 0 if name == "emotion" else 2
    found = replace(outcome, anti=worse)
    assert share(found, "success") == 1.0
    assert share(found, "wholly") == 0.0
    assert 0.2 < share(found, "honoured") < 0.6


def test_dropping_a_dimension_shows_in_that_dimension_alone() -> None:
    outcome = obedient()
    worse = outcome.anti.copy()
    worse[:, INDEX["clarity"]] = 2
    found = replace(outcome, anti=worse)
    assert share(found, "honoured: clarity") == 0.0
    assert share(found, "honoured: richness") == 1.0


def test_one_hue_for_everything_is_no_entropy() -> None:
    hues = np.zeros((8, 8), np.int64)
    hues[:, 4] = 128
    assert share(replace(obedient(), hues=hues), "hue_entropy") == 0.0


def test_an_outcome_comes_back_from_its_file(tmp_path: Path) -> None:
    outcome = obedient()
    outcome.write(tmp_path / "o.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["o.npz"]
    back = read_outcome(tmp_path / "o.npz")
    for name in Outcome.__slots__:
        assert np.array_equal(getattr(back, name), getattr(outcome, name)), name


def test_numbers_are_those_of_the_training_reports(small_family: Path) -> None:
    evaluate = import_module("fauve.lab.training.evaluate")
    base = read_weights(small_family / "base.safetensors").arrays
    other = read_weights(small_family / "aesthetic-mild.safetensors").arrays
    for steering in (None, Steering(2.0), Steering(2.0, negative=True)):
        how = {} if steering is None else {"guidance": steering.strength, "negative": steering.negative}
        scenes = evaluate.draw_pair_scenes(other, PAIRS, 7, **how)
        theirs = evaluate.report(other, base, PAIRS, scenes, 7)
        ours = draw_outcome(other, base, PAIRS, 7, emotion_draws=2, steering=steering)
        assert np.array_equal(ours.anti, scenes.anti)
        assert np.array_equal(ours.original, scenes.original)
        for metric in ("honoured", "wholly", "success", "level", "hue_entropy", "distinct", "kl_plain", "kl_anti"):
            assert share(ours, metric) == pytest.approx(getattr(theirs, metric), abs=1e-5), metric
    for measure in measures(draw_outcome(base, base, PAIRS, 7, emotion_draws=2), PAIRS).values():
        assert measure[0].shape == measure[1].shape
