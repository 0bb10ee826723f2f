from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fauve.errors import LedgerConflict, LedgerError
from fauve.keys import digest_bytes
from fauve.ledger import Ledger, queries
from fauve.ledger.importing import import_pairs, import_scores
from fauve.records import Selection


def test_a_pair_is_stored_as_it_came(ledger, lines, pair, only, tmp_path):
    row = pair(groups={"wording": "template"}, notes={"human": 5.5, "list": [1, None]}, selector="gpt-5")
    assert import_pairs(ledger, lines(row)) == (1, 0)
    item = only()
    assert (item.kind, item.study, item.generator, item.id) == ("pair", "", "sdxl", "1")
    assert item.prompts == {"original": "a dog", "anti": "a blurred dog"}
    assert item.dimensions == ("clarity",)
    assert item.groups == {"wording": "template"}
    assert item.notes == {"human": 5.5, "list": [1, None]}
    assert item.selections == (Selection("gpt-5", "anti", "imported"),)
    for slot, name in (("original", "o.png"), ("anti", "a.png")):
        data = (tmp_path / name).read_bytes()
        ref = item.images[slot]
        assert (ref.sha256, ref.width, ref.height, ref.suffix) == (digest_bytes(data), 48, 32, ".png")
        assert ledger.images.read(ref) == data
    assert queries.grid(ledger).rows() == [(item.item, "hpsv3", "published", "anti", "anti", "ok", -1.5)]


def test_scores_alone_are_enough(ledger, lines, pair, only):
    nothing = dict.fromkeys(("prompt_original", "prompt_anti", "image_original", "image_anti", "selection"))
    assert import_pairs(ledger, lines(pair(**nothing, dimensions=[]))) == (1, 0)
    item = only()
    assert item.prompts == item.images == {"original": None, "anti": None}
    assert item.selections == ()
    assert queries.grid(ledger).height == 1
    assert queries.image_refs(ledger) == []


def test_selection_and_scores_may_be_left_out(ledger, lines, pair, only):
    row = pair()
    del row["selection"], row["scores"]
    import_pairs(ledger, lines(row))
    assert only().selections == ()
    assert queries.grid(ledger).is_empty()


@pytest.mark.parametrize("choice", ["anti", "original", "tie"])
def test_selections(ledger, lines, pair, only, choice):
    import_pairs(ledger, lines(pair(selection=choice)))
    assert only().selections == (Selection("imported", choice, "imported"),)


def test_a_selector_without_a_selection(rejection, lines, pair):
    assert rejection(import_pairs, lines(pair(selection=None, selector="gpt-5"))).field == "selector"


def test_a_dimension_that_does_not_exist(rejection, lines, pair):
    error = rejection(import_pairs, lines(pair(), pair(id="2", dimensions=["clarity", "color asthetic"])))
    assert (error.line, error.field) == (2, "dimensions[1]")
    assert error.problem == "there is no dimension called 'color asthetic'"
    assert error.remedy == "Did you mean 'color aesthetic'?"


def test_a_dimension_that_is_named_twice(rejection, lines, pair):
    assert rejection(import_pairs, lines(pair(dimensions=["clarity", "clarity"]))).field == "dimensions[1]"


def test_the_same_pair_twice_in_a_file(rejection, lines, pair):
    error = rejection(import_pairs, lines(pair(), pair(id="2"), pair()))
    assert (error.line, error.field) == (3, "id")
    assert "'1' of 'sdxl' stands in line 1 already" in error.problem


def test_another_generator_may_have_the_same_id(ledger, lines, pair):
    assert import_pairs(ledger, lines(pair(), pair(generator="sd1.5"))) == (2, 0)


def test_the_same_cell_twice_in_a_row(rejection, lines, pair):
    score = pair()["scores"][0]
    error = rejection(import_pairs, lines(pair(scores=[score, score | {"prompt": "original"}, score | {"value": 3.0}])))
    assert (error.line, error.field) == (1, "scores[2]")
    assert "scores[0]" in error.problem


@pytest.mark.parametrize("field", ["image", "prompt"])
def test_slots_that_a_pair_does_not_have(rejection, lines, pair, field):
    row = pair()
    row["scores"][0][field] = "faithful"
    error = rejection(import_pairs, lines(row))
    assert error.field == f"scores[0].{field}"
    assert "'original'" in error.remedy


def test_computed_is_kept_for_fauve(rejection, lines, pair):
    row = pair()
    row["scores"][0]["source"] = "computed"
    assert rejection(import_pairs, lines(row)).field == "scores[0].source"
    del row["scores"][0]["source"]
    assert rejection(import_pairs, lines(row), source_default="computed").field == "scores[0].source"


