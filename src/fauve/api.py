"""What can be done with Fauve from Python; the command line calls nothing else.

Each function takes plain arguments and a run directory, and raises :class:`fauve.errors.FauveError` with a message that
can be shown as it is.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from fauve.engine.audits import audit_settings, settings_for
from fauve.engine.jobs import AdapterSpec
from fauve.engine.progress import Progress, Silent
from fauve.engine.provenance import versions
from fauve.engine.run import RunSummary, execute
from fauve.engine.steering import WEIGHTLESS_SCORERS, Steered, Trial
from fauve.engine.steering import steer as make_steered
from fauve.errors import ConfigError, DataError, LedgerError, UnknownName
from fauve.ledger import Ledger, queries
from fauve.ledger.seals import broken_seals
from fauve.ledger.state import fingerprint
from fauve.models.conformance import Check, examine
from fauve.models.registry import SCORERS, make_scorer
from fauve.records import Finding
from fauve.report.comparison_run import compare
from fauve.report.contact_sheet import write_sheet
from fauve.report.playing import Playing
from fauve.report.site import build_report
from fauve.report.verification import (
    Fault,
    altered_pages,
    altered_texts,
    differing_findings,
    replaced_pictures,
    unsealed_or_altered,
)
from fauve.settings import RunSettings
from fauve.studies import STUDIES, analyse, analyse_all
from fauve.studies.evidence import Evidence

__all__ = [
    "RunResult",
    "Verified",
    "audit",
    "audit_settings",
    "compare",
    "findings_in",
    "findings_of",
    "report",
    "run",
    "steer",
    "study",
    "verify",
]

FINDINGS = "findings.json"

_KIND = re.compile(r"((?:[A-Za-z]\w*:)?)(.*)", re.DOTALL)
"""What a name says before a place: ``diffusers:``, ``clip:``."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run left behind; ``fresh`` is False where nothing had to be done."""

    summary: RunSummary
    report: Path
    fresh: bool


def run(
    settings: RunSettings | None = None,
    directory: Path = Path("fauve-run"),
    progress: Progress | None = None,
    *,
    limit: int | None = None,
) -> RunResult:
    """Plan, make stimuli, score, judge, analyse, report: the main job. The same call again is the resume.

    Args:
        settings: None for what the directory holds, where something was imported into it, else the embedded default.
        directory: the run directory; made where it does not exist.
        progress: who is told; None for nobody.
        limit: score the first so many items only.

    Raises:
        Interrupted: after Ctrl-C.
        FauveError: when input or a model is unusable.
    """
    told = progress or Silent()
    resolved = settings or settings_for(directory)
    summary = execute(resolved, directory, told, limit=limit)
    page = directory / "report" / "index.html"
    if summary.did_nothing and page.is_file() and _made_from(directory) == _fingerprint(directory):
        return RunResult(summary, page, fresh=False)
    _write(directory / "run.toml", _run_toml(resolved))
    return RunResult(summary, report(directory, told), fresh=True)


