"""A run: make what is missing, score what is missing, record each piece as it finishes.

The same call again is the resume. Nothing here interprets a number.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

from fauve.engine.editing import check_sources, edit_pairs
from fauve.engine.emotion import Casting, portray
from fauve.engine.estimate import seconds_for
from fauve.engine.executors.local import Executor, Inline, Processes
from fauve.engine.faces import FaceSearch
from fauve.engine.generating import (
    Painters,
    generate,
    here,
    lend_journal,
    owed_pictures,
    paint,
    refuse_other_prompts,
    refuse_other_settings,
    settings_of_slots,
    store_pairs,
)
from fauve.engine.interrupt import stoppable
from fauve.engine.jobs import AdapterSpec, answer_all, filed_settings, load_here, prepare_here, shown_name, unload
from fauve.engine.plan import Work, bundles, shortly
from fauve.engine.progress import Progress
from fauve.engine.prompt_sets import prompts_of
from fauve.engine.provenance import versions
from fauve.engine.rewriting import Writer, Written, prepare_rewriter, write_prompts
from fauve.engine.selecting import select_all
from fauve.engine.stage import Stage, Tally
from fauve.engine.stimuli import Base, base_photographs, missing_stimuli, render, store_base, store_stimuli
from fauve.engine.wordings import worded
from fauve.errors import ConfigError, Interrupted
from fauve.keys import canonical_json
from fauve.ledger import Answer, Ledger, queries
from fauve.ledger.endings import NOT_SENT, ending
from fauve.ledger.importing import import_contrasts, import_pairs, import_scores
from fauve.ledger.importing.templates import read_templates
from fauve.ledger.owed import owed_cells, owed_dimensions
from fauve.ledger.own_dimensions import file_dimensions
from fauve.ledger.seals import seal_run, seal_runs
from fauve.models.protocols import Generator, Judge, Scorer
from fauve.settings import AdapterSettings, EditSettings, GeneratorSettings, RunSettings
from fauve.vocabulary import add_dimensions

__all__ = ["GIVE_UP_AFTER", "REQUESTS_AT_ONCE", "RunSummary", "execute"]

REQUESTS_AT_ONCE = 4
"""Requests between two commits, for a generator that does not say how many it wants: a crash loses no more."""

GIVE_UP_AFTER = 3
"""An adapter whose first so many jobs bring no single value is stopped: the rest would fail alike."""


@dataclass(slots=True)
class RunSummary:
    """What a run did: new items by origin, outcomes by adapter name; ``stopped`` names adapters that were given up."""

    imported: int = 0
    stimuli: int = 0
    generated: int = 0
    edited: int = 0
    portrayed: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def did_nothing(self) -> bool:
        """Whether everything that was asked for was there."""
        new = self.imported + self.stimuli + self.generated + self.edited + self.portrayed
        return not (new or self.outcomes or self.interrupted)

    def as_json(self) -> dict[str, object]:
        """For the ledger's table of runs."""
        return {
            "imported": self.imported,
            "stimuli": self.stimuli,
            "generated": self.generated,
            "edited": self.edited,
            "portrayed": self.portrayed,
            "outcomes": {name: dict(sorted(counts.items())) for name, counts in sorted(self.outcomes.items())},
            "seconds": {name: round(value, 2) for name, value in sorted(self.seconds.items())},
            "stopped": self.stopped,
            "interrupted": self.interrupted,
        }


def execute(
    settings: RunSettings, directory: Path, progress: Progress, *, command: str = "run", limit: int | None = None
) -> RunSummary:
    """Bring the ledger in ``directory`` up to what the settings ask for.

    ``limit`` scores the first so many items only (stimuli are made in full).

    Raises:
        Interrupted: after Ctrl-C, when what was in flight is recorded.
        FauveError: when input or a model is unusable; for models before any work is done.
    """
    adapters = [*(_spec("scorer", a) for a in settings.scorers), *(_spec("judge", a) for a in settings.judges)]
    generators = [*settings.generators, *(asked.generator for asked in settings.edits)]
    selectors = [_spec("selector", asked) for asked in settings.selectors]
    add_dimensions(settings.own_dimensions)
    for spec in [*adapters, *selectors, *(_spec("generator", g) for g in generators)]:
        prepare_here(spec)
    rewriter = None if settings.prompts.rewriter is None else prepare_rewriter(settings.prompts.rewriter)
    _refuse_shared_rows(settings.generators)
    faces = FaceSearch(settings.emotion.finder)
    summary = RunSummary()
    with (
        Ledger(directory, write=True) as ledger,
        stoppable(lambda: progress.say("Stopping: finishing what is in flight. Again to stop at once.")) as stop,
    ):
        file_dimensions(ledger, settings.own_dimensions)
        summary.imported = _import(ledger, settings)
        _Run(ledger, settings, progress, stop, summary, command, limit, faces, rewriter).go(adapters)
    if summary.interrupted:
        raise Interrupted("stopped on request; what had finished is in the ledger. The same command goes on from there")
    return summary


