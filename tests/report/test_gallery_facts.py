from __future__ import annotations

import json

import polars as pl
import pytest

from fauve.report.prompts import marked
from fauve.report.verdicts import Scores, verdict
from fauve.studies.honoured import honoured, requested, requests


def asked(prompt: str, plain: str | None) -> list[str]:
    return [text.strip() for text, new in marked(prompt, plain) if new]


def test_words_that_a_prompt_adds_are_marked() -> None:
    assert asked("A bus in a street, badly out of focus.", "a bus in a street") == ["badly out of focus."]
    assert asked("A very small bus", "A bus") == ["very small"]
    assert asked("A bus", "A bus") == []


def test_nothing_is_marked_where_marks_would_say_nothing() -> None:
    assert asked("A bus", None) == []
    assert asked("Everything is written anew in other words", "A bus in a street") == []
    assert marked("", "A bus") == [("", False)]


def test_segments_join_to_the_prompt() -> None:
    prompt = "Now  a bus\nin fog, in a street"
    assert "".join(text for text, _ in marked(prompt, "a bus in a street")) == prompt


@pytest.mark.parametrize(
    ("faithful", "default", "tie", "code", "text"),
    [
        (-9.78, 9.85, False, "o", "HPSv3 overruled the prompt by 19.6"),
        (1.42, 1.0, False, "k", "HPSv3 kept to the prompt by 0.42"),
        (1.0, 1.0, False, "e", "HPSv3 could not tell them apart"),
        (2.0, 1.0, True, "u", "HPSv3 cannot be judged here: the selection is a tie"),
        (None, 1.0, False, "m", "HPSv3 gave no score to compare (refused)"),
    ],
)
def test_verdicts(faithful: float | None, default: float, tie: bool, code: str, text: str) -> None:
    said = verdict(Scores(0, "anti", faithful, default, tie, ("refused",)), "HPSv3")
    assert (said.code, said.text) == (code, text)


def test_a_verdict_starts_with_a_capital() -> None:
    said = verdict(Scores(0, "anti", 1.0, 2.0, False), "colourfulness (instrument)")
    assert said.text == "Colourfulness (instrument) overruled the prompt by 1"


def test_a_request_is_honoured_when_the_judge_is_lower_by_more_than_the_margin() -> None:
    rows = [
        (1, "original", "eye", "clarity", "ok", 1.5),
        (1, "anti", "eye", "clarity", "ok", 1.2499),
        (2, "original", "eye", "clarity", "ok", 1.5),
        (2, "anti", "eye", "clarity", "ok", 1.25),
        (3, "original", "eye", "clarity", "failed", None),
        (3, "anti", "eye", "clarity", "ok", 0.0),
        (4, "default", "eye", "color brightness", "ok", 2.0),
        (4, "faithful", "eye", "color brightness", "ok", 0.1),
        (4, "faithful", "eye", "clarity", "ok", 0.1),
    ]
    names = ("item", "image_slot", "judge", "dimension", "outcome", "value")
    judged = pl.DataFrame(rows, schema=names, orient="row")
    category = {"category": "lighting_and_exposure.exposure_extremes"}
    items = pl.DataFrame(
        {
            "item": [1, 2, 3, 4],
            "dimensions": [["clarity"], ["clarity"], ["clarity"], []],
            "groups": ["{}", "{}", "{}", json.dumps(category)],
        }
    )
    said = honoured(judged, requests(items))
    assert said.select("item", "dimension", "honoured").rows() == [
        (1, "clarity", True),
        (2, "clarity", False),
        (3, "clarity", None),
        (4, "color brightness", True),
    ]


def test_own_dimensions_go_before_those_of_the_category() -> None:
    assert requested(("emotion",), {"category": "lighting_and_exposure.exposure_extremes"}) == ("emotion",)
    assert requested((), {"category": "of my own"}) == ()
