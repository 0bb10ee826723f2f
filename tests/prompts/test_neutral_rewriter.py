from __future__ import annotations

import pytest

from fauve.prompts import NeutralRewriter, RewriteRequest, anti_faults
from fauve.prompts.wording import word_count
from fauve.records import Outcome

CAPTION = "A dog runs along a beach with a ball."


@pytest.mark.parametrize("words", [10, 11, 12, 25, 40, 70])
def test_the_caption_becomes_as_long_as_is_asked_and_asks_for_nothing(words: int) -> None:
    (made,) = NeutralRewriter().rewrite([RewriteRequest(CAPTION, ("clarity",), words)])
    assert made.outcome is Outcome.OK
    assert word_count(made.anti or "") == words
    assert made.negative is None
    assert anti_faults(CAPTION, made.anti or "", ()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [(None, "no anti prompt"), (9, "nothing to add"), (3, "nothing to add"), (1000, "is the most")],
)
def test_a_length_that_cannot_be_matched_is_an_outcome(words: int | None, told: str) -> None:
    long, short = RewriteRequest(CAPTION, (), words), RewriteRequest("A cat.", (), 12)
    refused, made = NeutralRewriter().rewrite([long, short])
    assert (refused.outcome, refused.anti) == (Outcome.FAILED, None)
    assert told in (refused.reason or "")
    assert made.outcome is Outcome.OK
