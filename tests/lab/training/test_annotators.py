from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from fauve.lab.scene import DIMENSION_SLOTS, FACE, INDEX, SIZES, draw_scenes
from fauve.lab.training.annotators import Annotators, panel, utilities
from fauve.lab.training.preferences import draw_comparisons, requests_between

QUIET = Annotators(noise=0.0, spread=0.0, dissenters=0.0)


def scene(level: int) -> np.ndarray:
    row = np.zeros((1, len(SIZES)), np.int64)
    row[:, list(DIMENSION_SLOTS)] = level
    row[:, INDEX["emotion"]] = {2: 0, 1: 1, 0: 2}[level]
    return row


def nothing_asked() -> np.ndarray:
    return np.full((1, len(SIZES)), -1, np.int64)


@pytest.mark.parametrize(("level", "worth"), [(0, -11), (1, 0), (2, 11)])
def test_taste_counts_levels(level: int, worth: float) -> None:
    people = panel(QUIET, 0)
    found = utilities(people, QUIET, scene(level), nothing_asked(), np.random.default_rng(0))
    np.testing.assert_allclose(found, worth)


def test_a_request_that_is_missed_costs_the_fidelity_weight() -> None:
    people, knobs = panel(QUIET, 0), replace(QUIET, fidelity=2.5)
    asked = nothing_asked()
    asked[0, INDEX["clarity"]], asked[0, INDEX["hue"]], asked[0, INDEX["layout"]] = 0, 3, 0
    found = utilities(people, knobs, scene(1), asked, np.random.default_rng(0))
    np.testing.assert_allclose(found, -2 * 2.5)  # clarity and hue are missed, the layout is met


def test_dissenters_want_the_opposite_and_are_otherwise_the_same_people() -> None:
    some = replace(QUIET, dissenters=0.25, spread=0.35)
    none = replace(some, dissenters=0.0)
    with_them, without = panel(some, 4), panel(none, 4)
    assert with_them.groups.tolist() == [0] * 15 + [1] * 5
    np.testing.assert_allclose(with_them.weights[:15], without.weights[:15])
    np.testing.assert_allclose(with_them.weights[15:], -without.weights[15:])


def pool() -> np.ndarray:
    return draw_scenes(np.random.default_rng(8), 2000, low=0.3, faces=0.4)


def test_prompts_ask_only_what_one_of_the_two_pictures_shows() -> None:
    scenes = pool()
    first, second = scenes[:1000], scenes[1000:]
    rng = np.random.default_rng(1)
    asked = requests_between(rng, first, second, 1.0)
    named = asked >= 0
    shown = ((asked == first) | (asked == second))[named]
    felt = asked[:, INDEX["emotion"]] >= 0
    assert shown.mean() > 0.97  # a face that is asked for after the emotion was chosen may be in the second picture
    assert (asked[felt, INDEX["subject"]] == FACE).all()
    assert named[:, list(DIMENSION_SLOTS)].any(1).mean() > 0.95
    plain = requests_between(rng, first, second, 0.0)
    assert (plain[:, list(DIMENSION_SLOTS)] == -1).all()


def test_the_filter_keeps_what_is_agreed_on() -> None:
    scenes = pool()
    loose = draw_comparisons(Annotators(agreement=0.5), scenes, 3000, 1)
    strict = draw_comparisons(Annotators(agreement=0.95), scenes, 3000, 1)
    assert loose.counts.kept == loose.counts.drawn == 3000
    assert 0 < strict.counts.kept < 0.8 * 3000
    assert set(np.unique(strict.votes)) == {0.0, 1.0}
    assert len(np.unique(loose.votes)) == 8  # 0 to 7 of seven raters


def test_dissent_empties_the_filter() -> None:
    scenes = pool()
    kept = [draw_comparisons(Annotators(dissenters=d), scenes, 2000, 1).counts.kept for d in (0.0, 0.05, 0.12, 0.4)]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < 0.3 * kept[0]


def test_low_fidelity_lets_the_pretty_picture_win() -> None:
    scenes = pool()
    wins = [
        draw_comparisons(Annotators(fidelity=f, coverage=1.0, agreement=0.5), scenes, 3000, 1).counts.faithful_wins
        for f in (0.8, 8.0)
    ]
    assert wins[0] is not None
    assert wins[1] is not None
    assert wins[0] < 0.5 < 0.8 < wins[1]


def test_plural_votes_are_one_column_a_group_and_disagree() -> None:
    data = draw_comparisons(Annotators(agreement=0.5, plural=True), pool(), 2000, 1)
    assert data.votes.shape == (2000, 2)
    both = data.heard.all(1)
    assert 0.3 < both.mean() < 0.9
    assert np.corrcoef(data.votes[both].T)[0, 1] < -0.3


def test_coverage_is_the_share_of_prompts_that_ask_for_low_ends() -> None:
    counts = draw_comparisons(Annotators(coverage=0.3, agreement=0.5), pool(), 4000, 1).counts
    assert counts.low_asked_drawn / 4000 == pytest.approx(0.3, abs=0.03)
