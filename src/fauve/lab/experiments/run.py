"""Running an experiment: what is not there yet is done, in processes; killed and started again it goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError
from fauve.lab.adapters.files import SHIPPED
from fauve.lab.experiments.plan import Job, plan
from fauve.lab.experiments.settings import ExperimentSettings

__all__ = ["Record", "family_folder", "record_of", "run_experiment"]

Record = dict[str, Any]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def family_folder(settings: ExperimentSettings) -> Path:
    """Where the experiment's base, trunk and matcher lie."""
    return SHIPPED if settings.family == "shipped" else Path(settings.family)


def record_of(job: Job, out: Path) -> Record | None:
    """The record of a job that is done, else None."""
    try:
        found: Record = json.loads((out / "jobs" / f"{job.key}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found


def run_experiment(
    settings: ExperimentSettings,
    out: Path,
    *,
    workers: int = 1,
    limit: int | None = None,
    progress: Callable[[Job, Record, int, int], None] | None = None,
) -> list[Job]:
    """Do every job of an experiment that is not done, and return the plan.

    Args:
        settings: the experiment.
        out: gets ``jobs/`` with a record, and weights or outcomes, a job. Experiments may share it.
        workers: processes of one thread; what comes out does not depend on it. 0 = in this process.
        limit: stop after so many jobs; the same command again goes on.
        progress: is told each job as it ends, its record, how many are done and how many there are.

    Raises:
        ConfigError: torch, which training needs, is not installed.
        WeightsMissing, UnknownName: the family lacks a file.
    """
    jobs = plan(settings, family_folder(settings))
    (out / "jobs").mkdir(parents=True, exist_ok=True)
    records = {job.key: record for job in jobs if (record := record_of(job, out)) is not None}
    waiting = [job for job in jobs if job.key not in records][:limit]
    if waiting:
        _need_torch()

    def ended(job: Job, record: Record) -> None:
        records[job.key] = record
        if progress is not None:
            progress(job, record, len(records), len(jobs))

    def do(job: Job) -> tuple[Any, ...]:
        return job, family_folder(settings), out, _void_need(job, records)

    if workers == 0:
        for job in waiting:
            ended(job, _one(*do(job)))
        return jobs
    for name in THREADS:  # read by the children when they load their libraries
        os.environ.setdefault(name, "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as processes:
        _spread(processes, workers, waiting, records, do, ended)
    return jobs


def _spread(
    processes: Executor,
    workers: int,
    waiting: list[Job],
    records: Mapping[str, Record],
    do: Callable[[Job], tuple[Any, ...]],
    ended: Callable[[Job, Record], None],
) -> None:
    """Hand out each job when what it needs is done, the first of the plan first, one a worker."""
    running: dict[Future[Record], Job] = {}
    while waiting or running:
        ready = [job for job in waiting if set(job.needs.values()) <= records.keys()][: workers - len(running)]
        waiting = [job for job in waiting if job not in ready]
        for job in ready:
            running[processes.submit(_one, *do(job))] = job
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            ended(running.pop(future), future.result())


def _void_need(job: Job, records: Mapping[str, Record]) -> str | None:
    """Why something that a job needs does not exist, if it does not."""
    voids: Iterable[str] = (records[key]["figures"].get("void") for key in job.needs.values())
    return next((void for void in voids if void), None)


def _one(job: Job, family: Path, out: Path, void: str | None) -> Record:
    # torch is loaded by those who do the work alone
    from fauve.lab.experiments.jobs import Shop, do_job  # noqa: PLC0415
    from fauve.lab.training.loop import one_thread  # noqa: PLC0415

    began = time.process_time()
    with one_thread():
        figures = {"void": void} if void else do_job(job, Shop(family, out / "jobs"))
    record: Record = {
        "key": job.key,
        "kind": job.kind,
        "settings": dict(job.settings),
        "needs": dict(job.needs),
        "figures": figures,
        "cpu_seconds": round(time.process_time() - began, 2),
    }
    place = out / "jobs" / f"{job.key}.json"
    unfinished = place.with_name(place.name + ".part")
    unfinished.write_text(json.dumps(record, sort_keys=True) + "\n", encoding="utf-8")
    unfinished.replace(place)
    return record


def _need_torch() -> None:
    try:
        import torch  # noqa: F401, PLC0415
    except ImportError:
        raise ConfigError("training needs torch: pip install 'fauve[models]', then the same command again.") from None
