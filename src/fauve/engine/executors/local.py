"""Jobs on this machine: in this process, or in a few worker processes.

Answers are yielded in the order of the jobs, so that what is recorded, and in which order, does not depend on timing.
When ``stop`` says so no new job is started; those in flight are finished and yielded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Generic, TypeVar

__all__ = ["Inline", "Processes"]

J = TypeVar("J")
A = TypeVar("A")


class Inline(Generic[J, A]):
    """One job after the other in this process: for models that fill the device."""

    def __init__(self, work: Callable[[J], A]) -> None:
        self._work = work

    def run(self, jobs: Iterable[J], stop: Callable[[], bool]) -> Iterator[tuple[J, A]]:
        """Yield (job, answers) in order."""
        for job in jobs:
            if stop():
                return
            yield job, self._work(job)

    def close(self) -> None:
        """Nothing to close."""


class Processes(Generic[J, A]):
    """Several worker processes: for work that needs no weights and is bound by the processor.

    ``work`` and the jobs must be picklable. Workers ignore Ctrl-C: the process that started them decides what it means.
    """

    def __init__(self, work: Callable[[J], A], workers: int) -> None:
        self._work = work
        self._ahead = 2 * workers
        self._pool = ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker
        )

    def run(self, jobs: Iterable[J], stop: Callable[[], bool]) -> Iterator[tuple[J, A]]:
        """Yield (job, answers) in order, with a bounded number of jobs under way."""
        waiting: deque[tuple[J, Future[A]]] = deque()
        for job in jobs:
            if stop():
                break
            waiting.append((job, self._pool.submit(self._work, job)))
            if len(waiting) >= self._ahead:
                yield _finished(waiting)
        while waiting:
            yield _finished(waiting)

    def close(self) -> None:
        """Stop the workers; jobs that have not started are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _finished(waiting: deque[tuple[J, Future[A]]]) -> tuple[J, A]:
    job, future = waiting.popleft()
    return job, future.result()


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One worker a core: threads inside the libraries would only fight over them.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