def test_a_source_may_come_with_the_call(ledger, lines, pair, rejection):
    row = pair()
    del row["scores"][0]["source"]
    error = rejection(import_pairs, lines(row))
    assert (error.field, error.problem) == ("scores[0].source", "the field is missing")
    import_pairs(ledger, lines(row), source_default="mine")
    assert queries.grid(ledger)["source"].to_list() == ["mine"]


def test_a_second_import_changes_nothing(ledger, lines, pair):
    path = lines(pair(), pair(id="2"))
    assert import_pairs(ledger, path) == (2, 0)
    before = list(ledger.db.iterdump())
    assert import_pairs(ledger, path) == (0, 2)
    assert list(ledger.db.iterdump()) == before


def test_more_rows_are_added_to_those_that_are_there(ledger, lines, pair):
    import_pairs(ledger, lines(pair()))
    assert import_pairs(ledger, lines(pair(), pair(id="2"))) == (1, 1)


def test_the_order_of_scores_and_of_fields_is_no_difference(ledger, lines, pair):
    scores = [pair()["scores"][0] | {"image": image} for image in ("original", "anti")]
    import_pairs(ledger, lines(pair(scores=scores)))
    again = dict(reversed(pair(scores=scores[::-1]).items()))
    assert import_pairs(ledger, lines(again)) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"prompt_anti": "another"}, "prompts"),
        ({"image_anti": "o.png"}, "images"),
        ({"dimensions": ["emotion"]}, "dimensions"),
        ({"groups": {"a": "b"}}, "groups"),
        ({"notes": {"a": 1}}, "notes"),
        ({"selection": "tie"}, "selection"),
        ({"scores": []}, "scores"),
        (
            {"scores": [{"scorer": "hpsv3", "image": "anti", "prompt": "anti", "value": 2, "source": "published"}]},
            "scores",
        ),
        ({"prompt_anti": "another", "selection": None}, "prompts and selection"),
    ],
)
def test_a_conflict_names_the_row_and_the_difference_and_changes_nothing(ledger, lines, pair, changes, part):
    import_pairs(ledger, lines(pair()))
    before = list(ledger.db.iterdump())
    path = lines(pair(id="new"), pair(**changes))
    with pytest.raises(LedgerConflict) as caught:
        import_pairs(ledger, path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line 2: pair '1' of 'sdxl' is in the ledger with other {part}. ")
    assert list(ledger.db.iterdump()) == before


def test_a_row_that_is_added_later_does_not_conflict_with_scores_added_since(ledger, lines, pair, tmp_path):
    path = lines(pair())
    import_pairs(ledger, path)
    table = tmp_path / "more.csv"
    table.write_text("kind,generator,id,image,prompt,scorer,value,source\npair,sdxl,1,anti,anti,clip-l,0.25,mine\n")
    import_scores(ledger, table)
    assert import_pairs(ledger, path) == (0, 1)
    assert queries.grid(ledger).height == 2


def test_a_ledger_that_is_open_to_read_says_so(ledger, lines, pair):
    with Ledger(ledger.directory) as reader, pytest.raises(LedgerError, match="readonly"):
        import_pairs(reader, lines(pair()))


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    prompt=texts,
    name=texts,
    generator=texts,
    note=texts,
    value=st.floats(allow_nan=False, allow_infinity=False),
    escaped=st.booleans(),
)
def test_any_text_and_any_finite_number_come_back_as_they_went(
    tmp_path_factory, prompt, name, generator, note, value, escaped
):
    folder = tmp_path_factory.mktemp("texts")
    row = {
        "id": name,
        "generator": generator,
        "prompt_original": prompt,
        "prompt_anti": None,
        "dimensions": [],
        "image_original": None,
        "image_anti": None,
        "groups": {note: note},
        "notes": {note: [note, value]},
        "scores": [{"scorer": note, "image": "anti", "prompt": "anti", "value": value, "source": "s " + note}],
    }
    path = folder / "rows.jsonl"
    path.write_bytes(json.dumps(row, ensure_ascii=escaped).encode() + b"\n")
    with Ledger(folder / "run", write=True) as ledger:
        assert import_pairs(ledger, path) == (1, 0)
        assert import_pairs(ledger, path) == (0, 1)
        (item,) = queries.items(ledger)
        assert (item.id, item.generator, item.prompts["original"]) == (name, generator, prompt)
        assert item.groups == {note: note}
        assert item.notes == {note: [note, value]}
        ((_, scorer, source, *_, found),) = queries.grid(ledger).rows()
        assert (scorer, source, found) == (note, "s " + note, value)
