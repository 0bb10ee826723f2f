"""The copy of the published figures is complete and exact."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import pytest

from fauve.studies.published import preference_accuracy, published, published_difference
from fauve.vocabulary import EMOTIONS, PHOTO_CATEGORIES

FACTS = json.loads(files("fauve.studies").joinpath("published.json").read_text("utf-8"))


def test_looks_up_exactly_one_address():
    found = published("generation", "shift", "hpsv3", "flux-dev")
    assert found.value == -3.165
    assert found.source == "arXiv 2512.11883, Tables 2 and 3 (300 prompts)"
    assert published("generation", "shift", "hpsv3") is None
    assert published("generation", "shift", "hpsv3", "flux-dev", {"judge": "eye"}) is None


def test_where_scores_came_from_does_not_matter():
    assert published("generation", "shift", "hpsv3", "flux-dev", {"source": "published"}).value == -3.165


def test_difference_of_two_rows():
    found = published_difference("generation", "shift", "hpsv3", "sd3.5-m", "sd3.5-m-pickscore")
    assert found.value == pytest.approx(-2.781 + 5.175)
    assert published_difference("generation", "shift", "hpsv3", "sd3.5-m", "alchemist") is None


def test_every_fact_is_a_number_with_a_known_source_and_known_names():
    for fact in FACTS["facts"]:
        assert math.isfinite(fact["value"])
        assert fact["source"] in FACTS["sources"]
        group = fact.get("group", {})
        assert group.get("emotion", "anger") in EMOTIONS
        assert fact["study"] != "photographs" or group.get("category") in {None, *PHOTO_CATEGORIES}


def test_preference_accuracies_give_the_published_correlation():
    """r = −0.995 over three scorers is published for accuracy on HPDv3; it is that of the F1 in Table 1."""
    stated, source = preference_accuracy()
    names = ["hpsv2.1", "hpsv3", "imagereward"]
    x = [stated[n] for n in names]
    y = [published("reward_classification", "f1", n).value for n in names]
    mx, my = sum(x) / 3, sum(y) / 3
    r = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / math.sqrt(
        sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y)
    )
    assert round(r, 3) == -0.995
    assert "HPDv3" in source


@pytest.mark.shared
def test_the_copy_agrees_with_the_published_tables(shared_data):
    tables = json.loads((shared_data / "published" / "tables.json").read_text("utf-8"))
    for scorer, metrics in tables["reward_classification"]["paper"].items():
        for metric, value in metrics.items():
            assert published("reward_classification", metric, scorer).value == value
    names = {"delta_hpsv2": "hpsv2.1", "delta_hpsv3": "hpsv3", "delta_imagereward": "imagereward"}
    for generator, row in tables["generation"]["paper"].items():
        for column, scorer in names.items():
            assert published("generation", "shift", scorer, generator).value == row[column]
        assert published("generation", "success", None, generator).value == row["success"]
        assert published("generation", "after", "hpsv3", generator).value == row["hpsv3_after"]
        assert (
            published("generation", "after", "blip-l-probability", generator, {"prompt": "anti"}).value == row["blip"]
        )
    for scorer, emotions in tables["emotion_reward"]["paper"].items():
        for emotion, value in emotions.items():
            assert published("emotion_reward", "accuracy", scorer, group={"emotion": emotion}).value == value
