"""A generator's pipeline from its files: the base, what makes it the aligned variant, and what must not stay on."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import diffusers.utils.logging
import torch
import transformers.utils.logging

from fauve.errors import ModelError, WeightsMismatch, WeightsMissing
from fauve.models.generators.deltas import ADAPTER, denoiser_name, load_adapter, load_denoiser
from fauve.models.generators.facts import System
from fauve.models.generators.pipeline_folder import PipelineSource
from fauve.models.weights import Checkpoint

_diffusers_logging: Any = diffusers.utils.logging
_transformers_logging: Any = transformers.utils.logging

__all__ = ["Loaded", "accepts", "load_pipeline", "pipeline_class", "quiet"]


@dataclass(slots=True)
class Loaded:
    """A pipeline ready to be placed.

    Attributes:
        pipe: the text-to-image pipeline.
        edit: the image-to-image pipeline on the same components; None where there is none.
        denoiser: its transformer or UNet.
        adapter_scale: alpha / rank at which the system's own adapter runs; None without one.
        safety_checker: what was taken out of the pipeline; it marks pictures and changes none.
    """

    pipe: Any
    edit: Any
    denoiser: Any
    adapter_scale: float | None = None
    safety_checker: Any = None


def pipeline_class(name: str) -> Any:
    """The class of diffusers by its name. Raises ModelError where this version has none."""
    found = getattr(diffusers, name, None)
    if found is None:
        raise ModelError(f"diffusers {diffusers.__version__} has no {name}: install a later one.")
    return found


def accepts(kind: Any) -> set[str]:
    """Names of the arguments that calls of a pipeline class take."""
    return set(inspect.signature(kind.__call__).parameters)


def load_pipeline(
    system: System,
    source: PipelineSource,
    delta: Checkpoint | None,
    dtype: torch.dtype,
    *,
    strength: float = 1.0,
) -> Loaded:
    """Build the pipeline on the CPU.

    Args:
        system: its facts.
        source: where the pipeline (of the base, for a delta in a file of its own) lies.
        delta: where the aligned denoiser or adapter lies; None where the pipeline is whole.
        dtype: number format of all components.
        strength: multiple of the adapter's true scale at which it runs.

    Raises:
        WeightsMissing, WeightsMismatch: what is missing or foreign, and the remedy.
    """
    folder = source.folder()
    _check_class(system, source)
    kind = pipeline_class(system.pipeline)
    given: dict[str, Any] = dict(system.load)
    if delta is not None and system.delta.kind != "lora":
        part, cls = _denoiser_class(source)
        given[part] = load_denoiser(cls, delta.path(), folder / part, dtype, name=system.name)
    pipe = _from_folder(kind, folder, system, source.used_variant(folder), dtype, given)
    pipe.set_progress_bar_config(disable=True)
    denoiser = getattr(pipe, denoiser_name(pipe))
    scale = None
    if delta is not None and system.delta.kind == "lora":
        scale = load_adapter(denoiser, delta.path(), name=system.name, scale=system.delta.scale)
        denoiser.set_adapters([ADAPTER], [strength])
    checker = _without_safety_checker(pipe)
    edit = (
        None
        if system.image_to_image is None
        else _on_the_same_parts(pipeline_class(system.image_to_image), pipe, system)
    )
    return Loaded(pipe, edit, denoiser, scale, checker)


def _from_folder(
    kind: Any, folder: Path, system: System, variant: str | None, dtype: torch.dtype, given: dict[str, Any]
) -> Any:
    known = set(inspect.signature(kind.__init__).parameters)
    given = {key: value for key, value in given.items() if key in known}
    try:
        with quiet():
            return kind.from_pretrained(folder, dtype=dtype, variant=variant, local_files_only=True, **given)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        said = str(error).replace(str(folder), "the pipeline").splitlines() or ["no reason given"]
        wrong = WeightsMissing if isinstance(error, OSError) else WeightsMismatch
        raise wrong(
            f"{system.name}: its pipeline cannot be loaded ({type(error).__name__}: {said[0][:200]}). "
            f"Fetch it whole: `hf download {system.hub_id}`."
        ) from error


def _on_the_same_parts(kind: Any, pipe: Any, system: System) -> Any:
    """Another pipeline of the components of ``pipe``; ``from_pipe`` would cast them to float32 for both."""
    known = set(inspect.signature(kind.__init__).parameters)
    plain = {key: value for key, value in pipe.config.items() if key in known and key not in pipe.components}
    given = {**plain, **pipe.components, **system.load}
    with quiet():
        made = kind(**{key: value for key, value in given.items() if key in known})
    made.set_progress_bar_config(disable=True)
    return made


def _check_class(system: System, source: PipelineSource) -> None:
    found = source.description().get("_class_name")
    if found != system.pipeline:
        raise WeightsMismatch(
            f"{system.name}: {source.source} is a {found}, and this generator is a {system.pipeline}. Give another "
            f"folder, or run it as diffusers:{source.source}."
        )


def _denoiser_class(source: PipelineSource) -> tuple[str, Any]:
    described = source.description()
    part = next(name for name in ("transformer", "unet") if name in described)
    return part, pipeline_class(described[part][1])


def _without_safety_checker(pipe: Any) -> Any:
    """Take the safety checker out: it would turn pictures black, which are then no answer to any prompt."""
    checker = getattr(pipe, "safety_checker", None)
    if checker is not None:
        pipe.safety_checker = None
        pipe.register_to_config(requires_safety_checker=False)
    return checker


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no advice from the libraries."""
    bars = _transformers_logging.is_progress_bar_enabled()
    levels = _diffusers_logging.get_verbosity(), _transformers_logging.get_verbosity()
    shown = _diffusers_logging.is_progress_bar_enabled()
    _diffusers_logging.disable_progress_bar()
    _transformers_logging.disable_progress_bar()
    _diffusers_logging.set_verbosity(logging.ERROR)
    _transformers_logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        _diffusers_logging.set_verbosity(levels[0])
        _transformers_logging.set_verbosity(levels[1])
        if shown:
            _diffusers_logging.enable_progress_bar()
        if bars:
            _transformers_logging.enable_progress_bar()
