"""A card: how large its pictures stand, and what it says where a selection is a tie."""

from __future__ import annotations

import pytest

from fauve.ledger.queries import StoredItem
from fauve.records import ImageRef
from fauve.report.cards import Shelf, card
from fauve.report.thumbs import SMALL
from fauve.report.verdicts import Scores, Voice

VOICES = [Voice(name, "published", name, 0, False) for name in ("first", "second", "third")]


def drawn(width: int = 1024, height: int = 1024, scores: list[Scores] | None = None) -> dict:
    ref = ImageRef("ab" * 32, width, height, ".png")
    prompts = {"original": "a bus", "anti": "a blurred bus"}
    item = StoredItem(1, "pair", "", "sdxl", "1", (), {}, {}, prompts, {"original": ref, "anti": ref})
    return card(item, 1, scores or [], Shelf(VOICES, {}, {}, {}, {}, SMALL))


@pytest.mark.parametrize(
    ("stored", "shown", "enlarged"),
    [
        ((48, 48), (384, 384), True),
        ((192, 144), (384, 288), True),
        ((128, 64), (384, 192), True),
        ((193, 193), (193, 193), False),
        ((512, 384), (512, 384), False),
        ((1024, 512), (512, 256), False),
    ],
)
def test_small_pictures_are_enlarged_in_whole_steps_and_large_ones_scaled_down(stored, shown, enlarged):
    for image in drawn(*stored)["images"]:
        assert (image["width"], image["height"]) == shown
        assert image["enlarged"] is enlarged
        assert image["stored"] == f"images/ab/{'ab' * 32}.png"


def test_a_tie_is_said_once_for_all_scorers():
    tied = [Scores(voice, "anti", 1.0, 2.0, True) for voice in range(3)]
    (line,) = drawn(scores=tied)["verdicts"]
    assert line[1:] == ["u", "The selection is a tie: none of the 3 scorers can be judged here", False]


def test_a_scorer_without_a_score_keeps_its_own_line_beside_a_tie():
    mixed = [Scores(0, "anti", 1.0, 2.0, True), Scores(1, "anti", None, 2.0, True), Scores(2, "anti", 1.0, 2.0, True)]
    assert [line[1] for line in drawn(scores=mixed)["verdicts"]] == ["u", "m", "u"]
