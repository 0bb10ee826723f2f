from __future__ import annotations

import math

import polars as pl
import pytest

from fauve.errors import LedgerConflict
from fauve.ledger import queries
from fauve.ledger.importing import import_contrasts, import_pairs, import_scores, tables
from fauve.records import Picture

HEADER = "kind,study,generator,id,image,prompt,scorer,value,source\n"
PAIR = "pair,,sdxl,1,anti,anti,clip-l,0.25,mine\n"
CONTRAST = "contrast,photographs,,1,faithful,,clip-l,-1e-3,mine\n"


@pytest.fixture
def filled(ledger, lines, pair, contrast):
    """A ledger with one pair and one contrast, both without scores."""
    import_pairs(ledger, lines(pair(scores=[])))
    import_contrasts(ledger, lines(contrast(scores=[])))
    return ledger


@pytest.fixture
def csv(tmp_path):
    def write(*rows: str, header: str = HEADER):
        path = tmp_path / "scores.csv"
        path.write_bytes((header + "".join(rows)).encode())
        return path

    return write


@pytest.fixture
def parquet(tmp_path):
    def write(**columns: object):
        frame = {
            "kind": ["pair"],
            "generator": ["sdxl"],
            "id": ["1"],
            "image": ["anti"],
            "prompt": ["anti"],
            "scorer": ["clip-l"],
            "value": [0.25],
            "source": ["mine"],
        } | columns
        path = tmp_path / "scores.parquet"
        pl.DataFrame(frame).write_parquet(path)
        return path

    return write


def on_file(ledger):
    return queries.grid(ledger).drop("item", "outcome").rows()


def test_csv_scores_of_both_kinds(filled, csv):
    assert import_scores(filled, csv(PAIR, CONTRAST)) == (2, 0)
    assert on_file(filled) == [
        ("clip-l", "mine", "anti", "anti", 0.25),
        ("clip-l", "mine", "faithful", "prompt", -0.001),
    ]
    assert import_scores(filled, csv(PAIR, CONTRAST)) == (0, 2)


def test_scores_of_a_picture_under_its_own_and_under_anothers_caption(filled, csv, rejection):
    words = {"prompt": "a red field", "shuffled": "a blue one"}
    filled.add_items([(Picture(id="7", study="real_art", prompts=words, images={"picture": None}), "here")])
    own = "picture,real_art,,7,picture,prompt,clip-l,0.25,mine\n"
    other = own.replace("prompt", "shuffled").replace("0.25", "0.125")
    assert import_scores(filled, csv(own, other)) == (2, 0)
    assert on_file(filled) == [
        ("clip-l", "mine", "picture", "prompt", 0.25),
        ("clip-l", "mine", "picture", "shuffled", 0.125),
    ]
    for row, field, problem in (
        (own.replace("real_art,,", ",sdxl,"), "study", "empty"),
        (own.replace("real_art,,", "real_art,sdxl,"), "generator", "stands at a picture"),
        (own.replace("prompt", ""), "prompt", "empty"),
        (own.replace("picture,prompt", "face,prompt"), "image", "no image of a picture"),
        (own.replace(",7,", ",8,"), "id", "the ledger has no picture '8' of 'real_art'"),
    ):
        error = rejection(import_scores, csv(row))
        assert (error.field, problem in error.problem) == (field, True), error


def test_parquet_scores(filled, parquet):
    assert import_scores(filled, parquet()) == (1, 0)
    assert on_file(filled) == [("clip-l", "mine", "anti", "anti", 0.25)]


@pytest.mark.parametrize(
    "columns",
    [
        {"id": pl.Series([1])},
        {"id": pl.Series([1], dtype=pl.UInt8)},
        {"generator": pl.Series(["sdxl"], dtype=pl.Categorical)},
        {"value": pl.Series([0.25], dtype=pl.Float32)},
        {"study": pl.Series([None])},
    ],
)
def test_parquet_as_other_tools_write_it(filled, parquet, columns):
    assert import_scores(filled, parquet(**columns)) == (1, 0)
    assert on_file(filled)[0][-1] == 0.25


