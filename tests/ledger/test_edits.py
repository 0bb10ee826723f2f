"""Edits and portraits in the ledger: requests by input and arm, items that a run may replace."""

from __future__ import annotations

import sqlite3

import pytest

from fauve.errors import LedgerConflict
from fauve.ledger import Ledger, prompt_id, queries
from fauve.ledger.generations import (
    Edited,
    Made,
    draw_of,
    edit_outcomes,
    edited,
    record_edits,
    record_generations,
    request_failures,
)
from fauve.ledger.owed import owed_cells
from fauve.ledger.retrying import forget_failures
from fauve.ledger.state import fingerprint, state
from fauve.records import Contrast, Edit, Outcome, Portrait

PROMPTS = {"original": "a dog", "anti": "a blurred dog"}


@pytest.fixture
def editor(ledger: Ledger) -> str:
    return ledger.register("editor", "flux", {"steps": 4}, {})


@pytest.fixture
def pictures(ledger: Ledger, photo_bytes) -> list[str]:
    ledger.add_prompt("a dog")
    return [ledger.add_image(photo_bytes(n), str(n)).sha256 for n in range(3)]


def answer(image: str | None, **facts: object) -> Made:
    if image is None:
        return Made(prompt_id("a dog"), 0, Outcome.REFUSED, None, "not allowed", facts)
    return Made(prompt_id("a dog"), 0, Outcome.OK, image, None, facts)


def test_the_arm_and_the_input_are_part_of_what_was_asked(ledger, editor, pictures):
    run = ledger.begin_run("test", {})
    rows = [
        Edited(pictures[0], "strength 0.5", answer(pictures[1], strength=0.5)),
        Edited(pictures[0], "encode-decode", answer(None)),
        Edited(pictures[1], "strength 0.5", answer(pictures[2])),
    ]
    record_edits(ledger, run, editor, rows)
    found = edited(ledger, editor)
    assert set(found) == {row.key for row in rows}
    assert found[rows[0].key].facts == {"strength": 0.5}
    assert edit_outcomes(ledger) == [("flux", "ok", 2), ("flux", "refused", 1)]
    assert request_failures(ledger) == [("editor", "flux", "not allowed", 1)]
    assert edited(ledger, ledger.register("editor", "flux", {"steps": 8}, {})) == {}


def test_what_was_never_sent_is_no_answer(ledger, editor, pictures):
    unsent = Made(prompt_id("a dog"), 0, Outcome.FAILED, None, "budget spent", {"sent": False})
    record_edits(ledger, ledger.begin_run("test", {}), editor, [Edited(pictures[0], "reference", unsent)])
    assert edited(ledger, editor) == {}
    assert edit_outcomes(ledger) == [("flux", "not sent", 1)]


@pytest.mark.parametrize(
    ("outcome", "image", "arm"), [("ok", None, "reference"), ("failed", 0, "reference"), ("ok", 0, "")]
)
def test_not_even_sql_can_file_a_picture_that_failed_or_an_edit_without_an_arm(
    ledger, editor, pictures, outcome, image, arm
):
    run = ledger.begin_run("test", {})
    with pytest.raises(sqlite3.IntegrityError):
        ledger.db.execute(
            "INSERT INTO edits VALUES (?, ?, ?, ?, 0, ?, ?, NULL, '{}', ?)",
            (editor, pictures[0], prompt_id("a dog"), arm, outcome, None if image is None else pictures[image], run),
        )


def test_a_generator_and_an_editor_of_one_name_are_both_current(ledger, editor):
    generator = ledger.register("generator", "flux", {"steps": 4}, {})
    assert generator != editor
    current = {key for (key,) in ledger.db.execute("SELECT adapter FROM adapters WHERE current = 1")}
    assert current == {generator, editor}


