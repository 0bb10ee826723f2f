from __future__ import annotations

import json

import polars as pl
import pytest

from fauve.errors import LedgerConflict
from fauve.ledger import queries
from fauve.ledger.importing import import_labels, read_labels


def label(**changes):
    return {"image": 3, "dimension": "body", "expected_score": 1.25, "argmax": 1, "label": -4} | changes


def test_labels_are_stored_as_they_came(ledger, lines):
    path = lines(label(), label(image="b", expected_score=2, argmax=2, label=1))
    assert import_labels(ledger, path, "visionreward") == (2, 0)
    assert queries.judge_labels(ledger).rows() == [
        ("visionreward", "3", "body", 1.25, 1, -4),
        ("visionreward", "b", "body", 2.0, 2, 1),
    ]


def test_a_file_is_read_without_a_ledger(lines):
    table = read_labels(lines(label(), label(image="b")))
    assert table.schema == {
        "image": pl.String,
        "dimension": pl.String,
        "expected": pl.Float64,
        "argmax": pl.Int64,
        "label": pl.Int64,
    }
    assert table.rows() == [("3", "body", 1.25, 1, -4), ("b", "body", 1.25, 1, -4)]


def test_a_second_import_changes_nothing_and_judges_are_apart(ledger, lines):
    path = lines(label())
    import_labels(ledger, path, "a")
    assert import_labels(ledger, path, "a") == (0, 1)
    assert import_labels(ledger, path, "b") == (1, 0)


@pytest.mark.parametrize("changes", [{"expected_score": 1.5}, {"argmax": 2}, {"label": 4}])
def test_a_conflict_names_the_row_and_changes_nothing(ledger, lines, changes):
    import_labels(ledger, lines(label()), "a")
    before = list(ledger.db.iterdump())
    path = lines(label(image="new"), label(**changes))
    with pytest.raises(LedgerConflict) as caught:
        import_labels(ledger, path, "a")
    assert str(caught.value).startswith(f"{path}, line 2: image '3', 'body' is in the ledger")
    assert list(ledger.db.iterdump()) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"image": 1.5}, "image"),
        ({"image": None}, "image"),
        ({"image": True}, "image"),
        ({"image": ""}, "image"),
        ({"dimension": 1}, "dimension"),
        ({"expected_score": 2.01}, "expected_score"),
        ({"expected_score": -0.01}, "expected_score"),
        ({"expected_score": "1"}, "expected_score"),
        ({"argmax": 3}, "argmax"),
        ({"argmax": 1.0}, "argmax"),
        ({"argmax": True}, "argmax"),
        ({"label": 0.5}, "label"),
        ({"label": 2**63}, "label"),
        ({"label": -(2**70)}, "label"),
        ({"lable": 1}, "lable"),
    ],
)
def test_a_row_that_is_not_of_the_form(rejection, lines, changes, field):
    error = rejection(import_labels, lines(label(image="first"), label(**changes)), "a")
    assert (error.line, error.field) == (2, field)


def test_an_expected_score_that_is_not_finite(rejection, lines):
    row = json.dumps(label()).replace("1.25", "NaN")
    assert rejection(import_labels, lines(row), "a").field == "expected_score"


def test_the_same_image_and_dimension_twice(rejection, lines):
    error = rejection(import_labels, lines(label(), label(image="3")), "a")
    assert (error.line, error.field) == (2, "image")
    assert "line 1 already" in error.problem
