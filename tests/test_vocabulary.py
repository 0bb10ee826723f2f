from __future__ import annotations

import re
from collections import Counter

import pytest

from fauve import vocabulary
from fauve.errors import UnknownName
from fauve.vocabulary import (
    CONTRAST_STUDIES,
    CRITIQUE_TOPICS,
    DIMENSIONS,
    EMOTIONS,
    PHOTO_CATEGORIES,
    PROMPT_DIMENSIONS,
    content_note,
    dimension,
    photo_category,
)


def test_the_twelve_dimensions_by_the_paper_s_names():
    assert list(DIMENSIONS) == [
        "background",
        "clarity",
        "color aesthetic",
        "color brightness",
        "detail realism",
        "detail refinement",
        "emotion",
        "lighting distinction",
        "main object",
        "object pairing",
        "richness",
        "symmetry",
    ]
    assert tuple(DIMENSIONS)[:11] == PROMPT_DIMENSIONS
    assert "symmetry" not in PROMPT_DIMENSIONS


def test_every_dimension_is_described_at_every_level_in_words_of_its_own():
    descriptions = [text for d in DIMENSIONS.values() for text in (d.low, d.middle, d.high, d.request)]
    assert all(text.strip() == text and text for text in descriptions)
    assert len(set(descriptions)) == len(descriptions) == 48


def test_28_categories_in_the_site_s_five_groups():
    groups = Counter(c.group for c in PHOTO_CATEGORIES.values())
    assert groups == {
        "clarity_and_focus": 6,
        "color_and_tone": 5,
        "lighting_and_exposure": 5,
        "composition_and_structure": 5,
        "emotion_and_subject": 7,
    }
    assert all(path == f"{c.group}.{c.name}" == c.path for path, c in PHOTO_CATEGORIES.items())
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", path) for path in PHOTO_CATEGORIES)


def test_categories_speak_of_dimensions_that_there_are():
    assert {name for c in PHOTO_CATEGORIES.values() for name in c.dimensions} <= set(DIMENSIONS)


def test_emotions_topics_and_studies():
    assert {name: e.negative for name, e in EMOTIONS.items()} == {
        "happiness": False,
        "anger": True,
        "fear": True,
        "sadness": True,
    }
    assert set(CRITIQUE_TOPICS) == {"anti-war", "pollution", "inequality", "censorship", "digital overload"}
    assert {"photographs", "critique", "emotion_reward", "real_art"} <= set(CONTRAST_STUDIES)


def test_look_ups_answer_or_suggest():
    assert dimension("clarity") is DIMENSIONS["clarity"]
    assert photo_category("color_and_tone.sickly_cast").name == "sickly_cast"
    with pytest.raises(UnknownName, match="Did you mean 'lighting distinction'"):
        dimension("lighting distinct")
    with pytest.raises(UnknownName, match=r"Did you mean 'color_and_tone\.muted_faded'"):
        photo_category("color_and_tone.muted_fade")


def test_what_may_distress_is_covered_and_the_rest_is_not():
    assert content_note({"topic": "anti-war"})
    assert content_note({"category": "emotion_and_subject.disgust_and_aversion"})
    assert content_note({"topic": "pollution"}) is None
    assert content_note({"category": "clarity_and_focus.intentional_blur"}) is None
    assert content_note({"topic": "no such topic", "other": "x"}) is None
    assert content_note({}) is None


def test_exported_names_exist():
    assert all(hasattr(vocabulary, name) for name in vocabulary.__all__)