def test_the_draw_of_a_picture_is_known_where_it_was_made_here(ledger, pictures):
    generator = ledger.register("generator", "flux", {}, {})
    run = ledger.begin_run("test", {})
    dog = prompt_id("a dog")
    record_generations(ledger, run, generator, [Made(dog, n, Outcome.OK, pictures[n]) for n in range(2)])
    assert [draw_of(ledger, "flux", dog, picture) for picture in pictures] == [0, 1, 0]
    assert draw_of(ledger, "sdxl", dog, pictures[1]) == 0


def an_edit(images: list[str], made: str | None) -> Edit:
    notes = {"outcome": "ok" if made else "refused"}
    return Edit("1@reference", "flux", PROMPTS, {"input": images[0], "edit": made}, ("clarity",), {}, notes)


def test_an_edit_replaces_its_earlier_form_with_all_that_hangs_on_it(ledger, pictures):
    assert ledger.put_items([(an_edit(pictures, None), "x")]) == (1, 0)
    before = fingerprint(ledger)
    assert ledger.put_items([(an_edit(pictures, None), "x")]) == (0, 1)
    assert fingerprint(ledger) == before
    assert ledger.put_items([(an_edit(pictures, pictures[1]), "x")]) == (1, 0)
    assert fingerprint(ledger) != before
    (item,) = queries.items(ledger, "edit")
    assert item.images["edit"].sha256 == pictures[1]
    assert ledger.db.execute("SELECT count(*) FROM item_images").fetchone()[0] == 2
    assert state(ledger).items == {"edits by flux": 1}


def test_pairs_and_imported_contrasts_are_never_replaced(ledger, a_pair, a_contrast):
    ledger.add_items([(a_pair(), "x"), (a_contrast(), "x")])
    for other in (a_pair(dimensions=("symmetry",)), a_contrast(groups={"category": "b"})):
        with pytest.raises(LedgerConflict):
            ledger.put_items([(other, "x")])
    made = Contrast("2", "emotion_reward", {"prompt": "a"}, {"faithful": None, "default": None}, {}, {"editor": "f"})
    ledger.put_items([(made, "x")])
    again = Contrast("2", "emotion_reward", {"prompt": "b"}, {"faithful": None, "default": None}, {}, {"editor": "f"})
    assert ledger.put_items([(again, "x")]) == (1, 0)


def test_scorers_owe_every_picture_of_the_new_items_under_every_prompt(ledger, pictures):
    portrait = Portrait(
        "d/fear",
        "flux",
        {"prompt": "a fearful diver", "emotion": "a person who looks fearful"},
        {"picture": pictures[1], "face": pictures[2]},
    )
    unseen = Portrait("d/anger", "flux", portrait.prompts, {"picture": pictures[1], "face": None})
    ledger.put_items([(an_edit(pictures, pictures[1]), "x"), (portrait, "x"), (unseen, "x")])
    scorer = ledger.register("scorer", "polish", {}, {})
    assert len(owed_cells(ledger, scorer).rows) == 2 * 2 + 2 * 2
    clusters = queries.item_table(ledger).select("kind", "cluster").rows()
    assert sorted(clusters) == sorted([("edit", prompt_id("a dog")), *[("portrait", prompt_id("a fearful diver"))] * 2])


def test_retry_forgets_failed_requests_and_searches_and_keeps_what_is_an_answer(ledger, editor, pictures):
    record_edits(ledger, ledger.begin_run("test", {}), editor, [Edited(pictures[0], "reference", answer(None))])
    ledger.register("generator", "flux", {}, {})
    shown = {"picture": pictures[1], "face": None}
    prompts = {"prompt": "a", "emotion": "b"}
    ledger.put_items(
        [
            (an_edit(pictures, None), "x"),
            (Portrait("no face", "flux", prompts, shown, {}, {"face": "no face"}), "x"),
            (Portrait("broken", "flux", prompts, shown, {}, {"face": "not looked for", "reason": "no layer"}), "x"),
        ]
    )
    assert forget_failures(ledger) == 2
    assert [item.id for item in queries.items(ledger)] == ["1@reference", "no face"]
    assert edited(ledger, editor) == {}
