"""The cards hold what a reader needs before a number, and bring no torch with them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fauve.models.scorers.reward_cards import REWARD_CARDS

NAMES = "clip-l blip-l blip-b hps-v1 hpsv2.0 hpsv2.1 hpsv3 mps pickscore imagereward laion-v2 visionreward"  # the canon


def test_every_canonical_name_has_a_card_under_its_own_name() -> None:
    assert set(REWARD_CARDS) == set(NAMES.split())
    assert all(card.name == name for name, card in REWARD_CARDS.items())


@pytest.mark.parametrize("name", NAMES.split())
def test_a_card_is_whole(name: str) -> None:
    card = REWARD_CARDS[name]
    assert card.kind in {"reward model", "matcher"}
    assert card.summary.endswith(".")
    assert card.paper
    assert card.higher_is_better
    assert card.licence or "licence" in card.summary, "what is not known is said not to be known"
    assert card.hub_id or "file" in card.summary, "what is not on the hub says which file is wanted"
    low, high = card.range
    assert low is None or high is None or low < high
    if card.published_preference_accuracy:
        assert 0.5 < card.published_preference_accuracy[0] < 1
    assert card.as_json()["range"] == [low, high]


def test_limits_and_deafness_are_those_of_the_models() -> None:
    limits = {name: card.prompt_limit for name, card in REWARD_CARDS.items()}
    assert limits["imagereward"] == 35
    assert limits["blip-l"] == limits["blip-b"] == 512
    assert {limits[n] for n in ("clip-l", "hps-v1", "hpsv2.0", "hpsv2.1", "mps", "pickscore")} == {77}
    assert [name for name, card in REWARD_CARDS.items() if not card.sees_prompt] == ["laion-v2"]


def test_cards_load_no_heavy_library() -> None:
    code = (
        "import sys, fauve.models.scorers.reward_cards;"
        "print([m for m in ('torch', 'transformers', 'huggingface_hub') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
