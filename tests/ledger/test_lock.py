"""One writer: tried with real second processes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from fauve.errors import LedgerError, LedgerLocked
from fauve.ledger import Ledger, lock
from fauve.ledger.lock import WriterLock

HOLD = """if True:
    import sys, time
    from pathlib import Path
    from fauve.ledger import Ledger
    ledger = Ledger(Path(sys.argv[1]), write=True)
    if len(sys.argv) > 2:
        ledger.db.execute("BEGIN IMMEDIATE")
        ledger.add_prompt("half done")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Starts another process that holds the run directory; returns it."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(tmp_path / "run"), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_second_writer_is_told_who_the_first_is(tmp_path, holder):
    process = holder()
    with pytest.raises(
        LedgerLocked, match=rf"is being written by process {process.pid} since 20\d\d-.*reading is free"
    ):
        Ledger(tmp_path / "run", write=True)


def test_a_reader_reads_while_another_process_is_in_the_middle_of_writing(tmp_path, holder):
    with Ledger(tmp_path / "run", write=True) as ledger:
        ledger.add_prompt("a dog")
    holder("in a transaction")
    with Ledger(tmp_path / "run") as reader:
        assert reader.db.execute("SELECT text FROM prompts").fetchall() == [("a dog",)]


def test_a_killed_writer_lets_the_next_one_in_and_leaves_nothing_half_done(tmp_path, holder):
    process = holder("in a transaction")
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Ledger(tmp_path / "run", write=True) as ledger:
        assert ledger.db.execute("SELECT count(*) FROM prompts").fetchone() == (0,)


def test_a_writer_that_closed_lets_the_next_one_in(tmp_path):
    for _ in range(2):
        with Ledger(tmp_path / "run", write=True):
            with pytest.raises(LedgerLocked, match=f"process {os.getpid()}"):
                Ledger(tmp_path / "run", write=True)
            with Ledger(tmp_path / "run"):
                pass


def test_a_writer_that_could_not_open_lets_the_next_one_in(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(LedgerError):
        Ledger(tmp_path, write=True)
    (tmp_path / "ledger.sqlite").unlink()
    Ledger(tmp_path, write=True).close()


def test_a_lock_file_that_says_nothing(tmp_path):
    held = WriterLock(tmp_path)
    (tmp_path / "ledger.lock").write_text("{")
    with pytest.raises(LedgerLocked, match="written by another process"):
        WriterLock(tmp_path)
    held.release()


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(file: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_take", refuse)
    with pytest.raises(LedgerError, match=r"No locks available.*use a disk of this machine"):
        WriterLock(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(LedgerError, match="check the rights"):
        WriterLock(tmp_path)
    tmp_path.chmod(0o700)


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(LedgerError, match="name another folder"):
        Ledger(tmp_path / "run", write=True)
