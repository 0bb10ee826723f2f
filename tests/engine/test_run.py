"""Runs: what was done is there, a second run does nothing, a killed run ends where an undisturbed one does."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fauve.engine.progress import Silent
from fauve.engine.run import execute
from fauve.errors import Interrupted, UnknownName
from fauve.ledger import Ledger
from fauve.ledger.state import state
from fauve.settings import RunSettings

SMALL = {
    "stimuli": {"effects": ["defocus", "grain"], "strengths": [0.5, 1.0], "longer_side": 96},
    "scorers": ["polish", "random"],
    "engine": {"workers": 1},
}


def small(**changes: object) -> RunSettings:
    return RunSettings.model_validate(SMALL | changes)


def tables(directory: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that a report can be drawn from, in the order of the file."""
    with Ledger(directory) as ledger:
        return {
            "items": ledger.db.execute("SELECT item, kind, generator, id, digest FROM items ORDER BY item").fetchall(),
            "grid": ledger.db.execute("SELECT * FROM grid ORDER BY 1, 2, 3, 4, 5").fetchall(),
            "judged": ledger.db.execute("SELECT * FROM judged ORDER BY 1, 2, 3, 4").fetchall(),
        }


def test_everything_that_was_asked_for_is_there_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    first = execute(small(), tmp_path, Silent())
    with Ledger(tmp_path) as ledger:
        found = state(ledger)
        photos = ledger.db.execute("SELECT count(DISTINCT groups ->> 'photo') FROM items").fetchone()[0]
    assert found.items == {"pairs by stimuli": photos * 2 * 2}
    assert found.images == photos * (1 + 2 * 2)
    assert all(a.missing == 0 and not a.failed for a in found.adapters)
    assert {a.name: a.ok for a in found.adapters}["polish"] == first.outcomes["polish"]["ok"]
    second = execute(small(), tmp_path, Silent())
    assert second.did_nothing
    with Ledger(tmp_path) as ledger:
        assert state(ledger).runs == found.runs


def test_more_effects_only_add_to_what_is_there(tmp_path: Path) -> None:
    execute(small(), tmp_path, Silent())
    before = tables(tmp_path)["grid"]
    more = dict(SMALL["stimuli"]) | {"effects": ["defocus", "grain", "melt"]}
    summary = execute(small(stimuli=more), tmp_path, Silent())
    assert 0 < summary.outcomes["polish"]["ok"] < len([r for r in before if r[1] == "polish"])
    assert set(before) <= set(tables(tmp_path)["grid"])


def test_limit_scores_the_first_items_and_the_next_run_the_rest(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    execute(small(), whole, Silent())
    limited = execute(small(), parts, Silent(), limit=3)
    assert limited.outcomes["polish"]["ok"] < 12
    execute(small(), parts, Silent())
    assert tables(parts) == tables(whole)


def test_worker_processes_change_nothing(tmp_path: Path) -> None:
    alone, many = tmp_path / "alone", tmp_path / "many"
    execute(small(), alone, Silent())
    execute(small(engine={"workers": 2, "images_per_job": 3}), many, Silent())
    assert tables(alone) == tables(many)


def test_an_unknown_scorer_stops_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'polish'"):
        execute(small(scorers=["polich"]), tmp_path / "run", Silent())
    assert not (tmp_path / "run").exists()


class StopsAfter(Silent):
    """Presses Ctrl-C once, after some progress."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def advance(self, steps: int) -> None:
        self.left -= steps
        if self.left <= 0:
            self.left = 10**9
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("steps", [1, 30, 60])
def test_ctrl_c_keeps_what_was_finished_and_the_next_run_completes_it(tmp_path: Path, steps: int) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    execute(small(), whole, Silent())
    with pytest.raises(Interrupted, match="goes on from there"):
        execute(small(), stopped, StopsAfter(steps))
    assert tables(stopped) != tables(whole)
    execute(small(), stopped, Silent())
    assert tables(stopped) == tables(whole)


CHILD = """
import sys
from pathlib import Path
from fauve.engine.progress import Silent
from fauve.engine.run import execute
from fauve.settings import RunSettings
if __name__ == "__main__":
    execute(RunSettings.model_validate({settings!r}), Path(sys.argv[1]), Silent())
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    settings = SMALL | {"engine": {"workers": 2, "images_per_job": 2}}
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(settings=settings), encoding="utf-8")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    began = time.monotonic()
    subprocess.run([sys.executable, str(script), str(whole)], check=True)
    took = time.monotonic() - began
    moments = random.Random(2512)
    kills = 0
    for _ in range(8):
        child = subprocess.Popen([sys.executable, str(script), str(killed)], start_new_session=True)
        time.sleep(moments.uniform(0.2, 0.8) * took)
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            kills += 1
        child.wait()
        if child.returncode == 0:
            break
    assert kills, "no child lived long enough to be killed"
    execute(RunSettings.model_validate(settings), killed, Silent())
    assert tables(killed) == tables(whole)
