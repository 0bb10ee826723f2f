"""The snapshot of a ledger: who owes what, and the shapes that studies share."""

from __future__ import annotations

import pytest

from fauve.ledger import Answer, Ledger, prompt_id
from fauve.records import Contrast, ImportedScore, Outcome, PromptPair, Selection
from fauve.studies import Evidence

PROMPTS = {"original": "a cat", "anti": "a cat, badly blurred"}


@pytest.fixture
def images(ledger: Ledger, photo_bytes) -> list[str]:
    return [ledger.add_image(photo_bytes(seed), f"{seed}.png").sha256 for seed in range(4)]


def pair(name, images, **more):
    return PromptPair(id=name, generator="sdxl", prompts=PROMPTS, images=images, **more), name


def computed(ledger: Ledger, scorer: str, rows):
    run = ledger.begin_run("test", {})
    adapter = ledger.register("scorer", scorer, {}, {"name": scorer})
    ledger.record_cells(
        run,
        adapter,
        [
            Answer(image, prompt_id(PROMPTS[prompt]), Outcome.OK if value is not None else Outcome.FAILED, value)
            for image, prompt, value in rows
        ],
    )


def test_grid_places_scores_on_their_corners(ledger, images):
    io, ia, *_ = images
    ledger.add_items([pair("1", {"original": io, "anti": ia})])
    computed(ledger, "s", [(io, "original", 1.0), (io, "anti", 2.0), (ia, "original", 3.0), (ia, "anti", 4.0)])
    (row,) = Evidence.read(ledger).pair_grid().to_dicts()
    assert (row["oo"], row["oa"], row["ao"], row["aa"]) == (1.0, 2.0, 3.0, 4.0)
    assert (row["tried_original"], row["tried_anti"]) == (True, True)
    assert row["cluster"] != row["request"]


def test_a_failed_cell_is_tried_and_has_no_value(ledger, images):
    io, ia, *_ = images
    ledger.add_items([pair("1", {"original": io, "anti": ia})])
    computed(ledger, "s", [(io, "anti", 2.0), (ia, "anti", None)])
    (row,) = Evidence.read(ledger).contrasts().to_dicts()
    assert (row["faithful"], row["default"], row["tried"]) == (None, 2.0, True)


def test_a_computing_scorer_owes_every_item_with_a_picture_and_no_other(ledger, images):
    io, ia, other, _ = images
    ledger.add_items(
        [
            pair("done", {"original": io, "anti": ia}),
            pair("pending", {"original": other, "anti": None}),
            pair("scores only", {"original": None, "anti": None}),
        ]
    )
    computed(ledger, "s", [(io, "anti", 2.0), (ia, "anti", 3.0)])
    rows = {r["id"]: r for r in Evidence.read(ledger).pair_grid().to_dicts()}
    assert set(rows) == {"done", "pending"}
    assert rows["pending"]["tried_anti"] is False
    assert rows["pending"]["aa"] is None


def test_an_imported_score_owes_its_own_item_only(ledger):
    score = ImportedScore("hpsv3", "anti", "anti", 1.0, "published")
    nothing = {"original": None, "anti": None}
    ledger.add_items([pair("1", nothing, scores=(score,)), pair("2", nothing)])
    assert [r["id"] for r in Evidence.read(ledger).pair_grid().to_dicts()] == ["1"]


def test_a_selection_of_the_original_swaps_faithful_and_default(ledger):
    scores = tuple(ImportedScore("s", i, "anti", v, "file") for i, v in (("original", 1.0), ("anti", 2.0)))
    nothing = {"original": None, "anti": None}
    ledger.add_items(
        [
            pair(choice, nothing, scores=scores, selection=Selection("people", choice, "file"))
            for choice in ("anti", "original", "tie")
        ]
    )
    rows = {r["id"]: r for r in Evidence.read(ledger).contrasts().to_dicts()}
    assert (rows["anti"]["faithful"], rows["anti"]["prefers"]) == (2.0, "anti")
    assert (rows["original"]["faithful"], rows["original"]["prefers"]) == (1.0, "original")
    assert rows["tie"]["tie"] is True


def test_contrasts_and_pairs_stand_in_one_table(ledger):
    scores = tuple(ImportedScore("s", i, "prompt", v, "file") for i, v in (("faithful", 1.0), ("default", 2.0)))
    item = Contrast(
        id="1", study="critique", prompts={"prompt": "p"}, images={"faithful": None, "default": None}, scores=scores
    )
    ledger.add_items([(item, "1")])
    (row,) = Evidence.read(ledger).contrasts().to_dicts()
    assert (row["faithful"], row["default"], row["study"], row["kind"]) == (1.0, 2.0, "critique", "contrast")


def test_two_generators_with_one_request_share_it(ledger):
    nothing = {"original": None, "anti": None}
    for generator in ("sdxl", "sd3.5-m"):
        ledger.add_items([(PromptPair(id="1", generator=generator, prompts=PROMPTS, images=nothing), generator)])
    assert Evidence.read(ledger).items["request"].n_unique() == 1


def test_without_texts_the_id_stands_for_both_prompts(ledger):
    empty = {"original": None, "anti": None}
    ledger.add_items([(PromptPair(id="7", generator="sdxl", prompts=empty, images=empty), "7")])
    (row,) = Evidence.read(ledger).items.to_dicts()
    assert (row["cluster"], row["request"], row["pictured"]) == ("id:7", "id:7", False)
