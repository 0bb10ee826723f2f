"""What a factual caption may not say."""

from __future__ import annotations

import pytest

from fauve.models.captioners.plain_wording import INTERPRETING, MOST_WORDS, caption_faults, interpreting_words
from fauve.prompts.shipped import shipped_pairs


@pytest.mark.parametrize(
    ("caption", "found"),
    [
        ("A serene lake under a moonlit sky.", ["serene"]),
        ("A Beautiful, HAUNTING face; the haunting evokes loss.", ["beautiful", "haunting", "evokes"]),
        ("Colours give a sense  of unease", ["sense of"]),
        ("the viewer’s eye", ["the viewer"]),
        ("A dog sits, perhaps waiting.", ["perhaps"]),
        # what is seen, and words that only begin alike
        ("A dark street, a golden frame, blurred faces, a broken cup.", []),
        ("A prettyish sadhu and a moodily-lit aurora; the happy-face sticker.", []),
        ("A woman who smiles and a man who weeps.", []),
    ],
)
def test_words_that_interpret_are_found_and_others_are_not(caption: str, found: list[str]) -> None:
    assert interpreting_words(caption) == found


@pytest.mark.parametrize("term", INTERPRETING)
def test_every_term_is_found_wherever_it_stands(term: str) -> None:
    assert interpreting_words(f"{term.capitalize()}, a cup, {term}.") == [term]
    assert caption_faults(f"A cup and {term}")


def test_plain_captions_of_everyday_scenes_pass() -> None:
    """The lexicon is slow to blame: none of 300 plain captions has a word of it."""
    captions = [pair.original for pair in shipped_pairs()]
    assert len(captions) == 300
    assert [caption for caption in captions if interpreting_words(caption)] == []


def test_faults_say_what_to_change() -> None:
    assert caption_faults("A dog on a mat.") == []
    assert caption_faults("word " * MOST_WORDS) == []
    assert caption_faults("word " * (MOST_WORDS + 1)) == ["It has 41 words: 40 at most."]
    assert caption_faults(" … 12 ") == ["It says nothing."]
    assert caption_faults("A lovely, lovely and sad dog") == [
        "It interprets ('lovely', 'sad'): name only what is to be seen."
    ]
