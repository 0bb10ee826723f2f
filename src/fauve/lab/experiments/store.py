"""Results as they are kept: findings, what they cost, on which machine, and the command that gives them again."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fauve.errors import DataError
from fauve.keys import digest
from fauve.lab.experiments.plan import Job
from fauve.lab.experiments.run import record_of
from fauve.lab.experiments.settings import ExperimentSettings
from fauve.records import Finding

__all__ = ["STORED", "Results", "read_results", "results_of", "stored_results", "write_results"]

STORED = Path(__file__).parents[1] / "results"
"""Results that come with the package, one file an experiment."""


@dataclass(frozen=True)
class Results:
    """One experiment's findings and where they come from.

    Attributes:
        head: experiment, question, settings, hashes of the family, command, jobs done and planned, CPU seconds of the
            jobs (one thread each), machine, and ``digest`` of settings and family.
        findings: all of them.
    """

    head: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """Of the experiment."""
        return str(self.head["experiment"])

    def select(self, metric: str, **wanted: str | None) -> list[Finding]:
        """Findings of a metric whose scorer, generator or group has these values; None = the group lacks it."""
        return [f for f in self.findings if f.metric == metric and all(_part(f, k) == v for k, v in wanted.items())]

    def one(self, metric: str, **wanted: str | None) -> Finding | None:
        """The first of :meth:`select`, or None."""
        return next(iter(self.select(metric, **wanted)), None)


def _part(finding: Finding, name: str) -> str | None:
    if name in {"scorer", "generator"}:
        found: str | None = getattr(finding, name)
        return found
    return finding.group.get(name)


def results_of(
    settings: ExperimentSettings, jobs: Sequence[Job], out: Path, findings: Sequence[Finding], command: str
) -> Results:
    """Findings with their provenance."""
    records = [record for job in jobs if (record := record_of(job, out)) is not None]
    files: dict[str, str] = {}
    for job in jobs:
        files |= job.settings.get("files", {})
    plain = settings.model_dump(mode="json", exclude={"family"})
    head = {
        "experiment": settings.name,
        "question": settings.question,
        "command": command,
        "digest": digest({"settings": plain, "family": files}),
        "jobs_done": len(records),
        "jobs_planned": len(jobs),
        "cpu_seconds": round(sum(record["cpu_seconds"] for record in records), 1),
        "machine": _machine(),
        "family": files,
        "settings": plain,
    }
    return Results(head, tuple(findings))


def _machine() -> dict[str, str]:
    versions = {}
    for package in ("numpy", "torch"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def write_results(results: Results, path: Path) -> None:
    """Store as JSON, one finding a line so that a change shows as the lines that it changes."""
    head = json.dumps(results.head, indent=1, sort_keys=True, ensure_ascii=False)
    lines = ",\n".join(json.dumps(f.as_json(), ensure_ascii=False) for f in results.findings)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(f'{{"head": {head},\n"findings": [\n{lines}\n]}}\n', encoding="utf-8")
    unfinished.replace(path)


def read_results(path: Path) -> Results:
    """Read back what :func:`write_results` wrote.

    Raises:
        DataError: there is no such file, or it is no results file.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Results(stored["head"], tuple(Finding.from_json(row) for row in stored["findings"]))
    except FileNotFoundError:
        raise DataError(f"there are no results {path}; run `fauve lab run EXPERIMENT.toml --out DIR` first") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no file of results ({error!r}); run the experiment again") from None


def stored_results(folder: Path = STORED) -> dict[str, Results]:
    """All results of a folder by the experiment's name."""
    return {results.name: results for path in sorted(folder.glob("*.json")) for results in [read_results(path)]}
