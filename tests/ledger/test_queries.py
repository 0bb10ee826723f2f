from __future__ import annotations

import pytest

from fauve.ledger import Answer, Ledger, prompt_id, queries
from fauve.ledger.owed import owed_cells, owed_dimensions
from fauve.ledger.state import fingerprint, state
from fauve.records import ImportedScore, Outcome, Selection


@pytest.fixture
def scored(pictured):
    """Three pairs that share Io; a scorer that has answered for Io under po only, and a judge for Io."""
    run = pictured.begin_run("test", {})
    shared = next(queries.items(pictured)).images["original"].sha256
    scorer = pictured.register("scorer", "polish", {"v": 1}, {"licence": "Apache-2.0"})
    pictured.record_cells(run, scorer, [Answer(shared, prompt_id("a dog"), Outcome.OK, 0.5)])
    judge = pictured.register("judge", "instruments", {}, {})
    pictured.record_dimension_scores(run, judge, [Answer(shared, "clarity", Outcome.OK, 1.25)])
    return pictured, run, scorer, judge, shared


def test_items_come_in_the_order_of_import_and_by_kind(ledger, a_pair, a_contrast):
    ledger.add_items(
        [(a_pair(id="z"), "x"), (a_contrast(), "x"), (a_pair(id="a"), "x"), (a_contrast(study="critique"), "x")]
    )
    assert [item.id for item in queries.items(ledger)] == ["z", "1", "a", "1"]
    assert [item.id for item in queries.items(ledger, kind="pair")] == ["z", "a"]
    assert [item.study for item in queries.items(ledger, study="critique")] == ["critique"]
    assert list(queries.items(ledger, kind="pair", study="critique")) == []


def test_items_are_read_in_pieces_and_none_is_lost(ledger, a_pair):
    ledger.add_items((a_pair(id=str(n), scores=()), "x") for n in range(1203))
    assert [item.id for item in queries.items(ledger)] == [str(n) for n in range(1203)]


def test_an_image_that_items_share_is_scored_once_and_stands_at_each(scored):
    ledger, *_ = scored
    rows = queries.grid(ledger).rows()
    assert rows == [(n, "polish", "computed", "original", "original", "ok", 0.5) for n in (1, 2, 3)]
    expected = [(n, "original", "instruments", "clarity", "ok", 1.25, False) for n in (1, 2, 3)]
    assert queries.judged(ledger).rows() == expected


def test_a_judged_value_says_whether_its_judge_is_absolute(scored):
    """The card of the judge decides, so that studies need not know any judge by name."""
    ledger, *_ = scored
    ledger.register("judge", "instruments", {}, {"absolute": True})
    assert queries.judged(ledger)["absolute"].to_list() == [True, True, True]


def test_the_grid_shows_the_current_settings_only(scored):
    ledger, *_ = scored
    ledger.register("scorer", "polish", {"v": 2}, {})
    assert queries.grid(ledger).is_empty()
    ledger.register("scorer", "polish", {"v": 1}, {})
    assert queries.grid(ledger).height == 3


def test_failures_stand_in_the_grid_without_a_value(scored):
    ledger, run, scorer, _, shared = scored
    ledger.record_cells(run, scorer, [Answer(shared, prompt_id("a blurred dog"), Outcome.FILTERED)])
    failed = queries.grid(ledger).filter(outcome="filtered")
    assert failed["value"].to_list() == [None] * 3
    assert failed["prompt_slot"].to_list() == ["anti"] * 3


def test_imported_and_computed_scores_stand_beside_each_other(scored):
    ledger, *_ = scored
    ledger.add_scores([(1, ImportedScore("polish", "original", "original", 9.0, "published"), "x")])
    assert queries.grid(ledger).filter(item=1).select("source", "value").rows() == [
        ("computed", 0.5),
        ("published", 9.0),
    ]


def test_tables_of_an_empty_ledger_have_their_columns(ledger):
    tables = (queries.grid, queries.judged, queries.item_table, queries.judge_labels, queries.outcomes)
    for table in tables:
        frame = table(ledger)
        assert frame.height == 0
        assert frame.width >= 5


def test_the_item_table_has_one_row_an_item_and_its_cluster(ledger, a_pair, a_contrast):
    several = Selection("b", "tie", "x")
    ledger.add_items(
        [
            (a_pair(id="1", selection=several), "x"),
            (a_pair(id="2", prompts={"original": None, "anti": "x"}), "x"),
            (a_pair(id="2", generator="other", prompts={"original": None, "anti": None}), "x"),
            (a_contrast(groups={"category": "clarity_and_focus.intentional_blur"}), "x"),
        ]
    )
    ledger.db.execute("INSERT INTO selections VALUES (1, 'a', 'x', 'anti')")
    table = queries.item_table(ledger)
    assert table["item"].to_list() == [1, 2, 3, 4]
    assert table["cluster"].to_list() == [prompt_id("a dog"), "id:2", "id:2", prompt_id("a blurred dog")]
    assert table["choice"].to_list() == ["anti", None, None, None]
    assert table["selector"].to_list() == ["a", None, None, None]
    assert table["groups"].to_list()[3] == '{"category":"clarity_and_focus.intentional_blur"}'


