from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from fauve.lab.captions import describe, draw_pairs, encode
from fauve.lab.scene import FACE, INDEX, SIZES
from fauve.lab.training import gates
from fauve.lab.training.base import new_generator
from fauve.lab.training.evaluate import PairScenes, classify, controlled_pairs, draw_pair_scenes, report
from fauve.lab.training.loop import arrays_of
from fauve.lab.truth import honoured, wholly_honoured


def test_every_value_is_asked_once() -> None:
    names, rows = gates.single_requests()
    assert len(names) == len(set(names)) == sum(SIZES)
    felt = rows[:, INDEX["emotion"]] >= 0
    assert felt.sum() == 5
    assert (rows[felt, INDEX["subject"]] == FACE).all()
    assert ((rows >= 0).sum(1) == np.where(felt, 2, 1)).all()
    describe(rows, np.random.default_rng(0), reserved=True)


def test_a_base_that_obeys_passes_and_one_that_cannot_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    _, rows = gates.single_requests()

    def draws(obeys: np.ndarray) -> object:
        def sample(weights: object, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            wanted = np.repeat(np.where(obeys[:, None], rows, -1), len(tokens) // len(rows), 0)
            filled = np.where(wanted >= 0, wanted, 0)
            filled[(wanted < 0).all(1)] = np.array(SIZES) - 1
            return filled

        return sample

    monkeypatch.setattr(gates, "sample_scenes", draws(np.ones(len(rows), bool)))
    good = gates.base_gate({}, draws=5)
    assert good.passed
    assert good.value == 1.0
    bad = np.ones(len(rows), bool)
    bad[2] = False
    monkeypatch.setattr(gates, "sample_scenes", draws(bad))
    void = gates.base_gate({}, draws=5)
    assert not void.passed
    assert void.figures[void.worst] == 0.0
    assert "VOID" in str(void)
    assert void.worst == gates.single_requests()[0][2]


def test_an_untrained_base_is_void() -> None:
    assert not gates.base_gate(arrays_of(new_generator(1)), draws=20).passed


@pytest.mark.parametrize(("placebo", "passed"), [(0.96, True), (0.985, True), (0.95, False)])
def test_the_placebo_may_lose_little(placebo: float, passed: bool) -> None:
    assert gates.placebo_gate(0.975, placebo).passed is passed


def test_controlled_pairs_differ_only_in_what_was_asked() -> None:
    pairs = draw_pairs(60, 5)
    scenes = controlled_pairs(pairs, 1)
    asked = np.stack([p.anti for p in pairs])
    assert wholly_honoured(scenes.anti, asked).all()
    assert (asked[scenes.anti != scenes.original] >= 0).all()
    assert not honoured(scenes.original, asked)[:, 5:].filled(False).any()


def test_a_scorer_that_knows_is_right_and_one_that_has_taste_is_wrong() -> None:
    pairs = draw_pairs(30, 6)
    scenes = controlled_pairs(pairs, 2)
    calls = []

    def first_call(sign: float) -> object:
        def score(pictures: np.ndarray, prompts: object) -> np.ndarray:
            calls.append(len(pictures))
            return np.full(len(pictures), sign * len(calls))

        return score

    assert classify(first_call(1.0), pairs, scenes, 1).accuracy == 1.0  # the anti pictures are scored second
    calls.clear()
    assert classify(first_call(-1.0), pairs, scenes, 1).accuracy == 0.0


def test_the_report_of_a_perfect_and_of_a_deaf_generator() -> None:
    pairs = draw_pairs(40, 7)
    weights = arrays_of(new_generator(1))
    asked = np.stack([p.anti for p in pairs])
    high = np.full((40, len(SIZES)), 2)
    high[:, INDEX["corner"]], high[:, INDEX["palette"]], high[:, INDEX["emotion"]] = 0, 0, 0
    faithful = np.where(asked >= 0, asked, high)
    perfect = report(weights, weights, pairs, PairScenes(high, faithful), 1)
    assert (perfect.honoured, perfect.wholly, perfect.success) == (1.0, 1.0, 1.0)
    assert perfect.kl_anti == pytest.approx(0, abs=1e-5)
    deaf = report(weights, weights, pairs, PairScenes(high, high), 1)
    assert (deaf.honoured, deaf.success) == (0.0, 0.0)
    assert perfect.hue_entropy > 0.9
    assert perfect.distinct > 0.9


def test_pair_scenes_repeat_and_are_steered() -> None:
    pairs, weights = draw_pairs(30, 8), arrays_of(new_generator(1))
    first, again = draw_pair_scenes(weights, pairs, 3), draw_pair_scenes(weights, pairs, 3)
    np.testing.assert_array_equal(first.anti, again.anti)
    steered = draw_pair_scenes(weights, pairs, 3, guidance=3.0, negative=True)
    np.testing.assert_array_equal(first.original, steered.original)
    assert encode([p.negative for p in pairs]).any()
    assert (first.original != first.anti).any()
