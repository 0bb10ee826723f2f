from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.errors import DataError, InvalidOutput, UnknownName
from fauve.prompts import (
    Caption,
    RewriteRequest,
    Rewritten,
    TemplateRewriter,
    anti_faults,
    lengthened,
    negative_faults,
    neutral_prompt,
    shipped_pairs,
    write_pairs,
)
from fauve.prompts.lexicon import effect_terms, polished_dimensions
from fauve.prompts.neutral import FILLERS
from fauve.prompts.wording import word_count
from fauve.records import Outcome
from fauve.vocabulary import dimension

PAIRS = shipped_pairs()


def by_template(original: str, *dimensions: str) -> Rewritten:
    return TemplateRewriter().rewrite([RewriteRequest(original, dimensions)])[0]


def test_templates_keep_the_rules_that_the_shipped_prompts_keep() -> None:
    for pair in PAIRS:
        made = by_template(pair.original, *pair.dimensions)
        assert made.outcome is Outcome.OK
        assert anti_faults(pair.original, made.anti, pair.dimensions) == [], pair.id
        assert negative_faults(made.negative) == [], pair.id
        assert polished_dimensions(made.negative) == set(pair.dimensions), pair.id
        lowered = made.anti.lower()
        assert all(dimension(name).request.lower() in lowered for name in pair.dimensions), pair.id
        assert pair.original.rstrip(".").lower() in lowered, pair.id
        assert re.fullmatch(r"[A-Z].*[.]", made.anti), pair.id
        assert not re.search(r"[.,;:] ?[.,;:]|\. [a-z]", made.anti), pair.id


def test_templates_vary_and_are_the_same_every_time() -> None:
    texts = [by_template(pair.original, *pair.dimensions).anti for pair in PAIRS]
    assert texts == [by_template(pair.original, *pair.dimensions).anti for pair in PAIRS]
    assert max(Counter(text.split()[0] for text in texts if text).values()) < 150
    orders = {by_template(pair.original, "clarity", "emotion").anti.find("mood") < 30 for pair in PAIRS}
    assert orders == {True, False}


def test_a_caption_without_a_full_stop_or_with_a_name_reads_well() -> None:
    assert "Paris" in (by_template("Paris seen from a bridge", "clarity").anti or "")
    assert ".." not in (by_template("A dog runs.", "clarity", "emotion").anti or "")


def test_what_cannot_be_kept_short_fails_and_says_so() -> None:
    made = by_template("A dog " + "and a dog " * 20, "clarity", "emotion", "richness", "background")
    assert made.outcome is Outcome.FAILED
    assert "shorten the caption" in (made.reason or "")
    assert by_template("A dog.").outcome is Outcome.FAILED
    assert by_template(" ", "clarity").outcome is Outcome.FAILED
    with pytest.raises(UnknownName):
        by_template("A dog.", "clarty")


def test_a_rewriter_that_loses_an_answer_is_found_out() -> None:
    class Short(TemplateRewriter):
        def rewrite(self, requests):
            return super().rewrite(requests)[1:]

    with pytest.raises(InvalidOutput, match="1 answers to 2"):
        write_pairs([Caption("a", "A dog."), Caption("b", "A cat.")], [("clarity",)] * 2, Short())
    with pytest.raises(ValueError, match="zip"):
        write_pairs([Caption("a", "A dog.")], [], TemplateRewriter())


def test_prompts_belong_to_ok_alone() -> None:
    for outcome, texts in (
        (Outcome.OK, (None, "words")),
        (Outcome.FAILED, ("text", "words")),
        (Outcome.FAILED, ("text",)),
        (Outcome.REFUSED, (None, "words")),
    ):
        with pytest.raises(ValueError, match="to ok alone"):
            Rewritten(outcome, *texts)
    assert Rewritten(Outcome.OK, "text").negative is None


def test_a_neutral_prompt_has_the_anti_prompt_s_length_and_asks_for_nothing() -> None:
    for pair in PAIRS:
        made = neutral_prompt(pair)
        assert word_count(made) == word_count(pair.anti), pair.id
        assert made.startswith(pair.original), pair.id
        added = made.removeprefix(pair.original)
        assert effect_terms(added) == [], pair.id
        assert polished_dimensions(added) == frozenset(), pair.id


@given(st.integers(1, 90), st.sampled_from(["A dog runs.", "Two cats", "A bus stops beside a park, slowly."]))
def test_every_length_that_can_be_reached_is_reached(words: int, caption: str) -> None:
    made = lengthened(caption, words)
    assert word_count(made) == max(words, word_count(caption))
    assert caption.rstrip(".") in made
    assert made == lengthened(caption, words)


def test_too_long_is_an_error_and_sentences_do_not_repeat() -> None:
    most = sum(word_count(sentence) for sentence in FILLERS)
    made = lengthened("A dog runs.", 3 + most)
    assert all(made.count(sentence) == 1 for sentence in FILLERS)
    with pytest.raises(DataError, match="Shorten the anti prompt"):
        lengthened("A dog runs.", 4 + most)
