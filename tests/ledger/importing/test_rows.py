"""What every JSON Lines file has in common: each fault is named by file, line and field, and nothing is taken."""

from __future__ import annotations

import gzip
import json

import pytest

from fauve.ledger.importing import import_pairs


def changed(pair, **changes):
    """A second row, so that faults stand in line 2."""
    return pair(**({"id": "2"} | changes))


def test_the_first_fault_is_reported_with_file_line_and_field(rejection, lines, pair):
    path = lines(pair(), changed(pair, generator=7), changed(pair, id=7))
    error = rejection(import_pairs, path)
    assert (error.file, error.line, error.field) == (str(path), 2, "generator")
    assert "7 is a number, and text belongs here" in str(error)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{", "not JSON"),
        ('{"id": 1,}', "not JSON"),
        ("{} {}", "not JSON"),
        ("[1, 2]", "a list stands where an object belongs"),
        ('"text"', "text stands where"),
        ("null", "null stands where"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("9" * 10_000, "cannot be read as JSON"),
    ],
)
def test_lines_that_hold_no_object(rejection, lines, pair, row, problem):
    error = rejection(import_pairs, lines(pair(), row))
    assert (error.line, error.field) == (2, None)
    assert problem in error.problem


def test_a_field_that_stands_twice(rejection, lines, pair):
    row = json.dumps(pair())[:-1] + ', "id": "2"}'
    error = rejection(import_pairs, lines(row))
    assert (error.line, error.field) == (1, "id")
    row = json.dumps(pair()).replace('"source"', '"source": "a", "source"')
    assert rejection(import_pairs, lines(row)).field == "source"


def test_a_misspelt_field_comes_with_the_right_one(rejection, lines, pair):
    row = pair()
    row["promt_anti"] = row.pop("prompt_anti")
    error = rejection(import_pairs, lines(row))
    assert (error.line, error.field) == (1, "promt_anti")
    assert error.remedy == "Did you mean 'prompt_anti'?"
    assert "1 more in this row" in error.problem


def test_a_misspelt_field_of_a_score(rejection, lines, pair):
    row = pair()
    row["scores"][0]["scorrer"] = row["scores"][0].pop("scorer")
    error = rejection(import_pairs, lines(row))
    assert (error.field, error.remedy) == ("scores[0].scorrer", "Did you mean 'scorer'?")


@pytest.mark.parametrize(
    "field",
    ["id", "generator", "prompt_original", "prompt_anti", "dimensions", "image_original", "image_anti"],
)
def test_a_missing_field(rejection, lines, pair, field):
    row = changed(pair)
    del row[field]
    error = rejection(import_pairs, lines(pair(), row))
    assert (error.line, error.field, error.problem) == (2, field, "the field is missing")


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"id": 1}, "id", "1 is a number, and text"),
        ({"id": ""}, "id", "empty"),
        ({"id": " \t"}, "id", "empty"),
        ({"prompt_anti": ["a"]}, "prompt_anti", "is a list, and text"),
        ({"prompt_anti": ""}, "prompt_anti", "empty"),
        ({"dimensions": "clarity"}, "dimensions", "is text, and a list"),
        ({"dimensions": [True]}, "dimensions[0]", "is true or false, and text"),
        ({"selection": "both"}, "selection", "'both' is none of the values"),
        ({"scores": {}}, "scores", "is an object, and a list"),
        ({"scores": [[]]}, "scores[0]", "is a list, and an object"),
        ({"groups": {"a": 1}}, "groups.a", "is a number, and text"),
        ({"notes": []}, "notes", "is a list, and an object"),
    ],
)
def test_a_wrong_type_or_value(rejection, lines, pair, changes, field, problem):
    error = rejection(import_pairs, lines(pair(), changed(pair, **changes)))
    assert (error.line, error.field) == (2, field)
    assert problem in error.problem


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400])
def test_a_score_that_is_not_finite(rejection, lines, pair, value):
    row = json.dumps(changed(pair)).replace("-1.5", value)
    error = rejection(import_pairs, lines(pair(), row))
    assert (error.line, error.field) == (2, "scores[0].value")
    assert "not a finite number" in error.problem
    assert "failure is no score" in error.remedy


@pytest.mark.parametrize("value", ['"1.5"', "true", "null", "[1.5]"])
def test_a_score_that_is_no_number(rejection, lines, pair, value):
    row = json.dumps(changed(pair)).replace("-1.5", value)
    error = rejection(import_pairs, lines(pair(), row))
    assert (error.line, error.field) == (2, "scores[0].value")
    assert "a number belongs here" in error.problem


@pytest.mark.parametrize("value", ["NaN", "1e999"])
def test_a_number_in_the_notes_that_is_not_finite(rejection, lines, pair, value):
    row = json.dumps(pair(notes={"human": [5.25]})).replace("5.25", value)
    assert rejection(import_pairs, lines(row)).field == "notes"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt_anti": "half \\ud83d of it"}, "prompt_anti"),
        ({"groups": {"a": "\\udc00"}}, "groups.a"),
        ({"notes": {"a": ["\\udc00"]}}, "notes.a[0]"),
        ({"notes": {"\\udc00": 1}}, "notes.\\udc00"),
    ],
)
def test_half_of_a_surrogate_pair(rejection, lines, pair, changes, field):
    row = json.dumps(pair(**changes)).replace("\\\\u", "\\u")
    error = rejection(import_pairs, lines(row))
    assert (error.line, error.field) == (1, field)
    assert "surrogate" in error.problem
    str(error).encode()


def test_whole_surrogate_pairs_and_control_characters_are_text(ledger, lines, pair, only):
    text = "a \U0001f642 dog\u2028 \x00 \x1b[31m \ufeff <script>"
    import_pairs(ledger, lines(json.dumps(pair(prompt_anti=text), ensure_ascii=True)))
    assert only().prompts["anti"] == text


def test_bytes_that_are_not_utf8(rejection, lines, pair):
    error = rejection(import_pairs, lines(pair(), b'{"id": "caf\xe9"}'))
    assert (error.line, error.field) == (2, None)
    assert "byte 12 is not UTF-8" in error.problem


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (gzip.compress(b'{"id": "1"}\n', mtime=0), "gzip"),
        (b"PK\x03\x04zip", "zip"),
        ('{"id": "1"}'.encode("utf-16"), "UTF-16"),
        (b"PAR1....", "Parquet"),
    ],
)
def test_other_kinds_of_file(rejection, tmp_path, data, what):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(data)
    error = rejection(import_pairs, path)
    assert error.line is None
    assert what in error.problem


@pytest.mark.parametrize("data", [b"", b"\n \n\r\n", b"\xef\xbb\xbf"])
def test_a_file_without_rows(rejection, tmp_path, data):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(data)
    assert "holds no rows" in rejection(import_pairs, path).problem


def test_no_file_and_a_folder(rejection, tmp_path):
    assert "no such file" in rejection(import_pairs, tmp_path / "none.jsonl").problem
    assert "folder" in rejection(import_pairs, tmp_path).problem


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_are_passed_over(ledger, lines, pair, rejection):
    rows = [b"\xef\xbb\xbf" + json.dumps(pair()).encode() + b"\r", b"", b"  \r", json.dumps(pair(id="2"))]
    assert import_pairs(ledger, lines(*rows)) == (2, 0)
    assert rejection(import_pairs, lines(*rows, "{")).line == 5


def test_the_last_line_needs_no_end(ledger, tmp_path, pair):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(pair()))
    assert import_pairs(ledger, path) == (1, 0)