def test_whole_numbers_are_scores(filled, parquet):
    import_scores(filled, parquet(value=pl.Series([3])))
    assert on_file(filled)[0][-1] == 3.0


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        (PAIR.replace("0.25", ""), "value", "empty"),
        (PAIR.replace("0.25", "  "), "value", "empty"),
        (PAIR.replace("0.25", "nan"), "value", "not a finite number"),
        (PAIR.replace("0.25", "-inf"), "value", "not a finite number"),
        (PAIR.replace("0.25", "1e999"), "value", "not a finite number"),
        (PAIR.replace("0.25", "n/a"), "value", "'n/a' is no number"),
        (PAIR.replace("0.25", '"0,25"'), "value", "'0,25' is no number"),
        (PAIR.replace("0.25", "1_000"), "value", "'1_000' is no number"),
        (PAIR.replace("pair", "pairs"), "kind", "none of the values"),
        (PAIR.replace("pair", ""), "kind", "empty"),
        (PAIR.replace("anti,anti", "faithful,anti"), "image", "no image of a pair called 'faithful'"),
        (PAIR.replace("anti,anti", "anti,prompt"), "prompt", "no prompt of a pair called 'prompt'"),
        (PAIR.replace("anti,anti", "anti,"), "prompt", "empty"),
        (CONTRAST.replace("faithful,", "faithful,anti"), "prompt", "no prompt of a contrast"),
        (CONTRAST.replace("faithful", "anti"), "image", "no image of a contrast"),
        (PAIR.replace("clip-l", ""), "scorer", "empty"),
        (PAIR.replace("mine", ""), "source", "empty"),
        (PAIR.replace("mine", "computed"), "source", "kept for values"),
        (PAIR.replace("sdxl,1", "sdxl,2"), "id", "the ledger has no pair '2' of 'sdxl'"),
        (PAIR.replace("sdxl", "sdlx"), "generator", "no generator with pairs in this ledger called 'sdlx'"),
        (PAIR.replace("sdxl", ""), "generator", "empty"),
        (PAIR.replace("pair,,", "pair,photographs,"), "study", "stands at a pair"),
        (CONTRAST.replace("photographs", "critique"), "study", "no study with contrasts in this ledger"),
        (CONTRAST.replace("photographs,,", "photographs,sdxl,"), "generator", "stands at a contrast"),
        ("pair,,sdxl\n", None, "3 cells and not 9"),
        (PAIR.strip() + ",more\n", None, "10 cells and not 9"),
        ('pair,,"sdxl"x,1\n', None, "not CSV"),
    ],
)
def test_a_fault_in_a_row(filled, rejection, csv, row, field, problem):
    path = csv(CONTRAST.replace("faithful", "default"), row)
    error = rejection(import_scores, path)
    assert (error.file, error.line, error.field) == (str(path), 3, field)
    assert problem in error.problem


def test_a_missing_value_is_told_that_a_failure_is_no_score(filled, rejection, csv, parquet):
    assert "leave the row out" in rejection(import_scores, csv(PAIR.replace("0.25", ""))).remedy
    error = rejection(import_scores, parquet(value=pl.Series([None], dtype=pl.Float64)))
    assert (error.line, error.field) == (1, "value")
    assert "leave the row out" in error.remedy


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_parquet_value_that_is_not_finite(filled, rejection, parquet, value):
    error = rejection(import_scores, parquet(value=[value]))
    assert (error.line, error.field) == (1, "value")
    assert "not a finite number" in error.problem


@pytest.mark.parametrize(
    ("header", "field", "problem"),
    [
        (HEADER.replace("scorer", "scorrer"), "scorrer", "no such column"),
        (HEADER.replace("study,", ""), None, "9 cells and not 8"),
        (HEADER.replace("value,", "").replace("\n", ",value,value\n"), "value", "stands twice"),
        (HEADER.replace(",value", ""), "value", "missing"),
        (HEADER.replace(",", ";"), None, "not separated by commas"),
        ("", "pair", "no such column"),
    ],
)
def test_a_fault_in_the_header(filled, rejection, csv, header, field, problem):
    error = rejection(import_scores, csv(PAIR, header=header))
    assert error.field == field
    assert problem in error.problem


