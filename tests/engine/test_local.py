"""One contract for every local executor: order kept, nothing started after a stop, errors raised."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from itertools import count

import pytest

from fauve.engine.executors.local import Executor, Inline, Processes
from fauve.errors import FauveError
from fauve.vocabulary import DIMENSIONS, Dimension


def slow_first(n: int) -> tuple[int, int]:
    time.sleep(0.2 if n == 0 else 0.0)
    return n * n, os.getpid()


def fail_on_three(n: int) -> int:
    if n == 3:
        raise ValueError("three")
    return n


@pytest.fixture(params=["inline", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    made: Executor = Inline() if request.param == "inline" else Processes(2)
    yield made
    made.close()


def test_answers_come_in_the_order_of_the_jobs(executor: Executor) -> None:
    found = list(executor.run(slow_first, range(20), lambda: False))
    assert [(job, value) for job, (value, _) in found] == [(n, n * n) for n in range(20)]


def test_after_a_stop_what_is_in_flight_is_finished_and_nothing_else(executor: Executor) -> None:
    seen: list[int] = []
    for job, _ in executor.run(slow_first, range(1000), lambda: len(seen) >= 3):
        seen.append(job)
    assert seen == list(range(len(seen)))
    assert 3 <= len(seen) <= 3 + 4


def test_an_error_reaches_the_caller(executor: Executor) -> None:
    with pytest.raises(ValueError, match="three"):
        list(executor.run(fail_on_three, range(10), lambda: False))


def die_on_three(n: int) -> int:
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


@pytest.mark.parametrize("asked_to_stop", [False, True])
def test_a_worker_that_is_killed_is_said_unless_somebody_asked_to_stop(asked_to_stop: bool) -> None:
    pool, calls = Processes(2), count()
    answers = pool.run(die_on_three, range(50), lambda: asked_to_stop and next(calls) > 3)
    done: list[int] = []
    try:
        if asked_to_stop:
            done += [job for job, _ in answers]
        else:
            with pytest.raises(FauveError, match=r"ended from outside .* same command goes on"):
                done += [job for job, _ in answers]
    finally:
        pool.close()
    assert 3 not in done


def test_processes_work_elsewhere() -> None:
    pool = Processes(2)
    pids = {pid for _, (_, pid) in pool.run(slow_first, range(20), lambda: False)}
    pool.close()
    assert os.getpid() not in pids


def knows(name: str) -> bool:
    return name in DIMENSIONS


def test_workers_know_the_dimensions_that_are_known_here(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Dimension("pixelated", "squares", "some squares", "none", "it falls into squares", "seamless")
    monkeypatch.setitem(DIMENSIONS, own.name, own)
    pool = Processes(1)
    try:
        names = ["pixelated", "film grain"]
        assert list(pool.run(knows, names, lambda: False)) == [("pixelated", True), ("film grain", False)]
    finally:
        pool.close()
