"""Ratings of people: what comes in, what people selected by them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from fauve.errors import ImportRejected, LedgerConflict
from fauve.ledger import Ledger, queries
from fauve.ledger.importing import import_ratings
from fauve.ledger.ratings import PEOPLE, rating_table
from fauve.ledger.state import fingerprint
from fauve.records import RATED, Contrast, PromptPair, Selection

HEADER = "kind,generator,study,id,rater,choice,shown_first,seconds"
ONE = "pair,flux-dev,,p1,r1,anti,original,6.5"


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "run", write=True) as opened:
        prompts, none = {"original": "a dog", "anti": "a blurred dog"}, {"original": None, "anti": None}
        chosen = Selection("people", "original", "their own")
        items = [PromptPair(f"p{k}", "flux-dev", prompts, none, ("clarity",)) for k in (1, 2, 3)]
        items.append(PromptPair("p4", "flux-dev", prompts, none, ("clarity",), selection=chosen))
        items.append(Contrast("c1", "critique", {"prompt": "a march"}, {"faithful": None, "default": None}))
        opened.add_items((item, item.id) for item in items)
        yield opened


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "ratings.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def selected(ledger: Ledger) -> dict[int, str]:
    table = queries.selections(ledger).filter((pl.col("selector") == PEOPLE) & (pl.col("source") == RATED))
    return dict(table.select("item", "choice").iter_rows())


def test_ratings_come_in_whole_and_again_change_nothing(ledger, csv):
    path = csv(ONE, "pair,flux-dev,,p1,r2,tie,,", "contrast,,critique,c1,r1,faithful,,0")
    assert import_ratings(ledger, path) == (3, 0)
    assert import_ratings(ledger, path) == (0, 3)
    assert rating_table(ledger).rows() == [
        (1, "r1", "anti", "original", 6.5),
        (1, "r2", "tie", None, None),
        (5, "r1", "faithful", None, 0.0),
    ]


def test_parquet_is_read_as_csv_is(ledger, tmp_path):
    path = tmp_path / "ratings.parquet"
    row = {"kind": "pair", "generator": "flux-dev", "id": "p1", "rater": "r1", "choice": "anti", "seconds": 2.0}
    pl.DataFrame([row]).write_parquet(path)
    import_ratings(ledger, path)
    assert rating_table(ledger).rows() == [(1, "r1", "anti", None, 2.0)]


@pytest.mark.parametrize(
    ("votes", "choice"),
    [
        (["anti"], "anti"),
        (["anti", "anti", "original"], "anti"),
        (["anti", "original"], "tie"),
        (["anti", "anti", "original", "tie"], "tie"),
        (["original", "original", "anti", "tie", "original"], "original"),
        (["tie", "tie", "anti"], "tie"),
    ],
)
def test_people_selected_what_more_than_half_of_them_chose(ledger, csv, votes, choice):
    import_ratings(ledger, csv(*(f"pair,flux-dev,,p2,r{k},{vote},," for k, vote in enumerate(votes))))
    assert selected(ledger) == {2: choice}


def test_a_selection_that_came_with_an_item_under_the_name_of_people_stays(ledger, csv):
    import_ratings(ledger, csv("pair,flux-dev,,p4,r1,anti,,"))
    assert selected(ledger) == {}
    (mine,) = queries.selections(ledger).filter(pl.col("item") == 4).rows()
    assert mine[2:] == ("original", "their own")


def test_people_are_the_truth_only_where_nobody_else_selected(ledger, csv):
    with ledger.transaction() as db:
        db.execute("INSERT INTO selections VALUES (1, 'qwen', 'computed', 'original')")
        db.execute("INSERT INTO selections VALUES (2, 'zeta', 'published', 'original')")
    import_ratings(ledger, csv(*(f"pair,flux-dev,,p{k},r1,anti,," for k in (1, 2, 3))))
    table = queries.item_table(ledger).head(3)
    assert table.select("selector", "choice").rows() == [("qwen", "original"), ("zeta", "original"), ("people", "anti")]
    shown = [item.selections[0].selector for item in queries.stored_items(ledger, [1, 2, 3])]
    assert shown == table["selector"].to_list()


def test_later_ratings_are_counted_with_earlier_ones_and_a_report_is_drawn_anew(ledger, csv):
    import_ratings(ledger, csv(ONE))
    before = fingerprint(ledger)
    import_ratings(ledger, csv("pair,flux-dev,,p1,r2,original,,", "pair,flux-dev,,p1,r3,original,,"))
    assert selected(ledger) == {1: "original"}
    assert fingerprint(ledger) != before


def test_another_choice_of_the_same_rater_is_a_conflict_and_nothing_is_taken(ledger, csv):
    import_ratings(ledger, csv(ONE))
    with pytest.raises(LedgerConflict, match=r"line 3: 'r1' has rated this item here before, as 'anti'"):
        import_ratings(ledger, csv("pair,flux-dev,,p2,r1,anti,,", ONE.replace("anti", "tie")))
    assert len(rating_table(ledger)) == 1


@pytest.mark.parametrize(
    ("line", "field", "problem"),
    [
        (ONE.replace("anti", "faithful"), "choice", "there is no choice of a pair called 'faithful'"),
        (ONE.replace("original", "tie"), "shown_first", "there is no shown first of a pair called 'tie'"),
        (ONE.replace("p1", "p9"), "id", "the ledger has no pair 'p9' of 'flux-dev'"),
        (ONE.replace("flux-dev", "flux-def"), "generator", "called 'flux-def'"),
        (ONE.replace("r1", ""), "rater", "the cell is empty"),
        (ONE.replace("6.5", "-1"), "seconds", "-1.0 cannot be taken"),
        (ONE.replace("6.5", "soon"), "seconds", "'soon' is no number"),
        (ONE.replace("pair", "picture"), "kind", "'picture' is none of the values"),
        (ONE.replace(",,p1", ",critique,p1"), "study", "'critique' stands at a pair"),
    ],
)
def test_a_row_that_is_wrong_is_named_with_its_field(ledger, csv, line, field, problem):
    with pytest.raises(ImportRejected) as caught:
        import_ratings(ledger, csv(line))
    assert (caught.value.line, caught.value.field) == (2, field)
    assert problem in caught.value.problem
    assert rating_table(ledger).is_empty()


def test_a_rater_stands_once_for_an_item(ledger, csv):
    with pytest.raises(ImportRejected, match="line 2 already"):
        import_ratings(ledger, csv(ONE, ONE))