def _spec(kind: str, settings: AdapterSettings) -> AdapterSpec:
    return AdapterSpec(kind, settings.name, settings.options, settings.device, settings.dtype)


def _refuse_shared_rows(generators: Sequence[GeneratorSettings]) -> None:
    """Make sure that no two generators are filed and shown under one name, as their pictures would share a row."""
    names = Counter(shown_name(prepare_here(_spec("generator", asked))) for asked in generators)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise ConfigError(f"two generators would fill one row as {', '.join(twice)}; give each a run directory")


def _batch(asked: GeneratorSettings, model: object) -> int:
    """Requests at once: what the settings say, or the generator itself."""
    return asked.batch or getattr(model, "batch", None) or REQUESTS_AT_ONCE


def _import(ledger: Ledger, settings: RunSettings) -> int:
    new = 0
    for path in settings.data.pairs:
        new += import_pairs(ledger, path).new
    for path in settings.data.contrasts:
        new += import_contrasts(ledger, path).new
    for path in settings.data.scores:
        new += import_scores(ledger, path).new
    return new


@dataclass(slots=True)
class _Run:
    """The state that the stages of one run share."""

    ledger: Ledger
    settings: RunSettings
    progress: Progress
    stop: Callable[[], bool]
    summary: RunSummary
    command: str
    limit: int | None
    faces: FaceSearch
    rewriter: Writer | None = None
    _number: int | None = None
    _pool: Processes | None = None

    def go(self, adapters: Sequence[AdapterSpec]) -> None:
        try:
            makers = self.settings.generators
            rows = {shown_name(prepare_here(_spec("generator", asked))) for asked in makers}
            check_sources(self.ledger, self.settings.edits, rows | {asked.name for asked in makers})
            self._make_stimuli()
            prompts = self._prompts()
            only_portraits = not self.settings.prompts.named and self.settings.emotion.file is not None
            for generator in () if only_portraits else self.settings.generators:
                if not self.stop():
                    self._generate(generator, prompts)
            bounds = {asked.below.scorer for asked in self.settings.edits if asked.below is not None}
            self._score_all([spec for spec in adapters if spec.kind == "scorer" and spec.name in bounds])
            for asked in self.settings.edits:
                if not self.stop():
                    self._edit(asked)
            self._portray()
            self._score_all(adapters)
            if not self.stop():
                select_all(self._stage(), self.settings.selectors, self.limit)
            self.summary.interrupted = self.stop()
        finally:
            self.progress.done()
            if self._pool is not None:
                self._pool.close()
            if self._number is not None:
                self.ledger.finish_run(self._number, self.summary.as_json())
                seal_run(self.ledger, self._number)

    def _score_all(self, adapters: Sequence[AdapterSpec]) -> None:
        """Bring up to date what these scorers and judges owe."""
        works = [work for work in map(self._owed, adapters) if work.owed.rows]
        together = [work for work in works if work.weightless]
        for group in [together, *([work] for work in works if not work.weightless)]:
            if group and not self.stop():
                self._score(group)

    def _make_stimuli(self) -> None:
        jobs = list(missing_stimuli(self.ledger, self._bases(), self.settings.stimuli))
        if not jobs:
            return
        self.progress.stage("making stimuli", sum(map(len, jobs)))
        before: dict[str, str] = {}
        for job, pictures in self._executor(len(jobs), alone=False).run(render, jobs, self.stop):
            name = job.base.name
            before[name] = before.get(name) or store_base(self.ledger, job.base)
            store_stimuli(self.ledger, job, before[name], pictures)
            self.summary.stimuli += len(job)
            self.progress.advance(len(job))

    def _prompts(self) -> Written:
        """The pairs of prompts, and what is noted of them; a rewriter writes first what it owes."""
        asked = self.settings.prompts
        if self.rewriter is not None:
            own = tuple(self.settings.dimensions)
            return worded(write_prompts(self._stage(), asked, self.rewriter, own, self.limit), asked)
        rows = prompts_of(asked, self.limit) if self.settings.generators and asked.named else []
        return worded(Written(rows, {}), asked)

    def _generate(self, asked: GeneratorSettings, written: Written) -> None:
        """Bring one generator's pictures to their end, and make items of the pairs that are complete."""
        spec, prompts = _spec("generator", asked), written.rows
        model = cast(Generator, prepare_here(spec))
        name, settings = shown_name(model), settings_of_slots(model)
        refuse_other_settings(self.ledger, name, settings)
        refuse_other_prompts(self.ledger, name, prompts)
        adapter = self.ledger.register("generator", name, settings, model.card.as_json())
        chosen = self.settings.prompts
        apart = settings.get("preset") == "paper"
        owed = owed_pictures(self.ledger, adapter, prompts, chosen.draws, apart=apart, negative=chosen.negative)
        if owed:
            lend_journal(model, self.ledger.directory)
            load_here(spec)
            self.progress.stage(f"generating with {name}", len(owed))
            counts = self.summary.outcomes.setdefault(name, Counter())
            batch, started = asked.batch or getattr(model, "batch", None) or REQUESTS_AT_ONCE, time.monotonic()
            painters = self._painters(spec, model, len(owed) // batch)
            for rows in generate(self.ledger, self._run_number(), adapter, painters, owed, batch, self.stop):
                counts.update(ending(row.outcome, row.facts) for row in rows)
                self.progress.advance(len(rows))
            self.summary.seconds[name] = time.monotonic() - started
            facts = getattr(model, "provenance", None)
            if facts is not None:
                self.ledger.record_provenance(self._run_number(), adapter, facts)
            unload(spec)
        self.summary.generated += store_pairs(self.ledger, adapter, name, prompts, chosen.draws, written.notes)

    def _painters(self, spec: AdapterSpec, model: Generator, jobs: int) -> Painters:
        """Who makes the pictures: the model here, or copies of it in worker processes where it needs no weights."""
        executor = self._executor(jobs, alone=not getattr(model, "weightless", False))
        return here(model) if executor.here else Painters(executor, partial(paint, spec))

    def _stage(self) -> Stage:
        tally = Tally(self.summary.outcomes, self.summary.seconds)
        return Stage(self.ledger, self.progress, self.stop, self._run_number, tally)

    def _edit(self, asked: EditSettings) -> None:
        """Bring one editor's edits to their end."""
        settings, spec = self.settings, _spec("generator", asked.generator)
        named = [*(("generator", g) for g in settings.generators), *(("scorer", s) for s in settings.scorers)]
        names: dict[str, str] = {}
        for kind, entry in named:
            shown = shown_name(prepare_here(_spec(kind, entry)))
            names = {entry.name: shown} | names | {shown: shown}
        batch = _batch(asked.generator, prepare_here(spec))
        self.summary.edited += edit_pairs(self._stage(), asked, spec, names, batch, self.limit)

    def _portray(self) -> None:
        """Bring every generator's portraits, and its edits of the happy ones, to their end."""
        asked = self.settings.emotion
        templates = [] if asked.file is None else read_templates(asked.file)[: self.limit]
        for generator in self.settings.generators if templates else ():
            if self.stop():
                return
            spec = _spec("generator", generator)
            casting = Casting(templates, asked.draws, self.faces, _batch(generator, prepare_here(spec)))
            edits = asked.edits if isinstance(asked.edits, bool) else generator.name in asked.edits
            self.summary.portrayed += portray(self._stage(), casting, spec, edits=edits)

    def _bases(self) -> list[Base]:
        wanted = self.settings.data.photographs
        if wanted is None:
            others = "SELECT EXISTS (SELECT 1 FROM items WHERE generator <> 'stimuli')"
            wanted = not self.settings.generators and not self.ledger.db.execute(others).fetchone()[0]
        return base_photographs(self.settings.stimuli) if wanted else []

    def _owed(self, spec: AdapterSpec) -> Work:
        model = prepare_here(spec)
        scope = self._scope(spec) or getattr(model, "of", ())
        filed, card = filed_settings(spec, model), model.card.as_json()
        adapter = self.ledger.register(spec.kind, shown_name(model), filed, card, scope)
        if spec.kind == "judge":
            owed = owed_dimensions(self.ledger, adapter, cast(Judge, model).dimensions, self.limit, scope)
        else:
            owed = owed_cells(self.ledger, adapter, self.limit, scope)
        return Work(spec, adapter, owed, weightless=getattr(model, "weightless", False))

    def _scope(self, spec: AdapterSpec) -> tuple[str, ...]:
        """The generators whose pictures the settings want this adapter to see."""
        asked = self.settings.scorers if spec.kind == "scorer" else self.settings.judges
        return next((entry.of for entry in asked if entry.name == spec.name), ())

    def _announce(self, work: Work) -> None:
        seconds = seconds_for(cast(Scorer | Judge, load_here(work.spec)), work)
        shared = min(self.settings.engine.workers, work.images) if work.weightless else 1
        done = f", {work.owed.done:,} on file" if work.owed.done else ""
        self.progress.say(
            f"{work.spec.name}: {len(work.owed.rows):,} values of {work.images:,} pictures{done}; "
            + (
                "no estimate"
                if seconds is None
                else f"about {max(1, round(seconds / shared)):,} s, judged by one picture"
            )
        )

    def _score(self, works: Sequence[Work]) -> None:
        """Bring these adapters' work to its end; several go over the same pictures together."""
        ledger, summary = self.ledger, self.summary
        for work in works:
            lend_journal(cast(Scorer, prepare_here(work.spec)), ledger.directory)
            self._announce(work)
            self._file_facts(work)
        by_spec = {canonical_json(work.spec): work for work in works}
        jobs = list(bundles(ledger, works, self.settings.engine.images_per_job))
        self.progress.stage(shortly(works), sum(len(work.owed.rows) for work in works))
        executor = self._executor(len(jobs), alone=not works[0].weightless)
        jobs_done: Counter[str] = Counter()
        started = time.monotonic()
        work_here = partial(answer_all, root=ledger.directory)
        for bundle, answered in executor.run(
            work_here, jobs, lambda: self.stop() or all(work.spec.name in summary.stopped for work in works)
        ):
            with ledger.transaction():  # what was worked out together is filed together
                for job, answers in zip(bundle, answered, strict=True):
                    name = job.spec.name
                    self._record(by_spec[canonical_json(job.spec)], answers, len(job))
                    jobs_done[name] += 1
                    if not summary.outcomes[name]["ok"] and jobs_done[name] == GIVE_UP_AFTER:
                        self._give_up(name, (answers and answers[-1].reason) or "nobody could be asked")
            self.progress.advance(sum(map(len, bundle)))
        summary.seconds[", ".join(work.spec.name for work in works)] = time.monotonic() - started
        for work in works:
            unload(work.spec)

    def _file_facts(self, work: Work) -> None:
        """What a model says of itself and of the prompts: device and versions, tokens and what was cut of them."""
        model = load_here(work.spec)
        facts = getattr(model, "provenance", None)
        if facts is not None:
            self.ledger.record_provenance(self._run_number(), work.adapter, facts)
        count = getattr(model, "tokens", None)
        if count is not None:
            ids = list(dict.fromkeys(prompt for _, prompt in work.owed.rows))
            texts = queries.prompts(self.ledger, ids)
            counted = count([texts[prompt] for prompt in ids])
            self.ledger.record_tokens(work.adapter, [(p, n, cut) for p, (n, cut) in zip(ids, counted, strict=True)])

    def _record(self, work: Work, answers: Sequence[Answer], asked: int) -> None:
        record = self.ledger.record_cells if work.spec.kind == "scorer" else self.ledger.record_dimension_scores
        record(self._run_number(), work.adapter, answers)
        counts = self.summary.outcomes.setdefault(work.spec.name, Counter())
        counts.update(a.outcome.value for a in answers)
        if asked > len(answers):
            counts[NOT_SENT] += asked - len(answers)

    def _give_up(self, name: str, reason: str) -> None:
        self.summary.stopped[name] = reason
        self.progress.say(f"{name} is given up: its first {GIVE_UP_AFTER} jobs brought no value: {reason}")

    def _executor(self, jobs: int, *, alone: bool) -> Executor:
        """This process for models that fill the device and for a handful of jobs, else the pool of workers."""
        workers = self.settings.engine.workers
        if alone or workers == 1 or jobs < 2 * workers:
            return Inline()
        if self._pool is None:
            self._pool = Processes(workers)
        return self._pool

    def _run_number(self) -> int:
        if self._number is None:
            seal_runs(self.ledger)
            self._number = self.ledger.begin_run(self.command, versions())
        return self._number
