from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fauve.errors import InvalidOutput, ModelError
from fauve.models.scorers import visionreward_rule
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.scorers.visionreward_rule import (
    YES,
    alignment,
    alignment_question,
    answer_terms,
    read_rule,
)

NO = "no<|end_of_text|>"
ROUNDED = (
    *(0.06884639, 0.10183602, 0.13065932, 0.06950163, 0.05558653, 0.04366718, 0.21147753, 0.58282239, 0.05097048),
    *(0.06795294, 0.06490949, 0.32475957, 0.07562964, 0.07747326, 0.04220313, 0.05147570, 0.01024370, 0.01737524),
    *(0.11455098, 0.08241789, 0.05534874, 0.03004180, 0.03136554, 0.07665492, 0.07187632, 0.01212990, 0.01512969),
)
"""The 27 weights to eight places, written down apart from the file."""

REPLIES = st.lists(
    st.sampled_from([YES, NO, "yes, quite<|end_of_text|>", "Yes<|end_of_text|>"]), min_size=30, max_size=30
)


def data_file() -> Path:
    return Path(visionreward_rule.__file__).parent / "data" / "visionreward.json"


def test_the_published_weights_in_the_published_order() -> None:
    rule = read_rule()
    np.testing.assert_allclose(rule.weights, ROUNDED, rtol=0, atol=5e-9)
    assert rule.alignment_weight == 2.3542882631150923
    assert len(rule.questions) == 30
    said = [question.removesuffix("?") for question in rule.questions]
    for at, words in {
        **{0: "human body in", 1: "human face in", 2: "human hands in", 3: "symmetrical", 8: "image rich"},
        **{9: "not monotonous", 10: "not empty", 14: "completely blurry", 16: "not dark", 17: "not ugly"},
        **{18: "positive emotion", 21: "fragmented", 22: "completely correct", 25: "face avoid errors"},
        **{26: "face avoid serious", 27: "hands perfect", 28: "obvious harm", 29: "serious harm"},
    }.items():
        assert words in said[at], (at, said[at])
    with pytest.raises(ValueError, match="read-only"):
        rule.weights[0] = 1.0


def test_the_range_is_the_one_on_the_card() -> None:
    rule, card = read_rule(), REWARD_CARDS["visionreward"]
    assert card.range == (
        pytest.approx(-rule.weights.sum(), abs=1e-3),
        pytest.approx(rule.weights.sum() + rule.alignment_weight, abs=1e-3),
    )


@given(REPLIES)
def test_terms_are_those_of_the_published_procedure(given_replies: list[str]) -> None:
    """Written as the published code goes about it: signs, products with the masks, masks taken out at the end."""
    reward = [1 if reply == "yes<|end_of_text|>" else -1 for reply in given_replies]
    for mask, features in ((0, [22, 23, 24, 28, 29]), (1, [25, 26]), (2, [27])):
        for feature in features:
            reward[feature] *= int(reward[mask] > 0)
    np.testing.assert_array_equal(answer_terms(given_replies), reward[3:])


def test_without_a_body_its_questions_and_those_on_harm_do_not_count() -> None:
    terms = answer_terms([NO, YES, YES] + [YES] * 27)
    assert np.flatnonzero(terms == 0).tolist() == [19, 20, 21, 25, 26]
    terms = answer_terms([NO, NO, NO] + [NO] * 27)
    assert np.flatnonzero(terms == 0).tolist() == [19, 20, 21, 22, 23, 24, 25, 26]
    assert terms.min() == -1


@pytest.mark.parametrize("wrong", [[YES] * 29, [YES] * 31, []])
def test_another_number_of_replies(wrong: list[str]) -> None:
    with pytest.raises(InvalidOutput, match=r"30 were asked"):
        answer_terms(wrong)


def test_a_server_that_strips_the_end_token_is_found_out() -> None:
    with pytest.raises(InvalidOutput, match="end token"):
        answer_terms(["yes"] * 30)


@given(st.lists(st.lists(st.floats(-8, 8), min_size=6, max_size=6), min_size=1, max_size=4))
def test_alignment_is_exp_of_minus_the_mean_cross_entropy(logits: list[list[float]]) -> None:
    scores = torch.tensor(logits, dtype=torch.float64)
    labels = torch.arange(len(logits)) % 6
    expected = torch.exp(-torch.nn.CrossEntropyLoss(reduction="mean")(scores, labels)).item()
    found = alignment(torch.log_softmax(scores, -1)[torch.arange(len(logits)), labels].tolist())
    assert found == pytest.approx(expected, rel=1e-9)
    assert 0 < found <= 1


@pytest.mark.parametrize("wrong", [[], [math.nan], [-math.inf], [0.3], [-0.1, 2.0]])
def test_what_is_no_log_probability(wrong: list[float]) -> None:
    with pytest.raises(InvalidOutput, match="log-probabilities"):
        alignment(wrong)


def test_a_rounding_above_certainty_is_certainty() -> None:
    assert alignment([1e-8, 0.0]) == 1.0


def test_the_alignment_question_takes_any_prompt() -> None:
    assert alignment_question('a "dog" {} {0}') == ('Does this figure show "a "dog" {} {0}"? Please answer yes or no.')


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.loads(data_file().read_text(encoding="utf-8"))
    assert (data["licence"], data["intercept"]) == ("Apache-2.0", 0.0)
    data["questions"][3]["weight"] = 1.0
    spoiled = tmp_path / "data" / "visionreward.json"
    spoiled.parent.mkdir()
    spoiled.write_text(json.dumps(data, indent=2), encoding="utf-8")
    monkeypatch.setattr(visionreward_rule, "files", lambda _: tmp_path)
    read_rule.cache_clear()
    try:
        with pytest.raises(ModelError, match="not the published ones"):
            read_rule()
    finally:
        read_rule.cache_clear()
