from __future__ import annotations

import math
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fauve.errors import DataError, LedgerConflict, LedgerCorrupt, LedgerError
from fauve.keys import digest_bytes
from fauve.ledger import Added, Answer, Ledger, prompt_id, queries
from fauve.ledger.retrying import forget_failures
from fauve.records import ImportedScore, Outcome, Selection

SCORE = "INSERT INTO imported_scores VALUES (1, 's', 'm', 'anti', 'anti', {})"
CELL = "INSERT INTO cells VALUES (?, ?, ?, ?, {}, NULL, 1)"


# The file -------------------------------------------------------------------------------------------------------


def test_a_ledger_is_a_plain_database_with_wal_and_foreign_keys(ledger):
    assert ledger.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ledger.db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        ledger.db.execute("INSERT INTO item_images VALUES (99, 'anti', NULL)")
    with sqlite3.connect(ledger.directory / "ledger.sqlite") as stranger:
        assert stranger.execute("SELECT count(*) FROM items").fetchone() == (0,)
    stranger.close()


def test_there_is_nothing_to_read_where_no_run_is(tmp_path):
    with pytest.raises(DataError, match=r"holds no ledger\.sqlite"):
        Ledger(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write_and_leaves_the_folder_alone(ledger, a_pair):
    ledger.close()
    with Ledger(ledger.directory) as reader:
        with pytest.raises(LedgerError, match="readonly"):
            reader.add_items([(a_pair(), "x")])
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.db.execute("DELETE FROM items")


@pytest.mark.parametrize("data", [b"", b"garbage" * 400, b"SQLite format 3\0" + b"\xff" * 4000, b"<html>"])
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(tmp_path, data):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(data)
    with pytest.raises(LedgerCorrupt, match="left as it is"):
        Ledger(tmp_path)
    assert path.read_bytes() == data
    if data:  # an empty file is what SQLite itself makes first
        with pytest.raises(LedgerCorrupt, match="left as it is"):
            Ledger(tmp_path, write=True)
        assert path.read_bytes() == data


def test_a_ledger_that_was_damaged_later_says_so(ledger, a_pair):
    ledger.add_items((a_pair(id=str(n)), "x") for n in range(300))
    ledger.close()
    path = ledger.directory / "ledger.sqlite"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LedgerCorrupt), Ledger(ledger.directory, write=True) as damaged:
        damaged.add_items([(a_pair(id="new"), "x")])


# Transactions ---------------------------------------------------------------------------------------------------


def test_a_block_that_raises_leaves_nothing(ledger):
    def stopped() -> None:
        with ledger.transaction():
            ledger.add_prompt("a dog")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stopped()
    assert not ledger.db.in_transaction
    assert ledger.db.execute("SELECT count(*) FROM prompts").fetchone() == (0,)


def test_a_block_in_a_block_belongs_to_the_outer_one(ledger):
    def stopped() -> None:
        with ledger.transaction():
            with ledger.transaction():
                ledger.add_prompt("a dog")
            assert ledger.db.in_transaction
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stopped()
    assert ledger.db.execute("SELECT count(*) FROM prompts").fetchone() == (0,)


def test_a_full_disk_is_said_and_leaves_the_ledger_as_it_was(ledger, a_pair):
    ledger.add_items([(a_pair(), "x")])
    before = list(ledger.db.iterdump())
    pages = ledger.db.execute("PRAGMA page_count").fetchone()[0]
    ledger.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match=r"full.*free space"):
        ledger.add_items((a_pair(id=f"n{n}", prompts={"original": "x" * 500, "anti": None}), "x") for n in range(500))
    assert not ledger.db.in_transaction
    assert list(ledger.db.iterdump()) == before
    ledger.db.execute(f"PRAGMA max_page_count = {pages * 100}")
    assert ledger.add_items([(a_pair(id="2"), "x")]) == (1, 0)


# Numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["NULL", "9e999", "-9e999", "'NaN'", "'inf'", "''", "x'00'", "9e999 - 9e999", "'text'"]
)
def test_not_even_sql_can_store_what_is_no_number(pictured, a_pair, value):
    with pytest.raises(sqlite3.IntegrityError):
        pictured.db.execute(SCORE.format(value))
    image, prompt = pictured.db.execute(
        "SELECT image, prompt FROM item_images JOIN item_prompts USING (item) LIMIT 1"
    ).fetchone()
    adapter = pictured.register("scorer", "s", {}, {})
    pictured.begin_run("test", {})
    with pytest.raises(sqlite3.IntegrityError):
        pictured.db.execute(CELL.format(value), (adapter, image, prompt, "ok"))
    with pytest.raises(sqlite3.IntegrityError):
        pictured.db.execute(
            f"INSERT INTO dimension_scores VALUES (?, ?, 'clarity', 'ok', {value}, NULL, 1)", (adapter, image)
        )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_even_a_bound_value_can_be_nan(pictured, value):
    with pytest.raises(sqlite3.IntegrityError):
        pictured.db.execute(SCORE.format("?"), (value,))


