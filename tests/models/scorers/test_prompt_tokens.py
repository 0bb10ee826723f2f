"""What reaches the text tower: mending, cutting, counting, padding."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from fauve.errors import WeightsMissing
from fauve.models.scorers.prompt_tokens import PromptTokens, mend


@pytest.mark.parametrize(
    ("typed", "mended"),
    [
        ("a “cat’s” hat", 'a "cat\'s" hat'),
        ("salt &amp; pepper", "salt & pepper"),
        ("salt &amp;amp; pepper", "salt & pepper"),
        ("  two \n\t lines  ", "two lines"),
        ("schÃ¶n", "schön"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ﬁlm", "film"),
    ],
)
def test_text_is_mended_as_openais_tokenizer_does_it(typed: str, mended: str) -> None:
    assert mend(typed) == mended


def test_a_long_prompt_is_cut_before_its_end_token(clip_vocabulary: Path) -> None:
    text = PromptTokens("mine", str(clip_vocabulary), limit=10)
    ids = text.ids(["abcdefghijklmnopqrst", "ab"])
    assert ids.shape == (2, 10)
    assert ids[:, 0].tolist() == [514, 514]
    assert ids[0, -1] == 515
    assert ids[1, 3:].tolist() == [515] * 7
    assert text.counts(["abcdefghijklmnopqrst", "ab", ""]) == [(22, True), (4, False), (2, False)]
    assert text.counts([]) == []


def test_padding_to_the_limit_is_asked_for_where_padded_places_count(clip_vocabulary: Path) -> None:
    assert PromptTokens("mine", str(clip_vocabulary)).ids(["ab"]).shape == (1, 4)
    assert PromptTokens("mine", str(clip_vocabulary), padding="max_length").ids(["ab"]).shape == (1, 77)


def test_settings_follow_the_vocabulary_and_not_its_place(clip_vocabulary: Path, tmp_path: Path) -> None:
    CLIPTokenizer.from_pretrained(clip_vocabulary).save_pretrained(tmp_path)
    one, other = PromptTokens("a", str(clip_vocabulary)).settings, PromptTokens("b", str(tmp_path)).settings
    assert one == other
    assert PromptTokens("a", str(clip_vocabulary), mends=True).settings != one
    assert PromptTokens("a", "openai/clip-vit-large-patch14").settings["vocabulary"] == "openai/clip-vit-large-patch14"


def test_no_tokenizer_and_a_broken_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"mine: .*none of tokenizer\.json, vocab\.json"):
        PromptTokens("mine", str(tmp_path)).open()
    with pytest.raises(WeightsMissing, match="hf download someone/words"):
        PromptTokens("mine", "someone/words").open()
    (tmp_path / "tokenizer.json").write_text("no json")
    with pytest.raises(WeightsMissing, match="cannot be opened"):
        PromptTokens("mine", str(tmp_path)).open()
