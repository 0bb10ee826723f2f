from __future__ import annotations

import pytest

from fauve.errors import UnknownName
from fauve.prompts import anti_faults, negative_faults, shipped_pairs
from fauve.prompts.lexicon import added_effects, named_dimensions, polished_dimensions
from fauve.prompts.wording import content_words, kept_share, nearest_texts, overlap, word_count
from fauve.vocabulary import DIMENSIONS, PROMPT_DIMENSIONS, dimension

CAPTION = "A dog runs along a beach with a ball."
GOOD = "Blur swallows the dog as it runs; beach and ball are smears without outlines."


def kinds(anti: str, *dimensions: str) -> list[str]:
    return [fault.kind for fault in anti_faults(CAPTION, anti, dimensions)]


def test_a_good_prompt_has_no_fault() -> None:
    assert kinds(GOOD, "clarity") == []


@pytest.mark.parametrize(
    ("anti", "kind"),
    [
        ("", "empty"),
        (GOOD + " The blur is thick." * 20, "length"),
        (GOOD + "\nSmeared.", "form"),
        (GOOD + " Blurr\ufffdd.", "form"),
        (GOOD + " The dog weeps.", "added effect"),
        ("A blurred submarine, out of focus, dives.", "scene"),
        (CAPTION, "unchanged"),
    ],
)
def test_each_fault_is_found(anti: str, kind: str) -> None:
    assert kind in kinds(anti, "clarity")


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("The backdrop is ruined.", "background"),
        ("It is out of focus.", "clarity"),
        ("Its colours clash.", "color aesthetic"),
        ("It is underexposed.", "color brightness"),
        ("The ball melts.", "detail realism"),
        ("Coarse grain covers it.", "detail refinement"),
        ("It runs in despair.", "emotion"),
        ("There is not one shadow.", "lighting distinction"),
        ("The dog is tiny.", "main object"),
        ("Its parts are scattered.", "object pairing"),
        ("The shore is almost empty.", "richness"),
    ],
)
def test_an_effect_is_added_exactly_where_its_dimension_was_not_drawn(sentence: str, name: str) -> None:
    for drawn in PROMPT_DIMENSIONS:
        assert bool(added_effects(CAPTION, sentence, [drawn])) == (drawn != name)


def test_the_vocabulary_s_own_requests_are_recognised_and_add_nothing() -> None:
    for name in PROMPT_DIMENSIONS:
        assert name in named_dimensions(dimension(name).request)
        assert added_effects(CAPTION, dimension(name).request, [name]) == []
        assert polished_dimensions(dimension(name).negative) == {name}


def test_words_of_the_caption_are_never_added_effects() -> None:
    assert added_effects("A blue bus in fog.", "A blue bus in fog, nearly empty.", ["richness"]) == []
    assert [t.text for t in added_effects("A bus.", "A blue bus in a void.", ["richness"])] == ["blue"]


def test_one_undrawn_effect_put_into_any_shipped_prompt_is_found() -> None:
    probes = {name: f"Also, {dimension(name).request}." for name in PROMPT_DIMENSIONS}
    for pair in shipped_pairs():
        undrawn = sorted(set(PROMPT_DIMENSIONS) - set(pair.dimensions))
        name = undrawn[len(pair.anti) % len(undrawn)]
        assert added_effects(pair.original, f"{pair.anti} {probes[name]}", pair.dimensions), (pair.id, name)


def test_a_dimension_that_does_not_exist_is_told() -> None:
    with pytest.raises(UnknownName, match="clarity"):
        anti_faults(CAPTION, GOOD, ["clarty"])


@pytest.mark.parametrize(
    ("negative", "kind"), [("", "empty"), ("one two three four five six", "length"), ("a\x07b", "form")]
)
def test_negative_prompts_have_at_most_five_words(negative: str, kind: str) -> None:
    assert [fault.kind for fault in negative_faults(negative)] == [kind]
    assert negative_faults("sharp, centred, bright, tidy, full") == []


def test_words_and_overlap() -> None:
    assert word_count(" two  words ") == 2
    assert content_words("A dog's ball, and the DOG.") == ["dog", "ball", "dog"]
    assert kept_share(CAPTION, "dogs run on beaches, balls") == 1
    assert kept_share(CAPTION, "a dog with a beach") == 0.5
    assert kept_share("a the", "dog") == 1
    assert overlap("a red dog", "the red cat") == pytest.approx(1 / 3)
    assert nearest_texts({"a": "red dog", "b": "blue cat", "c": "red cow"}) == (pytest.approx(1 / 3), "a", "c")


def test_polished_words_cover_the_dimensions_that_prompts_draw() -> None:
    assert all(polished_dimensions(DIMENSIONS[name].negative) for name in PROMPT_DIMENSIONS)
    assert polished_dimensions("detailed background") == {"background"}
    assert polished_dimensions("sculpted shadows") == {"lighting distinction"}
