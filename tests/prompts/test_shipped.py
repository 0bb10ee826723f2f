"""Every promise that docs/prompts.md makes of the shipped prompts, over all of them."""

from __future__ import annotations

import re
from collections import Counter

from fauve.prompts import (
    anti_faults,
    base_captions,
    critique_prompts,
    draw_dimensions,
    emotion_prompts,
    emotion_templates,
    negative_faults,
    shipped_pairs,
)
from fauve.prompts.lexicon import named_dimensions, polished_dimensions
from fauve.prompts.shipped import EMOTION_SLOT, SEED, THEMES
from fauve.prompts.wording import kept_share, nearest_texts, word_count
from fauve.vocabulary import CRITIQUE_TOPICS, EMOTIONS, PROMPT_DIMENSIONS

PAIRS = shipped_pairs()


def five_words(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z'-]+", text.lower())
    return set(zip(*(words[at:] for at in range(5)), strict=False))


def test_300_pairs_25_a_theme() -> None:
    assert len(PAIRS) == len({pair.id for pair in PAIRS}) == 300
    assert Counter(pair.groups["theme"] for pair in PAIRS) == dict.fromkeys(THEMES, 25)
    assert all(re.fullmatch(rf"{pair.groups['theme']}-\d\d", pair.id) for pair in PAIRS)
    assert [(c.id, c.text, c.theme) for c in base_captions()] == [(p.id, p.original, p.groups["theme"]) for p in PAIRS]


def test_the_dimensions_are_the_seeded_draw_and_balanced() -> None:
    assert [pair.dimensions for pair in PAIRS] == draw_dimensions(300, SEED)
    counts = Counter(name for pair in PAIRS for name in pair.dimensions)
    assert set(counts) == set(PROMPT_DIMENSIONS)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert Counter(len(pair.dimensions) for pair in PAIRS) == {2: 100, 3: 100, 4: 100}


def test_a_caption_is_one_plain_sentence_of_8_to_14_words() -> None:
    for pair in PAIRS:
        assert 8 <= word_count(pair.original) <= 14, pair.id
        assert re.fullmatch(r"[A-Z][^.!?;:]*\.", pair.original), pair.id
        assert "emotion" not in named_dimensions(pair.original), pair.id


def test_an_anti_prompt_keeps_every_rule() -> None:
    for pair in PAIRS:
        assert anti_faults(pair.original, pair.anti, pair.dimensions) == [], pair.id
        assert set(pair.dimensions) <= named_dimensions(pair.anti), pair.id
        assert kept_share(pair.original, pair.anti) >= 0.5, pair.id
        assert re.fullmatch(r"[A-Z].*\.", pair.anti), pair.id
        assert not re.search(r"\.\.|  | [,.;:]", pair.anti), pair.id


def test_a_negative_prompt_names_the_opposite_of_each_drawn_dimension_and_no_other() -> None:
    for pair in PAIRS:
        assert negative_faults(pair.negative or "") == [], pair.id
        assert polished_dimensions(pair.negative or "") == set(pair.dimensions), pair.id


def test_no_two_captions_or_anti_prompts_are_near_duplicates() -> None:
    assert nearest_texts({pair.id: pair.original for pair in PAIRS})[0] < 1 / 3
    assert nearest_texts({pair.id: pair.anti for pair in PAIRS})[0] < 1 / 3


def test_the_wording_is_no_template() -> None:
    openings = Counter(" ".join(pair.anti.split()[:3]) for pair in PAIRS)
    assert max(openings.values()) <= 2
    shared = Counter(run for pair in PAIRS for run in five_words(pair.anti))
    # the commonest run of five words, such as a place in the frame, stands in 3 % of the prompts at most
    assert max(shared.values()) <= 9


def test_30_templates_show_a_face_and_hint_at_no_emotion() -> None:
    templates = emotion_templates()
    assert len(templates) == len({text for _, text in templates}) == len(dict(templates)) == 30
    shows = r"\b(?:face|portrait|looks?|looking|expression|photograph)\b"
    hints = r"smil|laugh|grin|frown|party|wedding|funeral|alone|danger|gift|war|fight|joy|cheer|gloom|bright|dark|storm"
    for _, text in templates:
        assert text.count(EMOTION_SLOT) == 1
        assert re.search(shows, text, re.IGNORECASE)
        rest = text.replace(EMOTION_SLOT, "")
        assert "emotion" not in named_dimensions(rest)
        assert "emotion" not in polished_dimensions(rest)
        assert not re.search(hints, rest, re.IGNORECASE)
        assert not re.search(r"\ban? \[emotion\]", text)  # no article that an adjective could make wrong


def test_every_template_under_every_emotion() -> None:
    prompts = emotion_prompts()
    assert len(prompts) == len({one.id for one in prompts}) == len({one.text for one in prompts}) == 120
    assert Counter(one.emotion for one in prompts) == dict.fromkeys(EMOTIONS, 30)
    assert all(EMOTIONS[one.emotion].adjective in one.text.split(EMOTION_SLOT)[0] for one in prompts)
    assert not any("[" in one.text for one in prompts)
    assert nearest_texts(dict(emotion_templates()))[0] < 1 / 2


def test_20_prompts_of_social_critique_a_topic() -> None:
    prompts = critique_prompts()
    assert Counter(one.topic for one in prompts) == dict.fromkeys(CRITIQUE_TOPICS, 20)
    assert len({one.id for one in prompts}) == 100
    assert all(12 <= word_count(one.text) <= 40 for one in prompts)
    assert nearest_texts({one.id: one.text for one in prompts})[0] < 1 / 3


def test_all_texts_are_printable_and_trimmed() -> None:
    texts = [text for pair in PAIRS for text in (pair.original, pair.anti, pair.negative or "")]
    texts += [text for _, text in emotion_templates()] + [one.text for one in critique_prompts()]
    for text in texts:
        assert text.isprintable()
        assert text == text.strip()
        assert "\ufffd" not in text
        assert not set(text) - set(map(chr, range(32, 127))) - set("é")
