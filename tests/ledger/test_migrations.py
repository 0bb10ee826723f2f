from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys

import pytest

from fauve.errors import LedgerCorrupt, LedgerError, LedgerTooNew
from fauve.ledger import Ledger, migrations
from fauve.ledger.migrations import STEPS, migrate, pending


def shape(db: sqlite3.Connection) -> list[tuple[str]]:
    return db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


@pytest.fixture
def db():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def test_steps_are_applied_once_and_in_order(db, monkeypatch):
    seen = []
    steps = (*STEPS, ("0002 more", lambda d: seen.append("0002")), ("0003 most", lambda d: seen.append("0003")))
    assert migrate(db) == [name for name, _ in STEPS]
    monkeypatch.setattr(migrations, "STEPS", steps)
    assert pending(db) == ["0002 more", "0003 most"]
    assert migrate(db) == ["0002 more", "0003 most"]
    assert migrate(db) == pending(db) == []
    assert seen == ["0002", "0003"]


def test_names_of_steps_sort_in_their_order_and_are_told_apart():
    names = [name for name, _ in STEPS]
    assert names == sorted(set(names))


def test_looking_for_pending_steps_writes_nothing(db):
    assert pending(db) == [name for name, _ in STEPS]
    assert shape(db) == []


def test_a_step_that_fails_half_way_leaves_nothing_of_itself(db, monkeypatch):
    migrate(db)
    before = shape(db)

    def half(d: sqlite3.Connection) -> None:
        d.execute("CREATE TABLE half (a)")
        d.execute("DROP VIEW grid")
        d.execute("INSERT INTO runs (command, started, versions) VALUES ('x', 'y', 'not json')")

    monkeypatch.setattr(
        migrations, "STEPS", (*STEPS, ("0002 whole", lambda d: d.execute("CREATE TABLE w (a)")), ("0003 half", half))
    )
    with pytest.raises(sqlite3.IntegrityError):
        migrate(db)
    assert not db.in_transaction
    assert [row for row in shape(db) if row[1] != "w"] == before
    assert pending(db) == ["0003 half"]


def test_the_first_step_too_is_all_or_nothing(db, monkeypatch):
    def half(d: sqlite3.Connection) -> None:
        STEPS[0][1](d)
        raise RuntimeError("stopped")

    monkeypatch.setattr(migrations, "STEPS", (("0001 first tables", half),))
    with pytest.raises(RuntimeError):
        migrate(db)
    assert shape(db) == []


KILLED = """if True:
    import os, signal, sys
    from pathlib import Path
    from fauve.ledger import Ledger, migrations

    def step(db):
        db.execute("CREATE TABLE half (a)")
        db.executemany("INSERT INTO half VALUES (?)", [(n,) for n in range(100_000)])  # more than the page cache
        db.execute("DROP VIEW grid")
        os.kill(os.getpid(), signal.SIGKILL)

    migrations.STEPS = (*migrations.STEPS, ("0002 killed", step))
    Ledger(Path(sys.argv[1]), write=True)
"""


def test_a_writer_that_is_killed_in_the_middle_of_a_step(tmp_path):
    with Ledger(tmp_path / "run", write=True) as ledger:
        ledger.add_prompt("a dog")
        before = shape(ledger.db)
    answer = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run")], check=False)
    assert answer.returncode == -signal.SIGKILL
    for write in (False, True):
        with Ledger(tmp_path / "run", write=write) as ledger:
            assert shape(ledger.db) == before
            assert ledger.pending_steps() == []
            assert ledger.db.execute("SELECT text FROM prompts").fetchall() == [("a dog",)]
            assert ledger.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("write", [False, True])
def test_a_newer_ledger_is_refused_and_left_as_it_is(tmp_path, write):
    with Ledger(tmp_path, write=True) as ledger:
        ledger.db.execute("INSERT INTO migrations VALUES ('0009 from the future')")
    before = (tmp_path / "ledger.sqlite").read_bytes()
    with pytest.raises(LedgerTooNew, match=r"0009 from the future.*upgrade Fauve"):
        Ledger(tmp_path, write=write)
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


@pytest.mark.parametrize("write", [False, True])
def test_an_older_ledger_is_brought_up_to_date_by_whoever_opens_it(tmp_path, monkeypatch, write):
    Ledger(tmp_path, write=True).close()
    monkeypatch.setattr(migrations, "STEPS", (*STEPS, ("0009 more", lambda d: d.execute("CREATE TABLE more (a)"))))
    with Ledger(tmp_path, write=write) as ledger:
        assert ledger.pending_steps() == []
        assert ledger.db.execute("SELECT count(*) FROM more").fetchone() == (0,)
    Ledger(tmp_path).close()


def test_a_reader_that_cannot_bring_it_up_to_date_says_what_is_in_the_way(tmp_path, monkeypatch):
    with Ledger(tmp_path, write=True):
        newer = (*STEPS, ("0009 more", lambda d: d.execute("CREATE TABLE more (a)")))
        monkeypatch.setattr(migrations, "STEPS", newer)
        with pytest.raises(LedgerError, match=r"needs 0009 more.*cannot be done now.*being written by process"):
            Ledger(tmp_path)
    with Ledger(tmp_path) as ledger:
        assert ledger.pending_steps() == []


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("statement", "gone"),
    [
        ("DROP TABLE choices", "choices"),
        ("ALTER TABLE runs DROP COLUMN seal", r"runs\.seal"),
    ],
)
def test_a_ledger_of_before_the_first_release_says_what_to_do(tmp_path, statement, gone, write):
    with Ledger(tmp_path, write=True) as ledger:
        ledger.db.execute(statement)
    before = (tmp_path / "ledger.sqlite").read_bytes()
    with pytest.raises(LedgerError, match=rf"looks in vain for {gone}\. .*fauve run CONFIG --out ANOTHER"):
        Ledger(tmp_path, write=write)
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


def test_the_tables_of_the_second_step_come_to_a_ledger_that_had_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(migrations, "STEPS", STEPS[:1])
    migrated = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    migrate(migrated)
    migrated.close()
    monkeypatch.undo()
    with Ledger(tmp_path) as ledger:
        tables = ("rewriters", "rewritings", "dimensions")
        counts = [ledger.db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables]
    assert counts == [(0,), (0,), (0,)]


def test_the_database_of_another_program_is_refused_and_left_as_it_is(tmp_path):
    with sqlite3.connect(tmp_path / "ledger.sqlite") as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()
    before = (tmp_path / "ledger.sqlite").read_bytes()
    for write in (False, True):
        with pytest.raises(LedgerCorrupt, match="no tables of Fauve's"):
            Ledger(tmp_path, write=write)
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


def test_every_statement_of_every_step_is_run(db):
    migrate(db)
    script = migrations._FIRST + migrations._WRITTEN + migrations._RATED
    for word in ("TABLE", "VIEW", "UNIQUE INDEX"):
        assert script.count(f"CREATE {word} ") >= 1
    created = sum(script.count(f"CREATE {word} ") for word in ("TABLE", "VIEW", "INDEX", "UNIQUE INDEX", "TRIGGER"))
    own = [row for row in shape(db) if row[2] and row[1] != "migrations"]
    assert len(own) == created