def audit(
    targets: Sequence[str],
    data: str = "photographs",
    directory: Path = Path("fauve-audit"),
    progress: Progress | None = None,
    *,
    limit: int | None = None,
    weights: Mapping[str, str] | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> RunResult:
    """Every reward study that ``data`` allows, on the scorers ``targets`` beside the controls.

    Targets are registered names or ``module:Name``; see :func:`audit_settings`. Raises as :func:`run` does.
    """
    settings = audit_settings(targets, data, weights, device, dtype)
    told = progress or Silent()
    for name in targets:
        if name not in SCORERS:
            for check in examine_stranger(name, device, dtype):
                told.say(f"{name}: {check.name}: {check.verdict}: {check.detail}")
    return run(settings, directory, told, limit=limit)


def examine_stranger(name: str, device: str = "cpu", dtype: str = "float32") -> list[Check]:
    """What the conformance kit finds wrong or worth knowing of a scorer that is not Fauve's own."""
    scorer = make_scorer(name)
    scorer.load(device, dtype)
    return [check for check in examine(scorer) if check.verdict != "pass"]


def study(name: str, directory: Path) -> list[Finding]:
    """One study's findings from what the ledger holds now.

    Raises:
        UnknownName: no study is called so.
        DataError: the directory holds no ledger.
    """
    if name not in STUDIES:
        raise UnknownName("study", name, STUDIES)
    with Ledger(directory) as ledger:
        return analyse(name, Evidence.read(ledger))


def report(directory: Path, progress: Progress | None = None) -> Path:
    """Analyse what the ledger holds, write ``findings.json`` and (re)build the site; returns its first page."""
    told = progress or Silent()
    with Ledger(directory) as ledger:
        made_from = fingerprint(ledger)
        gone = sum(not (directory / ref.path).is_file() for ref in queries.image_refs(ledger))
        if gone:
            told.say(f"{gone:,} {'picture is' if gone == 1 else 'pictures are'} missing; `fauve verify` names them")
        told.say("analysing")
        with Playing(ledger) as playing:  # it needs no finding: begun first, it is made while the studies work
            evidence = Evidence.read(ledger)
            findings = analyse_all(evidence)
            rows = [f.as_json() for f in findings]
            _write(directory / FINDINGS, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
            told.say(f"{len(findings):,} findings; drawing the report")
            page = build_report(
                ledger,
                findings,
                tuple(STUDIES.values()),
                directory / "report",
                {"versions": versions(), "title": "Fauve"},
                evidence=evidence,
                playing=playing,
            )
    _write(directory / "report" / ".made-from", made_from)
    return page


def steer(
    prompt: str,
    model: str,
    directory: Path = Path("fauve-steer"),
    progress: Progress | None = None,
    *,
    avoid: str | None = None,
    method: str | None = None,
    strengths: Sequence[float] = (),
    dials: Sequence[float] = (),
    seed: int = 0,
    scorers: Sequence[str] = WEIGHTLESS_SCORERS,
    scorer_weights: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "cpu",
) -> tuple[Steered, Path]:
    """One prompt at several strengths of guidance, or places of the alignment dial, as a contact sheet.

    Args:
        prompt: what the picture shall show.
        model: a generator that runs on this machine.
        directory: where ``sheet.html``, ``sheet.png``, ``steer.json`` and the pictures go.
        progress: who is told; None for nobody.
        avoid: the things that it shall not show.
        method: ``vsf`` or ``nag``; None for what the model's name says, else VSF.
        strengths, dials: see :class:`fauve.engine.steering.Trial`.
        seed: of the noise.
        scorers: names of who scores the pictures.
        scorer_weights: for a scorer the file, folder or hub id that it is loaded from.
        options: of the generator: ``weights``, ``delta``, ``size``, ``steps``…
        device: where all of it runs.

    Returns:
        What was made, and the page.

    Raises:
        FauveError: when anything is unusable; before anything is made as far as that can be known.
    """
    given = dict(scorer_weights or {})
    if strangers := sorted(given.keys() - set(scorers)):
        raise ConfigError(f"weights are given for {', '.join(strangers)}, which is no scorer here; name it as one too")
    specs = tuple(
        AdapterSpec("scorer", name, {"weights": given[name]} if name in given else {}, device)
        for name in dict.fromkeys(scorers)
    )
    trial = Trial(
        prompt, model, avoid, method, tuple(strengths), tuple(dials), seed, dict(options or {}), specs, device
    )
    steered = make_steered(trial, progress)
    return steered, write_sheet(steered, directory)


def findings_of(directory: Path) -> list[Finding]:
    """What ``findings.json`` of a run directory states.

    Raises:
        DataError: there is none, or it is no such file.
    """
    return _read_findings(directory / FINDINGS)


def _read_findings(path: Path) -> list[Finding]:
    try:
        return [Finding.from_json(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        where = path.parent if path.name == FINDINGS else path
        raise DataError(f"{path} does not exist; make it with `fauve report {where}`") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no list of findings ({error}); make it again with `fauve report`") from None


def findings_in(path: Path) -> list[Finding]:
    """The findings of a run directory, or of a file like its ``findings.json``.

    Raises:
        DataError: there are none, or it is no such file.
    """
    return findings_of(path) if path.is_dir() else _read_findings(path)


@dataclass(frozen=True, slots=True)
class Verified:
    """What :func:`verify` looked at and found; ``unsealed`` counts runs that were cut off."""

    faults: list[Fault]
    pictures: int
    runs: int
    numbers: int
    unsealed: int


def verify(directory: Path, progress: Progress | None = None) -> Verified:
    """Recompute every number of a report from its ledger; check pictures, texts, answers, imports and the pages.

    Raises:
        DataError: the directory holds no ledger or no findings.
    """
    told = progress or Silent()
    with Ledger(directory) as ledger:
        written = findings_of(directory)
        told.say("checking pictures and answers")
        faults = [*replaced_pictures(ledger), *unsealed_or_altered(ledger), *altered_texts(ledger)]
        faults += altered_pages(directory / "report")
        told.say("computing every number anew")
        faults += differing_findings(written, analyse_all(Evidence.read(ledger)))
        pictures = int(ledger.db.execute("SELECT count(*) FROM images").fetchone()[0])
        runs = int(ledger.db.execute("SELECT count(*) FROM runs").fetchone()[0])
        _, unsealed = broken_seals(ledger)
    return Verified(faults, pictures, runs, len(written), unsealed)


def _run_toml(settings: RunSettings) -> str:
    """Resolved settings and versions. Files are named, not located: a run directory may move to another machine.

    What weights are is in the ledger, by the hashes of their files; here stands the name of their folder.
    """
    plain = _named(settings.model_dump(exclude_none=True))
    return tomli_w.dumps(plain | {"versions": versions()})


def _named(value: Any) -> Any:
    """Settings with every place on this machine cut down to its last name; what stands on a hub stays as it is."""
    if isinstance(value, Mapping):
        return {key: _named(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_named(entry) for entry in value]
    if isinstance(value, Path):
        return value.name
    if not isinstance(value, str):
        return value
    kind, place = _KIND.match(value).groups()  # type: ignore[union-attr]
    return f"{kind}{Path(place).name}" if _is_place(place) else value


def _is_place(text: str) -> bool:
    """Whether a setting is a path: it starts like one, or has folders and is there."""
    if text.startswith("//"):  # of a URL
        return False
    if text.startswith(("/", "~/", "./", "../")):
        return True
    try:
        return "/" in text and Path(text).exists()
    except OSError:
        return False


def _made_from(directory: Path) -> str:
    try:
        return (directory / "report" / ".made-from").read_text(encoding="utf-8")
    except OSError:
        return ""


def _fingerprint(directory: Path) -> str:
    with Ledger(directory) as ledger:
        return fingerprint(ledger)


def _write(path: Path, text: str) -> None:
    """Appears whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise LedgerError(f"{path} cannot be written ({error.strerror}); free space or check its rights") from error