def test_lines_are_counted_as_an_editor_does(filled, rejection, csv):
    row = PAIR.replace("mine", '"two\nlines"')
    assert rejection(import_scores, csv(row, PAIR.replace("0.25", "x"))).line == 4


def test_the_same_cell_twice(filled, rejection, csv):
    error = rejection(import_scores, csv(PAIR, CONTRAST, PAIR))
    assert (error.line, error.field) == (4, "value")
    assert "line 2 already" in error.problem


def test_a_conflict_names_the_row_and_both_values(filled, csv):
    import_scores(filled, csv(PAIR))
    before = list(filled.db.iterdump())
    path = csv(CONTRAST, PAIR.replace("0.25", "0.5"))
    with pytest.raises(LedgerConflict) as caught:
        import_scores(filled, path)
    assert str(caught.value).startswith(f"{path}, line 3: clip-l has 0.25 on file for this cell, and now 0.5.")
    assert list(filled.db.iterdump()) == before


def test_another_source_is_no_conflict(filled, csv):
    import_scores(filled, csv(PAIR))
    assert import_scores(filled, csv(PAIR.replace("0.25", "0.5").replace("mine", "theirs"))) == (1, 0)


def test_other_files(filled, rejection, tmp_path):
    for name in ("scores.tsv", "scores.csv.gz", "scores"):
        assert "neither in .csv nor in .parquet" in rejection(import_scores, tmp_path / name).problem
    for name in ("scores.csv", "scores.parquet"):
        assert "no such file" in rejection(import_scores, tmp_path / name).problem
        (tmp_path / name).mkdir()
        assert "no file" in rejection(import_scores, tmp_path / name).problem
        (tmp_path / name).rmdir()


def test_no_parquet_and_no_text(filled, rejection, tmp_path):
    path = tmp_path / "scores.parquet"
    for data in (b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", HEADER.encode()):
        path.write_bytes(data)
        assert "Parquet" in rejection(import_scores, path).problem
    path = tmp_path / "scores.csv"
    path.write_bytes(HEADER.encode() + b"pair,,caf\xe9,1,anti,anti,s,1,m\n")
    assert "UTF-8" in rejection(import_scores, path).problem


def test_columns_of_parquet_that_are_no_text(filled, rejection, parquet):
    error = rejection(import_scores, parquet(id=[1.0]))
    assert (error.field, error.line) == ("id", None)
    assert "Float64" in error.problem


def test_tables_without_rows(filled, rejection, csv, tmp_path):
    assert "no rows" in rejection(import_scores, csv()).problem
    path = tmp_path / "scores.parquet"
    names = HEADER.strip().split(",")
    pl.DataFrame(schema=dict.fromkeys(names, pl.String) | {"value": pl.Float64}).write_parquet(path)
    assert "no rows" in rejection(import_scores, path).problem


def test_lines_of_parquet_are_counted_over_its_batches(ledger, lines, pair, rejection, parquet, monkeypatch):
    monkeypatch.setattr(tables, "_BATCH", 2)
    import_pairs(ledger, lines(*(pair(id=str(n), scores=[]) for n in range(5))))
    columns = {name: [value] * 5 for name, value in (("kind", "pair"), ("generator", "sdxl"), ("image", "anti"))}
    columns |= {name: [value] * 5 for name, value in (("prompt", "anti"), ("scorer", "s"), ("source", "m"))}
    path = parquet(**columns, id=list("0123x"), value=[0.0] * 5)
    assert rejection(import_scores, path).line == 5
    assert import_scores(ledger, parquet(**columns, id=list("01234"), value=[0.0] * 5)) == (5, 0)
