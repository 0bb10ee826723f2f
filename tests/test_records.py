from __future__ import annotations

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.records import (
    SLOTS,
    Contrast,
    DimensionScore,
    Edit,
    Finding,
    ImageRef,
    ImportedScore,
    Outcome,
    Picture,
    Portrait,
    PromptPair,
    Published,
    Test,
)

names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=10)
numbers = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | numbers
findings = st.builds(
    Finding,
    study=names,
    metric=names,
    estimate=maybe,
    low=maybe,
    high=maybe,
    n=st.integers(0, 10**6),
    missing=st.floats(0, 1),
    scorer=st.none() | names,
    generator=st.none() | names,
    group=st.dictionaries(names, names, max_size=3),
    test=st.none() | st.builds(Test, names, st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)),
    published=st.none() | st.builds(Published, numbers, names),
    note=st.none() | names,
)


@given(findings)
def test_a_finding_comes_back_from_json_as_it_went(finding):
    text = json.dumps(finding.as_json(), allow_nan=False)
    assert Finding.from_json(json.loads(text)) == finding


def test_the_json_of_a_finding_leaves_out_what_there_is_not():
    finding = Finding("generation", "shift", -4.702, -5.0, -4.4, 300, 0.0, scorer="hpsv3")
    assert finding.as_json() == {
        "study": "generation",
        "metric": "shift",
        "scorer": "hpsv3",
        "estimate": -4.702,
        "low": -5.0,
        "high": -4.4,
        "n": 300,
        "missing": 0.0,
    }


@given(findings, findings)
def test_the_address_of_a_finding_is_what_it_is_about_and_not_its_value(a, b):
    def about(f):
        return (f.study, f.metric, f.scorer, f.generator, dict(f.group))

    assert (a.key == b.key) == (about(a) == about(b))
    assert dataclasses.replace(a, estimate=b.estimate, n=b.n, note=b.note, published=b.published).key == a.key


@pytest.mark.parametrize("field", ["estimate", "low", "high"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_finding_is_finite_or_undefined(field, value):
    numbers = {"estimate": 0.0, "low": 0.0, "high": 0.0} | {field: value}
    with pytest.raises(ValueError, match=f"generation.shift: {field} is"):
        Finding("generation", "shift", n=1, missing=0.0, **numbers)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_is_finite(value):
    with pytest.raises(ValueError, match="hpsv3 gave"):
        ImportedScore("hpsv3", "anti", "anti", value, "published")


@pytest.mark.parametrize("value", [-0.01, 2.01, math.nan])
def test_a_dimension_score_is_between_0_and_2(value):
    with pytest.raises(ValueError, match="clarity: J is in"):
        DimensionScore("0" * 64, "clarity", "instruments", value)


def test_only_ok_carries_a_value_and_outcomes_are_text():
    assert [outcome for outcome in Outcome if outcome == "ok"] == [Outcome.OK]
    assert set(Outcome) == {"ok", "refused", "filtered", "no image", "unparsable", "timed out", "failed"}


def test_an_image_lies_under_the_start_of_its_hash():
    assert ImageRef("ab" + "c" * 62, 4, 3, ".png").path == f"images/ab/ab{'c' * 62}.png"


def test_items_have_the_slots_of_their_kind():
    pair = PromptPair("1", "sdxl", {"original": "a", "anti": "b"}, {"original": None, "anti": None})
    contrast = Contrast("1", "critique", {"prompt": "a"}, {"faithful": None, "default": None})
    edit = Edit("1@reference", "sdxl", {"original": "a", "anti": "b"}, {"input": None, "edit": None})
    portrait = Portrait("1/fear", "sdxl", {"prompt": "a", "emotion": "b"}, {"picture": None, "face": None})
    picture = Picture("1", "real_art", {"prompt": "a", "shuffled": "b"}, {"picture": None})
    for item in (pair, contrast, edit, portrait, picture):
        assert (tuple(item.images), tuple(item.prompts)) == SLOTS[item.kind]
    assert (edit.study, portrait.study, portrait.dimensions) == ("editing", "emotion_generation", ())
    assert (picture.generator, picture.dimensions) == ("", ())
    assert (pair.study, contrast.generator, contrast.dimensions) == ("", "", ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair.id = "2"
