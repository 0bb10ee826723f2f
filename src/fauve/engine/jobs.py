"""One job: some pictures, some prompts, the cells wanted of them, and the adapter that answers.

A job is plain data, so that any process can do it: it names its adapter, and :func:`answer` makes and loads that once
per process. A failure inside a job is narrowed down to the single cells that fail; those become outcomes, the others
keep their values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
from PIL.Image import Image

from fauve.engine.judging import Lost, judged, lost
from fauve.errors import LedgerCorrupt, ModelError
from fauve.keys import canonical_json
from fauve.ledger import Answer
from fauve.ledger.images import ImageFolder
from fauve.models.callables import checked_scores
from fauve.models.protocols import Generator, Judge, Scorer
from fauve.models.registry import make_generator, make_judge, make_scorer
from fauve.models.selection import Selector
from fauve.models.selector_names import make_selector
from fauve.naming import DEFAULT_PRESET, marked_name
from fauve.records import ImageRef, Outcome

__all__ = [
    "AdapterSpec",
    "Job",
    "Model",
    "answer",
    "answer_all",
    "answer_cells",
    "answer_dimensions",
    "load_here",
    "prepare_here",
    "shown_name",
    "unload",
]


Model = Scorer | Judge | Generator | Selector


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """How to make a model anywhere: kind (scorer, judge, selector, generator), name, options, device, dtype."""

    kind: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    dtype: str = "float32"

    def make(self) -> Model:
        """The model, not loaded."""
        if self.kind == "scorer":
            return make_scorer(self.name, self.options)
        if self.kind == "judge":
            return make_judge(self.name, self.options)
        if self.kind == "selector":
            return make_selector(self.name, self.options)
        return make_generator(self.name, self.options)


@dataclass(frozen=True, slots=True)
class Job:
    """``cells`` are rows (index into images, index into subjects); subjects are prompts, or dimensions for a judge.

    ``subject_ids`` are the prompts' ids as the ledger keys them, or the dimensions' names again.
    """

    spec: AdapterSpec
    images: tuple[ImageRef, ...]
    subjects: tuple[str, ...]
    subject_ids: tuple[str, ...]
    cells: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.cells)


def answer(job: Job, root: Path) -> list[Answer]:
    """Do a job in this process, with a model that stays loaded for the next one."""
    return _answer(job, root, {})


def _answer(job: Job, root: Path, seen: dict[str, Image]) -> list[Answer]:
    if job.spec.kind == "scorer":
        return answer_cells(cast(Scorer, load_here(job.spec)), job, root, seen)
    return answer_dimensions(cast(Judge, load_here(job.spec)), job, root, seen)


def answer_all(jobs: Sequence[Job], root: Path) -> list[list[Answer]]:
    """Do jobs that share their pictures, one after the other; each picture is verified and decoded once for all."""
    seen: dict[str, Image] = {}
    return [_answer(job, root, seen) for job in jobs]


def answer_cells(scorer: Scorer, job: Job, root: Path, seen: dict[str, Image] | None = None) -> list[Answer]:
    """Scores of the job's cells by a loaded scorer.

    Pictures are verified and decoded when the scorer takes them, which lets it decode the next while it works on one.
    """
    found = _scores(scorer, _Pictures(job.images, root, seen), job.subjects, list(job.cells))
    return _answers(job, found)


def answer_dimensions(judge: Judge, job: Job, root: Path, seen: dict[str, Image] | None = None) -> list[Answer]:
    """J of the job's pictures by a loaded judge, for the dimensions that are asked."""
    pictures, unread = _open(_Pictures(job.images, root, seen))
    rows = judged(judge, {i: picture for i, picture in enumerate(pictures) if picture is not None})
    found = {(i, d): unread[i] if i in unread else rows[i][job.subjects[d]] for i, d in job.cells}
    return _answers(job, found)


def _scores(
    scorer: Scorer, pictures: _Pictures, prompts: Sequence[str], wanted: list[tuple[int, int]]
) -> dict[tuple[int, int], float | Lost]:
    """Value or reason of failure for each wanted cell; halves what fails until single cells are left."""
    if not wanted:
        return {}
    images = sorted({i for i, _ in wanted})
    texts = sorted({p for _, p in wanted})
    cells = np.array([(images.index(i), texts.index(p)) for i, p in wanted], dtype=np.intp)
    try:
        answered = scorer.score(pictures.chosen(images), [prompts[p] for p in texts], cells)
        values = checked_scores(answered, len(wanted), scorer.card.name)
    except Exception as error:
        if len(wanted) == 1:
            return {wanted[0]: lost(error)}
        half = len(wanted) // 2
        first = _scores(scorer, pictures, prompts, wanted[:half])
        return first | _scores(scorer, pictures, prompts, wanted[half:])
    return dict(zip(wanted, values.tolist(), strict=True))


