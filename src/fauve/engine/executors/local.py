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
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol, TypeVar

from fauve.errors import FauveError
from fauve.vocabulary import DIMENSIONS, Dimension, add_dimensions

__all__ = ["Executor", "Inline", "Processes"]

J = TypeVar("J")
A = TypeVar("A")


class Executor(Protocol):
    """Does jobs somewhere; ``here`` where that is this process, so that work may hold what cannot be sent away."""

    here: bool

    def run(self, work: Callable[[J], A], jobs: Iterable[J], stop: Callable[[], bool]) -> Iterator[tuple[J, A]]:
        """Yield (job, answer) in the order of ``jobs``; start none once ``stop()`` is true."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Inline:
    """One job after the other in this process: for models that fill the device."""

    here = True

    def run(self, work: Callable[[J], A], jobs: Iterable[J], stop: Callable[[], bool]) -> Iterator[tuple[J, A]]:
        """Yield (job, answer) in order."""
        for job in jobs:
            if stop():
                return
            yield job, work(job)

    def close(self) -> None:
        """Nothing to give back."""


class Processes:
    """Several worker processes: for work that needs no weights and is bound by the processor.

    Work and jobs must be picklable. Workers ignore Ctrl-C: the process that started them decides what it means. They
    know the dimensions that are known here when they are started.
    """

    here = False

    def __init__(self, workers: int) -> None:
        self._ahead = 2 * workers
        # A worker fills one core; threads inside its libraries would only fight over it. They read this when imported.
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")
        self._pool = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(tuple(DIMENSIONS.values()),),
        )

    def run(self, work: Callable[[J], A], jobs: Iterable[J], stop: Callable[[], bool]) -> Iterator[tuple[J, A]]:
        """Yield (job, answer) in order, with a bounded number of jobs under way.

        Raises:
            FauveError: a worker was ended from outside, and nobody had asked to stop.
        """
        try:
            yield from self._answers(work, jobs, stop)
        except BrokenProcessPool:
            if not stop():  # else whoever asked to stop ended the workers as well
                raise FauveError(
                    "a worker process was ended from outside (killed, or out of memory); what was finished is on file, "
                    "and the same command goes on from there. Where memory is short, set [engine] workers = 1"
                ) from None

    def _answers(self, work: Callable[[J], A], jobs: Iterable[J], stop: Callable[[], bool]) -> Iterator[tuple[J, A]]:
        waiting: deque[tuple[J, Future[A]]] = deque()
        for job in jobs:
            if stop():
                break
            waiting.append((job, self._pool.submit(work, job)))
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


def _begin(dimensions: tuple[Dimension, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    add_dimensions(dimensions)