@pytest.mark.parametrize("value", [1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 0.1, -0.0])
def test_every_finite_number_can(pictured, value):
    pictured.db.execute(SCORE.format("?"), (value,))
    assert queries.grid(pictured)["value"].to_list() == [value]


def test_a_failure_cannot_carry_a_value(pictured):
    image, prompt = pictured.db.execute(
        "SELECT image, prompt FROM item_images JOIN item_prompts USING (item) LIMIT 1"
    ).fetchone()
    adapter = pictured.register("scorer", "s", {}, {})
    pictured.begin_run("test", {})
    with pytest.raises(sqlite3.IntegrityError):
        pictured.db.execute(CELL.format("0.0"), (adapter, image, prompt, "failed"))
    with pytest.raises(ValueError, match="a value belongs to ok"):
        Answer(image, prompt, Outcome.FAILED, 0.0)
    with pytest.raises(ValueError, match="a value belongs to ok"):
        Answer(image, prompt, Outcome.OK)


def test_computed_scores_cannot_be_imported_ones(pictured):
    with pytest.raises(sqlite3.IntegrityError):
        pictured.db.execute(SCORE.replace("'m'", "'computed'").format("1.0"))


# Items ----------------------------------------------------------------------------------------------------------


def test_items_are_added_once(ledger, a_pair, a_contrast):
    items = [(a_pair(), "a"), (a_contrast(), "b"), (a_pair(generator="sd1.5"), "c")]
    assert ledger.add_items(items) == Added(3, 0)
    before = list(ledger.db.iterdump())
    assert ledger.add_items(items) == Added(0, 3)
    assert list(ledger.db.iterdump()) == before


def test_a_conflict_carries_the_label_and_takes_all_back(ledger, a_pair):
    ledger.add_items([(a_pair(), "first")])
    before = list(ledger.db.iterdump())
    other = a_pair(selection=Selection("gpt-5", "tie", "mine"))
    with pytest.raises(LedgerConflict, match=r"^line 7: pair '1' of 'sdxl' is in the ledger with other selection\."):
        ledger.add_items([(a_pair(id="2"), "line 6"), (other, "line 7")])
    assert list(ledger.db.iterdump()) == before


def test_an_image_that_is_not_stored(ledger, a_pair):
    pair = a_pair(images={"original": None, "anti": "0" * 64})
    with pytest.raises(DataError, match=r"line 1: the anti image 000.*`Ledger\.add_image`"):
        ledger.add_items([(pair, "line 1")])
    assert list(queries.items(ledger)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"prompts": {"original": "half \ud800", "anti": None}},
        {"id": "\udfff"},
        {"groups": {"a": "\ud83d"}},
        {"notes": {"\ud83d": 1}},
        {"notes": {"a": math.nan}},
    ],
)
def test_what_no_file_can_hold_is_refused_with_the_label(ledger, a_pair, changes):
    with pytest.raises(DataError, match=r"line 1: pair .* cannot be stored"):
        ledger.add_items([(a_pair(**changes), "line 1")])
    assert ledger.db.execute("SELECT count(*) FROM prompts").fetchone() == (0,)


def test_a_prompt_s_id_is_the_hash_of_its_utf8_text(ledger):
    assert prompt_id("é") == digest_bytes("é".encode()) == ledger.add_prompt("é")
    with pytest.raises(DataError, match="half of a surrogate pair"):
        prompt_id("\ud83d")


texts = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from("\x00\x1b\u2028\ufeff\U0001f642'\";<"), max_size=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(texts, texts, texts, st.lists(texts, max_size=3))
def test_every_text_comes_back_as_it_went(ledger, a_pair, prompt, name, key, words):
    ledger.db.execute("DELETE FROM items")
    pair = a_pair(
        id=name,
        generator=key,
        prompts={"original": prompt, "anti": name},
        groups={key: prompt},
        notes={key: words},
        selection=Selection(key, name, prompt),
    )
    assert ledger.add_items([(pair, "x")]) == (1, 0)
    assert ledger.add_items([(pair, "x")]) == (0, 1)
    (item,) = queries.items(ledger)
    assert (item.id, item.generator, item.prompts) == (name, key, {"original": prompt, "anti": name})
    assert (item.groups, item.notes) == ({key: prompt}, {key: words})
    assert item.selections == (Selection(key, name, prompt),)