class _Pictures(Sequence[Image]):
    """Stored pictures, each verified and decoded when it is first taken, and kept for the length of a job.

    Taking one raises LedgerCorrupt where the file is missing or was altered.
    """

    def __init__(self, refs: Sequence[ImageRef], root: Path, seen: dict[str, Image] | None = None) -> None:
        self._refs, self._folder = tuple(refs), ImageFolder(root)
        self._seen: dict[str, Image] = {} if seen is None else seen

    def __len__(self) -> int:
        return len(self._refs)

    @overload
    def __getitem__(self, index: int) -> Image: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Image]: ...

    def __getitem__(self, index: int | slice) -> Image | Sequence[Image]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        ref = self._refs[index]
        if ref.sha256 not in self._seen:
            self._seen[ref.sha256] = self._folder.open(ref)
        return self._seen[ref.sha256]

    def chosen(self, places: Sequence[int]) -> _Pictures:
        """Those at ``places``, sharing what is decoded already."""
        return _Pictures([self._refs[i] for i in places], self._folder.root, self._seen)


def _open(wanted: _Pictures) -> tuple[list[Image | None], dict[int, Lost]]:
    pictures: list[Image | None] = []
    unread: dict[int, Lost] = {}
    for index in range(len(wanted)):
        try:
            pictures.append(wanted[index])
        except LedgerCorrupt as error:
            pictures.append(None)
            unread[index] = lost(error)
    return pictures, unread


def _answers(job: Job, found: Mapping[tuple[int, int], float | Lost]) -> list[Answer]:
    """One answer a cell, in their order; a cell that nobody was asked about has none and stays owed."""
    answers = []
    for i, d in job.cells:
        sha, name, one = job.images[i].sha256, job.subject_ids[d], found[i, d]
        if not isinstance(one, Lost):
            answers.append(Answer(sha, name, Outcome.OK, value=one))
        elif one.sent:
            answers.append(Answer(sha, name, one.outcome, reason=one.reason))
    return answers


class _Held:
    """The one instance of a spec's model in this process."""

    def __init__(self) -> None:
        self.model: Model | None = None
        self.loaded = False


@cache
def _held(spec_key: str) -> _Held:
    """Specs are found by canonical form, as their options are a mapping."""
    return _Held()


def prepare_here(spec: AdapterSpec) -> Model:
    """The spec's model, made and checked but not loaded; its settings are complete.

    Raises:
        UnknownName, PluginError, ModelError: when the model cannot be had, with what to do about it.
    """
    held = _held(canonical_json(spec))
    if held.model is None:
        model = spec.make()
        check = getattr(model, "check", None)
        if check is not None:
            check()
        held.model = model
    return held.model


def load_here(spec: AdapterSpec) -> Model:
    """The spec's model, loaded once in this process.

    Raises:
        ModelError: also when loading changed the settings under which its values are filed.
    """
    model = prepare_here(spec)
    held = _held(canonical_json(spec))
    if not held.loaded:
        filed = canonical_json(filed_settings(spec, model))
        model.load(spec.device, spec.dtype)
        held.loaded = True
        if canonical_json(filed_settings(spec, model)) != filed:
            raise ModelError(f"{spec.name} changed its settings while it was loaded; they must be complete before")
    return model


def filed_settings(spec: AdapterSpec, model: Model) -> dict[str, Any]:
    """The settings under which values are filed; the number format is the one that loading will use."""
    settings = dict(model.settings)
    if "dtype" in settings:
        settings["dtype"] = spec.options.get("dtype") or spec.dtype
    return settings


def shown_name(model: Model) -> str:
    """The name under which values are filed and shown: that of the card, and what makes it another model than that.

    A generator that is not sampled as ``matched`` says so, which keeps two presets apart in every table; then comes
    whether its weights were never trained.
    """
    settings = dict(model.settings)
    preset = settings.get("preset", DEFAULT_PRESET) if hasattr(model, "generate") else DEFAULT_PRESET
    return marked_name(model.card.name, preset, untrained=settings.get("weights") == "random")


def unload(spec: AdapterSpec) -> None:
    """Let go of the spec's model in this process, so that the next one has room."""
    held = _held(canonical_json(spec))
    held.model, held.loaded = None, False