def test_pictures_and_prompts_by_their_names(pictured, photo_bytes):
    refs = queries.image_refs(pictured)
    assert len(refs) == 4
    assert [ref.sha256 for ref in refs] == sorted(ref.sha256 for ref in refs)
    assert queries.image_ref(pictured, refs[0].sha256) == refs[0]
    with pytest.raises(KeyError):
        queries.image_ref(pictured, "0" * 64)
    wanted = [prompt_id("a dog"), prompt_id("never")]
    assert queries.prompts(pictured, wanted) == {prompt_id("a dog"): "a dog"}


def test_what_is_owed_is_what_is_asked_minus_what_is_there(scored):
    ledger, run, scorer, judge, shared = scored
    owed = owed_cells(ledger, scorer)
    assert (len(owed.rows), owed.done) == (2 * 4 - 1, 1)  # four pictures under two prompts each, less the one on file
    assert (shared, prompt_id("a dog")) not in owed.rows
    assert len(set(owed.rows)) == len(owed.rows)
    ledger.record_cells(run, scorer, [Answer(i, p, Outcome.OK, 0.0) for i, p in owed.rows])
    assert owed_cells(ledger, scorer).rows == ()
    dimensions = owed_dimensions(ledger, judge, ["clarity", "richness"])
    assert (len(dimensions.rows), dimensions.done) == (7, 1)
    assert owed_dimensions(ledger, judge, []).rows == ()


def test_a_limit_looks_at_the_first_items(scored):
    ledger, _, scorer, judge, _ = scored
    assert len(owed_cells(ledger, scorer, limit=1).rows) == 3
    assert owed_cells(ledger, scorer, limit=0) == owed_cells(ledger, "0" * 64, limit=0)
    assert len(owed_dimensions(ledger, judge, ["clarity"], limit=1).rows) == 1


def test_the_state_counts_what_is_done_missing_and_failed_and_why(scored):
    ledger, run, scorer, _, shared = scored
    ledger.record_cells(run, scorer, [Answer(shared, prompt_id("a blurred dog"), Outcome.REFUSED, reason="policy")])
    ledger.add_scores([(1, ImportedScore("hpsv3", "anti", "anti", 1.0, "published"), "x")])
    found = state(ledger)
    assert (found.items, found.images, found.runs) == ({"pairs by sdxl": 3}, 4, 1)
    assert found.imported_scores == {"hpsv3 (published)": 1}
    polish, instruments = found.adapters
    assert (polish.kind, polish.name, polish.wanted, polish.ok, polish.missing) == ("scorer", "polish", 8, 1, 6)
    assert (polish.failed, polish.reasons) == ({"refused": 1}, (("policy", 1),))
    assert (instruments.kind, instruments.wanted, instruments.ok, instruments.missing) == ("judge", 4, 1, 3)


def test_the_fingerprint_changes_with_everything_that_a_report_is_drawn_from(scored, a_pair, photo_bytes):
    ledger, run, scorer, judge, shared = scored
    seen = [fingerprint(ledger)]
    assert fingerprint(ledger) == seen[0]

    def changed() -> bool:
        seen.append(fingerprint(ledger))
        return len(set(seen)) == len(seen)

    ledger.record_cells(run, scorer, [Answer(shared, prompt_id("a blurred dog"), Outcome.FAILED)])
    assert changed()
    ledger.record_cells(run, scorer, [Answer(shared, prompt_id("a blurred dog"), Outcome.OK, 1.0)])
    assert changed()
    ledger.record_dimension_scores(run, judge, [Answer(shared, "richness", Outcome.FAILED)])
    assert changed()
    ledger.record_dimension_scores(run, judge, [Answer(shared, "richness", Outcome.OK, 1.0)])
    assert changed()
    ledger.add_items([(a_pair(id="new"), "x")])
    assert changed()
    ledger.register("scorer", "polish", {"v": 2}, {})
    assert changed()
    with Ledger(ledger.directory) as reader:
        assert fingerprint(reader) == seen[-1]


def test_a_judge_that_came_with_an_import_owes_nothing(scored):
    ledger, run, *_, shared = scored
    assert state(ledger).adapters[1].missing == 3, "one that ran here owes the other pictures"
    judge = ledger.register("judge", "published-judge", {"source": "published"}, {})
    ledger.record_dimension_scores(run, judge, [Answer(shared, "clarity", Outcome.OK, 1.0)])
    told = {one.name: (one.wanted, one.ok, one.missing) for one in state(ledger).adapters if one.kind == "judge"}
    assert told["published-judge"] == (1, 1, 0)


def test_who_is_kept_to_some_generators_owes_nothing_of_the_others(scored):
    ledger, run, *_, shared = scored
    for name, scope, missing in (("all", (), 3), ("none", ("another-*",), 0)):
        judge = ledger.register("judge", name, {}, {}, scope)
        ledger.record_dimension_scores(run, judge, [Answer(shared, "clarity", Outcome.OK, 1.0)])
        told = {one.name: one.missing for one in state(ledger).adapters if one.kind == "judge"}
        assert told[name] == missing
