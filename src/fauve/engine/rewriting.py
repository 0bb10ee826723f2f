"""The stage that has anti prompts written: captions in, pairs of prompts out, every request filed.

A request that was answered is not put again, and what was paid for lies in the rewriter's journal even where a run dies
before the ledger has it. A caption that got no anti prompt is an outcome with its reason: it makes no pair, is counted,
and is asked again once it is forgotten (``fauve retry``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fauve.engine.generating import lend_journal
from fauve.engine.prompt_sets import prompts_of
from fauve.engine.stage import Stage
from fauve.errors import ConfigError, DataError, LedgerError, ModelError
from fauve.keys import digest
from fauve.ledger.importing.prompts import PromptRow
from fauve.ledger.rewritings import Rewriting, record_rewritings, register_rewriter, written
from fauve.ledger.store import prompt_id
from fauve.models.rewriter_names import make_rewriter
from fauve.prompts import TemplateRewriter, draw_dimensions, read_captions
from fauve.prompts.rewriting import Rewriter, RewriteRequest, Rewritten
from fauve.prompts.settings import PromptSettings, RewriterSettings
from fauve.prompts.wording import word_count
from fauve.records import Outcome
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["Source", "Writer", "Written", "prepare_rewriter", "sources_of", "write_prompts"]

CAPTIONS_AT_ONCE = 16
"""Captions between two commits, for a rewriter that does not say how many it wants: a crash loses no more."""


PROMPTS_FILE = "prompts.jsonl"


@dataclass(frozen=True, slots=True)
class Source:
    """A caption whose anti prompt is wanted, with the name and groups that its pair will have."""

    id: str
    groups: Mapping[str, str]
    request: RewriteRequest

    @property
    def key(self) -> str:
        """Everything of the request that can change the text."""
        return digest(self.request)


@dataclass(frozen=True, slots=True)
class Written:
    """The pairs that there are, and what is noted with everything that is made of them: who wrote, in which version."""

    rows: list[PromptRow]
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Writer:
    """A rewriter under the name by which it was asked for; ``batch`` is how many captions it is handed at once."""

    name: str
    rewriter: Rewriter
    batch: int | None = None

    @property
    def silent(self) -> bool:
        """Whether it asks for no dimension and only matches a length."""
        return bool(getattr(self.rewriter, "length_matched", False))


def prepare_rewriter(asked: RewriterSettings) -> Writer:
    """The rewriter that the settings name, checked before any work.

    Raises:
        UnknownName, PluginError, ModelError, ConfigError: when it cannot be had, with what to do about it.
    """
    rewriter = make_rewriter(asked.name, asked.options)
    check = getattr(rewriter, "check", None)
    if check is not None:
        check()
    return Writer(asked.name, rewriter, asked.batch)


def sources_of(
    asked: PromptSettings, own: Sequence[str] = (), *, length_matched: bool = False, limit: int | None = None
) -> list[Source]:
    """What is to be written: the captions of a file under drawn dimensions, or those of a set under its own.

    Drawn from are the dimensions that the settings name, else the eleven and ``own``, names of the user's own. With
    ``length_matched`` each request says how long the prompt shall be: as long as the anti prompt of the set or file, or
    as the template's of a caption.

    Raises:
        ImportRejected: for the first fault of a file.
        ConfigError: where the dimensions cannot be drawn.
    """
    if asked.captions is None:
        return [
            Source(row.id, row.groups, _request(row.original, row.dimensions, row.anti if length_matched else None))
            for row in prompts_of(asked, limit)
        ]
    captions = read_captions(asked.captions, asked.count, asked.seed)
    names = asked.dimensions or (*PROMPT_DIMENSIONS, *own)
    drawn = draw_dimensions(len(captions), asked.seed, names, asked.sizes)
    found = []
    for caption, dealt in list(zip(captions, drawn, strict=True))[:limit]:
        request = _request(caption.text, caption.dimensions or dealt)
        if length_matched:
            (plain,) = TemplateRewriter().rewrite([request])
            request = _request(request.original, request.dimensions, plain.anti)
        found.append(Source(caption.id, {"theme": caption.theme} if caption.theme else {}, request))
    return found


def write_prompts(
    stage: Stage, asked: PromptSettings, writer: Writer, own: Sequence[str] = (), limit: int | None = None
) -> Written:
    """Have the rewriter write what the ledger does not have, and give back the pairs of all that is written.

    They lie in ``prompts.jsonl`` of the run directory as well, for people and other runs to read.

    Raises:
        ImportRejected, ConfigError: as :func:`sources_of` does.
    """
    name, rewriter, silent = writer.name, writer.rewriter, writer.silent
    sources = sources_of(asked, own, length_matched=silent, limit=limit)
    wanted = {source.key: source.request for source in sources}
    key = register_rewriter(stage.ledger, name, rewriter.settings, len(wanted))
    had = written(stage.ledger, key)
    owed = [(request_key, request) for request_key, request in wanted.items() if request_key not in had]
    if owed:
        lend_journal(rewriter, stage.ledger.directory, f"rewriter {name}")
        batches = _write(stage, key, writer, owed)
        stage.work(f"rewriter {name}", f"writing prompts with {name}", len(owed), batches)
        had = written(stage.ledger, key)
    rows = [
        PromptRow(
            source.id,
            source.request.original,
            found.anti,
            () if silent else source.request.dimensions,
            dict(source.groups),
            found.negative,
        )
        for source in sources
        if (found := had.get(source.key)) is not None and found.anti is not None
    ]
    _save(rows, stage.ledger.directory / PROMPTS_FILE)
    return Written(rows, {"rewriter": name, "rewriter_version": key})


def _request(original: str, dimensions: Sequence[str], as_long_as: str | None = None) -> RewriteRequest:
    return RewriteRequest(original, tuple(dimensions), None if as_long_as is None else word_count(as_long_as))


def _save(rows: Sequence[PromptRow], path: Path) -> None:
    """The pairs in the form in which prompts are imported; the file appears whole or not at all."""
    lines = [
        {"id": row.id, "prompt_original": row.original, "prompt_anti": row.anti, "dimensions": row.dimensions}
        | ({"groups": row.groups} if row.groups else {})
        | ({"negative": row.negative} if row.negative else {})
        for row in rows
    ]
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        partial.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise LedgerError(f"{path} cannot be written ({error.strerror}); free space or check its rights") from error


def _write(
    stage: Stage, key: str, writer: Writer, owed: Sequence[tuple[str, RewriteRequest]]
) -> Iterator[list[Rewriting]]:
    """Ask in batches and file each as it comes back; a batch that raises is asked one by one."""
    batch = writer.batch or getattr(writer.rewriter, "batch", None) or CAPTIONS_AT_ONCE
    for start in range(0, len(owed), batch):
        if stage.stop():
            return
        chunk = owed[start : start + batch]
        answers = _asked(writer.rewriter, [request for _, request in chunk])
        rows = [_filed(*one, answer) for one, answer in zip(chunk, answers, strict=True)]
        record_rewritings(stage.ledger, stage.run_number(), key, rows)
        yield rows


def _asked(rewriter: Rewriter, requests: Sequence[RewriteRequest]) -> list[Rewritten]:
    try:
        answers = list(rewriter.rewrite(requests))
    except (ConfigError, ModelError):
        raise  # a key that is gone, a journal that cannot be read: the next request would fare no better
    except Exception as error:
        if len(requests) > 1:
            return [answer for one in requests for answer in _asked(rewriter, [one])]
        return [Rewritten(Outcome.FAILED, reason=f"{type(error).__name__}: {error}")]
    if len(answers) != len(requests) or not all(isinstance(answer, Rewritten) for answer in answers):
        wanted = f"{len(requests)} requests; one Rewritten for each is wanted"
        reason = f"the rewriter gave {len(answers)} answers to {wanted}"
        return [Rewritten(Outcome.FAILED, reason=reason) for _ in requests]
    return answers


def _filed(key: str, request: RewriteRequest, answer: Rewritten) -> Rewriting:
    """The answer as it is kept; a text that is none becomes its outcome."""
    asked = (key, request.original, request.dimensions)
    if answer.anti is None:
        return Rewriting(*asked, answer.outcome, reason=answer.reason, facts=answer.facts)
    try:
        for text in (answer.anti, answer.negative or ""):
            prompt_id(text)
    except DataError as error:
        return Rewriting(*asked, Outcome.UNPARSABLE, reason=str(error), facts=answer.facts)
    if not answer.anti.strip() or answer.anti.strip() == request.original.strip():
        reason = "the anti prompt is empty, or the caption itself"
        return Rewriting(*asked, Outcome.UNPARSABLE, reason=reason, facts=answer.facts)
    return Rewriting(*asked, Outcome.OK, answer.anti, answer.negative, facts=answer.facts)
