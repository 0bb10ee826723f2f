"""Requests through a loaded pipeline: grouped, in batches, each answered, the failing ones told from the others."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image

from fauve.errors import FauveError, InvalidOutput, ModelError
from fauve.imaging import encode_png
from fauve.models.batching import BatchSize
from fauve.models.generators.edits import encode_decode, fitted
from fauve.models.generators.facts import Sampling, System
from fauve.models.generators.forwards import ForwardCount, predicted_forwards, start_noise, strength_of
from fauve.models.generators.loading import Loaded, accepts
from fauve.models.generators.long_prompts import chunk_count, chunked_embeddings
from fauve.models.generators.token_counts import token_facts
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome

__all__ = ["Run", "Steering"]

Way = Literal["text", "strength", "reference", "control"]


class Steering(Protocol):
    """What holds a call of a pipeline to its prompts from inside the denoiser."""

    def avoided(self, request: ImageRequest) -> str | None:
        """What the request's picture is steered away from; None leaves it to the plain pipeline."""
        ...

    def around(
        self, pipe: Any, prompts: Sequence[str], avoided: str, given: Mapping[str, Any], negative: str | None
    ) -> AbstractContextManager[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Steer ``pipe`` for one call: what it is given in the place of prompts, and facts of every picture.

        ``given`` are the call's other arguments, ``negative`` what the pipeline's own guidance extrapolates from.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    """A request that can be run: ``way`` says from what, ``negative`` what is passed, ``chunks`` how many are read.

    ``avoided`` is what the picture is steered away from, None where the pipeline is left plain.
    """

    at: int
    request: ImageRequest
    way: Way
    negative: str | None
    chunks: int = 1
    avoided: str | None = None

    @property
    def strength(self) -> float | None:
        return self.request.strength if self.way == "strength" else None

    @property
    def group(self) -> tuple[Any, ...]:
        """Jobs of one group can share a call without changing each other."""
        return self.way, self.strength, self.negative is None, self.chunks, self.avoided


@dataclass(slots=True)
class Run:
    """One system, loaded, with the sampling it is run at; ``turn_to`` is called with the pipeline that runs next.

    Where there is a ``steering``, requests that it finds something to avoid in are run under it.
    """

    system: System
    sampling: Sampling
    loaded: Loaded
    batch: BatchSize
    device: torch.device
    turn_to: Callable[[Any], None]
    steering: Steering | None = None

    def answers(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        """One answer a request, in their order."""
        answers: dict[int, Generated] = {}
        groups: dict[tuple[Any, ...], list[_Job]] = {}
        for at, request in enumerate(requests):
            job = self._job(at, request)
            if isinstance(job, str):
                answers[at] = Generated(Outcome.FAILED, reason=job)
            else:
                groups.setdefault(job.group, []).append(job)
        for jobs in groups.values():
            waiting = list(jobs)
            while waiting:
                count = 1 if self._alone(waiting[0]) else self.batch.current
                done = self._narrowed(waiting[:count])
                answers |= {job.at: answer for job, answer in zip(waiting, done, strict=False)}
                del waiting[: len(done)]
        return [answers[at] for at in range(len(requests))]

    def start_noises(self, image: Image) -> list[float]:
        """The noise's share from which image to image starts at each step, the first (all noise) to the last.

        The pipeline sets up its schedule by itself and is stopped before its denoiser runs. Raises ModelError where
        the system has no image to image by strength.
        """
        if self.loaded.edit is None:
            raise ModelError(f"{self.system.name} has no image to image by strength.")
        job = _Job(0, ImageRequest("", 0, image=image, strength=1.0), "strength", self.sampling.negative)
        self.turn_to(self.loaded.edit)
        hook = self.loaded.denoiser.register_forward_pre_hook(_stop)
        try:
            texts = self._texts(self.loaded.edit, [job])
            self.loaded.edit(**self._arguments(self.loaded.edit, [job], [torch.Generator("cpu")]), **texts)
        except _ScheduleIsSet:
            pass
        finally:
            hook.remove()
        steps, scheduler = self.sampling.steps, self.loaded.edit.scheduler
        return [start_noise(self.system, scheduler, steps, strength_of(self.system, steps, at)) for at in range(steps)]

    def _alone(self, job: _Job) -> bool:
        return self.system.one_at_a_time or job.way in {"control", "reference"}

    def _job(self, at: int, request: ImageRequest) -> _Job | str:
        """How a request is run, or why it cannot be."""
        way = self._way(request)
        if way not in {"text", "strength", "reference", "control"}:
            return way
        avoided = None if self.steering is None or way == "control" else self.steering.avoided(request)
        if avoided is not None:
            return _Job(at, request, way, self.sampling.negative, avoided=avoided)  # type: ignore[arg-type]
        negative = self.sampling.negative if request.negative is None else request.negative
        if problem := self._negative_problem(request.negative):
            return problem
        chunks = 1
        if self.sampling.long_prompt == "chunk":
            chunks = chunk_count(self.loaded.pipe, [request.prompt, negative or ""])
        return _Job(at, request, way, negative, chunks)  # type: ignore[arg-type]

    def _way(self, request: ImageRequest) -> str:
        if request.image is None:
            return "text" if request.strength is None else "a strength was given and no picture to start from"
        if request.strength is None:
            if self.system.reference_edit:
                return "reference"
            return f"{self.system.name} starts from a picture at a strength, and none was given"
        if not 0.0 <= request.strength <= 1.0:
            return f"strength is {request.strength:g}, and lies between 0 (the picture) and 1 (noise)"
        if request.strength == 0.0:
            return "control"
        return "strength" if self.loaded.edit is not None else f"{self.system.name} has no image to image by strength"

    def _negative_problem(self, negative: str | None) -> str | None:
        if negative is None:
            return None
        if not self.system.takes_negative:
            return f"{self.system.name} takes no negative prompt"
        ignored = self.system.guidance_rule == "embedded" and float(self.sampling.call.get("true_cfg_scale", 1)) <= 1
        if ignored and negative:
            return (
                f"{self.system.name} ignores a negative prompt: give call={{'true_cfg_scale': …}} above 1, or steer it"
            )
        return None

    def _narrowed(self, jobs: list[_Job]) -> list[Generated]:
        """Answers to a batch, or to the first half of it where it fails: an error is found with whom it belongs to."""
        error: Exception | None = None
        try:
            answers = self._run(jobs)
        except (torch.OutOfMemoryError, MemoryError):
            answers = None
        except FauveError:
            raise
        except Exception as failure:  # whatever a pipeline raises belongs to a request, not to the run
            answers, error = None, failure
        if answers is not None:
            self.batch.fitted(len(jobs))
            return answers
        if error is None:
            _release_memory()
            self.batch.ran_out(len(jobs))
            return self._narrowed(jobs[: self.batch.current])
        if len(jobs) == 1:
            return [Generated(Outcome.FAILED, reason=_said(error))]
        return self._narrowed(jobs[: len(jobs) // 2])

    def _run(self, jobs: list[_Job]) -> list[Generated]:
        noise = [torch.Generator("cpu").manual_seed(job.request.seed) for job in jobs]
        first = jobs[0]
        pipe = self.loaded.edit if first.way == "strength" else self.loaded.pipe
        self.turn_to(pipe)
        if first.way == "control":
            assert first.request.image is not None
            pixels = encode_decode(self.loaded.pipe, first.request.image, self.sampling.size, noise[0])
            return [_picture(pixels, {"forwards": 0, "start_noise": 0.0})]
        arguments = self._arguments(pipe, jobs, noise)
        with (
            self._worded(pipe, jobs, arguments) as (texts, told),
            ForwardCount(self.loaded.denoiser) as counted,
            _own_noise(self.device, self.system.one_at_a_time),
        ):
            images = pipe(**arguments, **texts).images
        if len(images) != len(jobs):
            raise InvalidOutput(f"{self.system.name} made {len(images)} images of {len(jobs)} requests")
        forwards = self._forwards(counted.rows, len(jobs), pipe, first)
        if isinstance(forwards, str):
            return [Generated(Outcome.FAILED, reason=forwards) for _ in jobs]
        flagged = self._flagged(images)
        return [
            _picture(pixels, {**self._facts(job, pipe, forwards), **told, **flagged[at]})
            for at, (job, pixels) in enumerate(zip(jobs, images, strict=True))
        ]

    def _arguments(self, pipe: Any, jobs: Sequence[_Job], noise: list[torch.Generator]) -> dict[str, Any]:
        known = accepts(type(pipe))
        first = jobs[0]
        width, height = self.sampling.size
        given: dict[str, Any] = {
            "num_inference_steps": self.sampling.steps,
            self.system.guidance_name: self.sampling.guidance,
            "generator": noise,
            "output_type": "np",
            **self.system.call,
            **self.sampling.call,
        }
        sized = {"width": width, "height": height}
        given |= {key: value for key, value in sized.items() if key in known}
        if first.way in {"strength", "reference"}:
            given["image"] = [fitted(job.request.image, self.sampling.size) for job in jobs if job.request.image]
        if first.way == "strength":
            given["strength"] = first.strength
        return given

    @contextmanager
    def _worded(
        self, pipe: Any, jobs: Sequence[_Job], given: Mapping[str, Any]
    ) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """The prompts as the pipeline takes them, and what there is to say of every picture."""
        first = jobs[0]
        if self.steering is None or first.avoided is None:
            yield self._texts(pipe, jobs), {}
            return
        prompts = [job.request.prompt for job in jobs]
        with self.steering.around(pipe, prompts, first.avoided, given, first.negative) as held:
            yield held

    def _texts(self, pipe: Any, jobs: Sequence[_Job]) -> dict[str, Any]:
        # Lists of their own at each call: Z-Image writes its chat template into the list that it is given.
        prompts = [job.request.prompt for job in jobs]
        negatives = [job.negative or "" for job in jobs] if jobs[0].negative is not None else None
        if self.sampling.long_prompt == "chunk":
            with torch.no_grad():
                return dict(chunked_embeddings(pipe, prompts, negatives))
        texts: dict[str, Any] = {"prompt": prompts}
        if negatives is not None and self.system.takes_negative:
            texts["negative_prompt"] = negatives
        return texts

    def _forwards(self, rows: int, images: int, pipe: Any, job: _Job) -> int | str:
        """Forwards of the denoiser for an image, or what is wrong with their number."""
        predicted = predicted_forwards(self.system, pipe, self.sampling, job.negative, job.strength)
        if predicted is not None and rows != predicted * images:
            return (
                f"the denoiser ran {rows / images:g} times for an image where {predicted} were predicted: the pipeline "
                "is not sampled as its settings say"
            )
        return rows // images

    def _facts(self, job: _Job, pipe: Any, forwards: int) -> dict[str, Any]:
        facts: dict[str, Any] = {"forwards": forwards}
        limits = self.system.limits
        facts |= token_facts(pipe, limits, job.request.prompt, {**self.system.call, **self.sampling.call})
        if self.sampling.long_prompt == "chunk":
            facts |= {"truncated": dict.fromkeys(facts["tokens"], 0), "truncated_tokens": 0, "chunks": job.chunks}
        if job.strength is not None:
            facts["start_noise"] = start_noise(self.system, pipe.scheduler, self.sampling.steps, job.strength)
        return facts

    def _flagged(self, images: NDArray[np.float32]) -> list[dict[str, bool]]:
        """What the safety checker, which is off, would have blackened."""
        checker, pipe = self.loaded.safety_checker, self.loaded.pipe
        if checker is None or getattr(pipe, "feature_extractor", None) is None:
            return [{} for _ in images]
        seen = [np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8) for image in images]
        own = next(checker.parameters())
        clip = pipe.feature_extractor(seen, return_tensors="pt").pixel_values.to(own.device, own.dtype)
        with torch.no_grad():
            _, marks = checker(images=np.array(images), clip_input=clip)  # it blackens what it is given: a copy
        return [{"safety_flagged": bool(mark)} for mark in marks]


class _ScheduleIsSet(Exception):
    """Thrown by :func:`_stop`."""


def _stop(*_: Any) -> None:
    raise _ScheduleIsSet


def _picture(pixels: NDArray[np.float32], facts: Mapping[str, Any]) -> Generated:
    """PNG bytes of values 0 to 1, or the outcome that a picture of one colour is."""
    if not np.isfinite(pixels).all():
        return Generated(Outcome.FAILED, reason="the pipeline computed NaN: run it in bfloat16 or float32", facts=facts)
    whole = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    if (whole == whole[0, 0]).all():
        colour = tuple(int(value) for value in whole[0, 0])
        if colour == (0, 0, 0):
            return Generated(Outcome.FILTERED, reason="every pixel is black: what a filter leaves behind", facts=facts)
        return Generated(Outcome.FAILED, reason=f"every pixel is {colour}: no picture", facts=facts)
    return Generated(Outcome.OK, encode_png(whole), facts=facts)


@contextmanager
def _own_noise(device: torch.device, needed: bool) -> Iterator[None]:
    """Keep the process's random state where a pipeline (GLM-Image) seeds it instead of using the generator's."""
    if not needed:
        yield
        return
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield


def _release_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _said(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