def test_scores_for_items_that_are_there(ledger, a_pair):
    ledger.add_items([(a_pair(scores=()), "x")])
    one, two = (ImportedScore("s", "anti", prompt, 0.5, "mine") for prompt in ("anti", "original"))
    assert ledger.add_scores([(1, one, "row 1"), (1, two, "row 2")]) == (2, 0)
    assert ledger.add_scores([(1, one, "row 1")]) == (0, 1)
    with pytest.raises(LedgerConflict, match=r"^row 9: s has 0\.5 on file for this cell, and now 0\.75"):
        ledger.add_scores([(1, ImportedScore("s", "anti", "anti", 0.75, "mine"), "row 9")])


# Runs -----------------------------------------------------------------------------------------------------------


def test_a_run_has_a_number_a_beginning_and_an_end(ledger):
    run = ledger.begin_run("fauve run", {"fauve": "1"})
    assert ledger.begin_run("fauve run", {}) == run + 1
    ledger.finish_run(run, {"scored": 3})
    command, started, finished, summary = ledger.db.execute(
        "SELECT command, started, finished, summary FROM runs WHERE run = ?", (run,)
    ).fetchone()
    assert (command, summary) == ("fauve run", '{"scored": 3}')
    assert started <= finished
    assert started.endswith("+00:00")


def test_another_setting_is_another_adapter_and_the_last_one_counts(ledger):
    first = ledger.register("scorer", "s", {"dtype": "float32"}, {"licence": "MIT"})
    second = ledger.register("scorer", "s", {"dtype": "float16"}, {})
    judge = ledger.register("judge", "s", {"dtype": "float16"}, {})
    assert len({first, second, judge}) == 3
    assert [row["adapter"] for row in queries.adapters(ledger, "scorer")] == [second]
    assert ledger.register("scorer", "s", {"dtype": "float32"}, {"licence": "Apache-2.0"}) == first
    (current,) = queries.adapters(ledger, "scorer")
    assert (current["adapter"], current["card"]) == (first, {"licence": "Apache-2.0"})


def test_answers_failures_and_their_retry(pictured):
    run = pictured.begin_run("test", {})
    scorer = pictured.register("scorer", "s", {}, {})
    judge = pictured.register("judge", "j", {}, {})
    rows = pictured.db.execute("SELECT image, prompt FROM item_images JOIN item_prompts USING (item) WHERE item = 1")
    (image, prompt), (image2, prompt2), *_ = rows.fetchall()
    pictured.record_cells(
        run, scorer, [Answer(image, prompt, Outcome.OK, 0.5), Answer(image2, prompt2, Outcome.REFUSED, reason="policy")]
    )
    pictured.record_dimension_scores(run, judge, [Answer(image, "clarity", Outcome.TIMED_OUT)])
    assert queries.outcomes(pictured).rows() == [
        ("judge", "j", "timed out", None, 1),
        ("scorer", "s", "ok", None, 1),
        ("scorer", "s", "refused", "policy", 1),
    ]
    assert forget_failures(pictured) == 2
    assert queries.outcomes(pictured).rows() == [("scorer", "s", "ok", None, 1)]
    assert forget_failures(pictured) == 0


def test_an_answer_that_is_given_again_replaces_the_first(pictured):
    run, scorer = pictured.begin_run("test", {}), pictured.register("scorer", "s", {}, {})
    image, prompt = pictured.db.execute(
        "SELECT image, prompt FROM item_images JOIN item_prompts USING (item) LIMIT 1"
    ).fetchone()
    pictured.record_cells(run, scorer, [Answer(image, prompt, Outcome.FAILED, reason="out of memory")])
    pictured.record_cells(run, scorer, [Answer(image, prompt, Outcome.OK, 0.5)])
    assert queries.outcomes(pictured).rows() == [("scorer", "s", "ok", None, 1)]


def test_one_bad_answer_keeps_its_batch_out(pictured):
    run, scorer = pictured.begin_run("test", {}), pictured.register("scorer", "s", {}, {})
    image, prompt = pictured.db.execute(
        "SELECT image, prompt FROM item_images JOIN item_prompts USING (item) LIMIT 1"
    ).fetchone()
    with pytest.raises(sqlite3.IntegrityError):
        pictured.record_cells(
            run,
            scorer,
            [Answer(image, prompt, Outcome.OK, 0.5), Answer(image, prompt_id("never asked"), Outcome.OK, 1.0)],
        )
    assert queries.outcomes(pictured).is_empty()
