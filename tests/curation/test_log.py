"""Decisions: undo gives back what was before, undoing an undo brings it back, and nothing is ever rubbed out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.curation import Caption, CurationStore, commit, committed, entries, undo
from fauve.curation.log import _read
from fauve.errors import DataError, UnknownName

BLUR, LEAK = "clarity_and_focus.intentional_blur", "lighting_and_exposure.light_leak"


def state(store: CurationStore) -> list[tuple[str, str]]:
    return sorted((one.sha256, one.category) for one in committed(store))


def test_undo_restores_and_undoing_the_undo_brings_back(store: CurationStore, by_path: Callable[[str], Any]) -> None:
    commit(store, [by_path("red.png")], BLUR, "soft")
    before = state(store)
    number = commit(store, [by_path("green.png"), by_path("mauve.png")], LEAK, "a leak")
    after = state(store)
    assert len(after) == 3
    back = undo(store, number, "no leak at all")
    assert state(store) == before
    undo(store, back, "there is one")
    assert state(store) == after
    log = entries(store)
    assert [(e.number, e.action, e.counts) for e in log] == [
        (1, "commit", True),
        (2, "commit", True),
        (3, "undo", False),
        (4, "undo", True),
    ]
    assert [e.reason for e in log] == ["soft", "a leak", "no leak at all", "there is one"]


def test_a_picture_is_in_the_set_once_whatever_is_undone(store: CurationStore, by_path: Callable[[str], Any]) -> None:
    red = by_path("red.png")
    first = commit(store, [red], BLUR, "soft")
    with pytest.raises(DataError, match="in the set already as clarity_and_focus"):
        commit(store, [red], LEAK, "again")
    back = undo(store, first, "wrong category")
    commit(store, [red], LEAK, "that one")
    with pytest.raises(DataError, match="twice"):
        undo(store, back, "no")
    assert state(store) == [(red.sha256, LEAK)]


def test_what_cannot_be_done_is_refused_and_leaves_no_entry(
    store: CurationStore, by_path: Callable[[str], Any]
) -> None:
    red, green = by_path("red.png"), by_path("green.png")
    for wrong, words in (
        (lambda: commit(store, [red], "clarity_and_focus.intentional_blurr", "x"), "Did you mean"),
        (lambda: commit(store, [red], BLUR, "  "), "no reason"),
        (lambda: commit(store, [], BLUR, "x"), "no picture"),
        (lambda: commit(store, [red, green], BLUR, "x", Caption("one for both")), "one caption"),
        (lambda: undo(store, 1, "x"), "no entry 1"),
    ):
        with pytest.raises((DataError, UnknownName), match=words):
            wrong()
    assert entries(store) == []
    commit(store, [red], BLUR, "x")
    undo(store, 1, "y")
    with pytest.raises(DataError, match="already"):
        undo(store, 1, "z")


def test_the_log_cannot_be_changed_even_by_sql(store: CurationStore, by_path: Callable[[str], Any]) -> None:
    commit(store, [by_path("red.png")], BLUR, "soft")
    for statement in ("UPDATE log SET content = '{}'", "DELETE FROM log"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            store.db.execute(statement)


@given(st.lists(st.integers(1, 12), max_size=12))
def test_every_undo_turns_its_entry_and_what_hangs_on_it(targets: list[int]) -> None:
    """Against a plain reading of the rule: an entry counts unless an undo of it counts."""
    rows: list[tuple[int, str, str, dict[str, Any]]] = [
        (1, "", "commit", {"category": BLUR, "pictures": ["a"], "reason": "r"})
    ]
    for target in targets:
        if target < len(rows) + 1:
            rows.append((len(rows) + 1, "", "undo", {"undoes": target, "reason": "r"}))
    found = {entry.number: entry.counts for entry in _read(rows)}

    def counts(number: int) -> bool:
        return not any(row[2] == "undo" and row[3]["undoes"] == number and counts(row[0]) for row in rows)

    assert found == {row[0]: counts(row[0]) for row in rows}
