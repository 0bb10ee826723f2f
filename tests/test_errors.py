from __future__ import annotations

import inspect
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve import errors
from fauve.errors import FauveError, ImageRejected, ImportRejected, UnknownName, spoken_place, suggestion

SENTENCES = {"spoken_place", "suggestion"}
"""What is exported beside errors: parts of their sentences."""


def drawn_tree() -> dict[str, str]:
    """Child to parent, as the docstring draws it: four columns an indent."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in errors.__doc__.splitlines():
        drawn = re.match(r"    ([│├└─ ]*)([A-Z]\w+)  ", line)
        if drawn:
            depth = len(drawn[1]) // 4
            path[depth:] = [drawn[2]]
            if depth:
                parents[drawn[2]] = path[depth - 1]
    return parents


def real_tree() -> dict[str, str]:
    def below(parent: type) -> dict[str, str]:
        found = {}
        for child in parent.__subclasses__():
            if child.__module__ == "fauve.errors":
                found |= {child.__name__: parent.__name__} | below(child)
        return found

    return below(FauveError)


def test_the_drawn_tree_is_the_real_one():
    assert len(drawn_tree()) >= 15
    assert drawn_tree() == real_tree()


def test_what_is_exported_is_what_is_public():
    public = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert set(errors.__all__) == public | SENTENCES


def test_every_error_is_documented_and_catchable_as_one():
    for name in errors.__all__:
        if name not in SENTENCES:
            assert issubclass(getattr(errors, name), FauveError)
            assert getattr(errors, name).__doc__


def test_a_rejected_image_names_the_picture_the_reason_and_the_remedy():
    error = ImageRejected("a.png", "truncated", "Fetch it again.")
    assert str(error) == "a.png: truncated. Fetch it again."
    assert (error.name, error.reason, error.remedy) == ("a.png", "truncated", "Fetch it again.")


@pytest.mark.parametrize(
    ("line", "field", "where"),
    [(3, "id", "p.jsonl, line 3, field 'id'"), (3, None, "p.jsonl, line 3"), (None, None, "p.jsonl")],
)
def test_a_rejected_row_names_the_place_the_problem_and_the_remedy(line, field, where):
    error = ImportRejected("p.jsonl", line, field, "it is odd", "Make it even.")
    assert str(error) == f"{where}: it is odd. Make it even. Nothing of this file was imported."


def test_an_unknown_name_comes_with_the_nearest_one():
    error = UnknownName("dimension", "clearity", ["clarity", "emotion"])
    assert str(error) == "there is no dimension called 'clearity'. Did you mean 'clarity'?"
    assert str(UnknownName("scorer", "zzz", ["b", "a"])).endswith(" There are: a, b.")
    assert str(UnknownName("scorer", "zzz", [])).endswith(" There are none here.")


@given(st.sets(st.text(min_size=3, max_size=12), min_size=1, max_size=8))
def test_a_name_that_exists_is_its_own_suggestion(names):
    for name in names:
        assert suggestion(name, names) == f" Did you mean {name!r}?"


@pytest.mark.parametrize(
    "error",
    [
        ImageRejected("a.png", "empty", "Fetch it."),
        ImportRejected("p.jsonl", 3, "id", "it is odd", "Make it even."),
        UnknownName("dimension", "clearity", ["clarity"]),
    ],
)
def test_errors_cross_process_boundaries(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("loc", "told"),
    [
        (("title",), "title"),
        (("stimuli", "longer_side"), "stimuli.longer_side"),
        (("arms", 0, "kl"), "arms no. 1, kl"),
        (("edits", 1, "arms", 2), "edits no. 2, arms no. 3"),
        ((), ""),
    ],
)
def test_places_in_a_settings_file_are_counted_from_one(loc: tuple[int | str, ...], told: str) -> None:
    assert spoken_place(loc) == told
