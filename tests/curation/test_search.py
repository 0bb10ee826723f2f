"""Searching and drawing: planted vectors come out in the order that they must."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.curation.conftest import Planted

from fauve.curation import CurationStore, draw_band, rank, score_pictures, search
from fauve.curation.sampling import Band
from fauve.errors import ConfigError, DataError, InvalidOutput
from fauve.models.registry import make_scorer


def test_the_nearest_comes_first(store: CurationStore, planted: Planted) -> None:
    found = [hit.picture.path for hit in search(store, planted, "red")]
    assert found[:2] == ["red.png", "mauve.png"]
    assert [hit.picture.path for hit in search(store, planted, "blue", most=1)] == ["deep/blue.png"]


def test_what_is_not_wanted_pushes_down_and_thresholds_cut(store: CurationStore, planted: Planted) -> None:
    # mauve is as blue as it is red: "not red" puts it behind pictures that are neither
    found = search(store, planted, "blue", ["red"])
    assert found[0].picture.path == "deep/blue.png"
    assert found[0].against is not None
    assert found[0].margin == pytest.approx(found[0].match - found[0].against)
    assert [h.picture.path for h in search(store, planted, "blue", ["red"], unwanted_below=0.5)][-1] == "green.png"
    assert {h.picture.path for h in search(store, planted, "blue", above=0.6)} == {"deep/blue.png", "mauve.png"}
    assert [h.picture.path for h in search(store, planted, "blue", ["red"], above=0.6, unwanted_below=0.5)] == [
        "deep/blue.png"
    ]


def test_ranks_by_hand() -> None:
    vectors = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 1, 0], [0.8, 0, 0.6]], np.float32)
    wanted, unwanted = np.array([1, 0, 0], np.float32), np.array([[0, 1, 0], [0, 0, 1]], np.float32)
    assert [row for row, _, _ in rank(vectors, wanted, unwanted[:0])] == [0, 1, 3, 2]
    ranked = rank(vectors, wanted, unwanted)
    assert [row for row, _, _ in ranked] == [0, 1, 3, 2]
    # the worst of several counts, not their mean
    assert [against for _, _, against in ranked] == pytest.approx([0.0, 0.6, 0.6, 1.0])
    assert rank(np.zeros((0, 0), np.float32), wanted, unwanted) == []


def test_a_model_without_vectors_is_an_error_that_says_which_there_are(store: CurationStore) -> None:
    other = Planted()
    other.key = "another"
    with pytest.raises(DataError, match="there are: planted"):
        search(store, other, "red")


def test_scores_are_computed_once_and_kept(store: CurationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = make_scorer("random")
    scorer.load("cpu", "float32")
    with pytest.raises(ConfigError, match="--prompt"):
        score_pictures(store, scorer)
    first = score_pictures(store, scorer, "a lake")
    assert len(first) == 4
    monkeypatch.setattr(scorer, "score", lambda *_: pytest.fail("scored again"))
    assert score_pictures(store, scorer, "a lake") == first
    monkeypatch.setattr(scorer, "score", lambda images, *_: np.full(len(images), np.nan))
    with pytest.raises(InvalidOutput):
        score_pictures(store, scorer, "a wood")


def test_bands_by_share_and_by_value() -> None:
    values = {f"p{n:02d}": float(n) for n in range(20)}
    assert sorted(draw_band(values, Band(0.0, 0.1, shares=True), 9)) == ["p00", "p01"]
    assert sorted(draw_band(values, Band(0.9, 1.0, shares=True), 9)) == ["p18", "p19"]
    assert sorted(draw_band(values, Band(3.0, 5.0), 9)) == ["p03", "p04", "p05"]
    assert sorted(draw_band(values, Band(3.0, 5.0), 9, without=frozenset({"p04"}))) == ["p03", "p05"]
    for bad in (lambda: Band(1.0, 0.0), lambda: Band(0.0, 2.0, shares=True)):
        with pytest.raises(ConfigError, match="no band"):
            bad()


def test_a_draw_is_seeded_even_and_blind_to_the_order_of_what_it_draws_from() -> None:
    values = {f"p{n:02d}": float(n) for n in range(20)}
    band = Band(0.0, 1.0, shares=True)
    drawn = draw_band(values, band, 5, seed=3)
    assert draw_band(dict(reversed(values.items())), band, 5, seed=3) == drawn
    assert len(set(drawn)) == 5
    counts = Counter(name for seed in range(800) for name in draw_band(values, band, 5, seed=seed))
    # each of 20 is drawn with a chance of 1/4: 200 of 800, standard deviation 12
    assert all(140 < counts[name] < 260 for name in values)
