"""Generators that run on this machine: diffusers' own pipelines, sampled as a preset says, every setting on record."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from fauve.errors import ConfigError, ModelError, UnknownName
from fauve.models.batching import BatchSize
from fauve.models.cards import ModelCard
from fauve.models.devices import DTYPES, check_device, dtype_name
from fauve.models.generators.edits import FITTING
from fauve.models.generators.facts import Delta, Preset, Sampling, Slot, System
from fauve.models.generators.foreign import foreign_system
from fauve.models.generators.forwards import strength_of
from fauve.models.generators.generator_cards import GENERATOR_CARDS, card_of
from fauve.models.generators.loading import Loaded, load_pipeline, quiet
from fauve.models.generators.long_prompts import CHUNKED
from fauve.models.generators.pipeline_folder import PipelineSource
from fauve.models.generators.placement import Offload, place
from fauve.models.generators.running import Run, Steering
from fauve.models.generators.systems import SYSTEMS
from fauve.models.protocols import Generated, ImageRequest
from fauve.models.weights import RANDOM_MARK, Checkpoint, file_hash

__all__ = ["LocalGenerator"]

_ANY = "diffusers:"
_ADAPTER_FILES = ("adapter_model.safetensors", "pytorch_lora_weights.safetensors")
_MOST = 32
"""Images in one call at most: a batch that is lost with an interrupted run shall not be long."""


class _Machine:
    """A pipeline where it runs; shared by the slots of one generator, so that its weights are loaded once."""

    def __init__(self) -> None:
        self.loaded: Loaded | None = None
        self.device = torch.device("cpu")
        self.batch = BatchSize(1, 1)
        self.offload: Offload = "none"
        self.placed: Any = None


class LocalGenerator:
    """A system of the table by its canonical name, or ``diffusers:FOLDER_OR_ID`` for any other pipeline.

    Args:
        name: canonical name; see :data:`fauve.models.generators.systems.SYSTEMS`.
        weights: folder or hub id of the pipeline (of the base, where the variant is a file or adapter of its own); None
            for the published one.
        preset: ``matched`` or ``paper``.
        slot: which image of a pair it makes; matters where the preset samples Io and Ia differently.
        revision: of ``weights`` on the hub.
        delta: folder, file or hub id of the aligned denoiser or adapter; None for the published one. A pipeline outside
            the table takes a low-rank adapter.
        delta_revision: of ``delta`` on the hub.
        size: side of a square, or width and height, in pixels.
        steps, guidance, long_prompt: in place of the preset's.
        negative: in place of the preset's; False passes none, which some systems take for another input than "", and
            leaves out those of requests: so a base that ignores them can run beside what is steered by them.
        call: further arguments of the pipeline (plain values).
        dtype: number format in place of the preset's.
        adapter_strength: multiple of an adapter's true scale; 1 is the published model, 0 its base.
        batch: images in one call; where None it is found.
        offload: how the pipeline is kept on an accelerator; ``auto`` chooses by free memory.
    """

    def __init__(
        self,
        name: str,
        weights: str | Path | None = None,
        *,
        preset: str = "matched",
        slot: Slot = "original",
        revision: str | None = None,
        delta: str | Path | None = None,
        delta_revision: str | None = None,
        size: int | Sequence[int] | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        negative: str | bool | None = None,
        long_prompt: str | None = None,
        call: Mapping[str, Any] | None = None,
        dtype: str | None = None,
        adapter_strength: float = 1.0,
        batch: int | None = None,
        offload: Offload = "auto",
    ) -> None:
        known = SYSTEMS.get(name)
        if known is None and not name.startswith(_ANY):
            raise UnknownName("generator", name, SYSTEMS)
        self._source = _source(name, known, weights, revision)
        self._known = known
        self._preset_name, self._slot = preset, slot
        self._deaf = negative is False
        self._changes = _Changes(steps, guidance, size, negative, long_prompt, dict(call or {}))
        self._dtype = None if dtype is None else dtype_name(dtype)
        self._delta = _delta(self._source.name, known, delta, delta_revision)
        self._strength = float(adapter_strength)
        if self._strength != 1.0 and (self._delta is None or (known is not None and known.delta.kind != "lora")):
            raise ConfigError(f"{name} has no adapter whose strength could be set.")
        self._wanted_batch, self._offload = batch, offload
        self._machine = _Machine()
        if known is not None:
            self._check_options()

    @cached_property
    def system(self) -> System:
        """Its facts. Of a pipeline outside the table they are read from its folder; raises WeightsMissing."""
        if self._known is not None:
            return self._known
        found = foreign_system(self._source)
        return found if self._delta is None else replace(found, delta=Delta("lora", files=_ADAPTER_FILES))

    @property
    def card(self) -> ModelCard:
        """Its card, without loading anything."""
        if self._known is not None:
            return GENERATOR_CARDS[self._known.name]
        hub_id = self._source.source if "/" in self._source.name else None
        if "system" in self.__dict__:
            about = f"{self.system.pipeline}, sampled by its class's defaults."
            return replace(card_of(self.system), summary=about, hub_id=hub_id)
        return ModelCard(self._source.name, "generator", "A pipeline of diffusers, by folder or hub id.", hub_id=hub_id)

    @property
    def preset(self) -> Preset:
        """The preset that it was made with. Raises ConfigError where the system has none of that name."""
        found = self.system.presets.get(self._preset_name)
        if found is None:
            raise ConfigError(
                f"{self._source.name} has no preset {self._preset_name!r}. It has {', '.join(self.system.presets)}."
            )
        return found

    @property
    def sampling(self) -> Sampling:
        """How it samples the images of its slot."""
        chosen = self.preset.original if self._slot == "original" else self.preset.anti
        return self._changes.apply(chosen)

    @property
    def dtype(self) -> str:
        """Number format of all components."""
        return self._dtype or self.preset.dtype

    @property
    def batch(self) -> int | None:
        """How many requests are best handed over at once; None leaves it to the caller."""
        return self._wanted_batch

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change a picture: weights, adapter, preset, sampling, number format."""
        sampling, system = self.sampling, self.system
        return {
            "pipeline": system.pipeline,
            "image_to_image": system.image_to_image,
            **self._source.identity(),
            "delta": self._delta_identity(),
            "preset": self._preset_name,
            "steps": sampling.steps,
            system.guidance_name: sampling.guidance,
            "negative": sampling.negative,
            "size": list(sampling.size),
            "long_prompt": sampling.long_prompt,
            "call": {**system.call, **sampling.call},
            "dtype": self.dtype,
            "fitting": FITTING,
            **({"requests_negative": "left out"} if self._deaf else {}),
            **({"weights": "random"} if self._untrained_delta() else {}),
        }

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What is filed beside the pictures and is no part of their key: device, offload, library versions, source."""
        libraries = ("torch", "diffusers", "transformers", "peft")
        return {
            "device": str(self._machine.device),
            "offload": self._machine.offload,
            **{library: version(library) for library in libraries},
            "source": self._source.source if self._source.source == self.card.hub_id else "local",
            "preset_note": self.preset.note,
        }

    @property
    def loaded(self) -> Loaded:
        """The pipeline and its parts. Raises ModelError before :meth:`load`."""
        if self._machine.loaded is None:
            raise ModelError(f"{self._source.name} is not loaded: call load(device, dtype) first.")
        return self._machine.loaded

    @property
    def source(self) -> PipelineSource:
        """Where its pipeline (for a delta the base's) lies."""
        return self._source

    @property
    def delta(self) -> Checkpoint | None:
        """Where its aligned denoiser or adapter lies; None where the pipeline is whole."""
        return self._delta

    @property
    def offload(self) -> Offload:
        """How the pipeline is kept on its device."""
        return self._machine.offload

    def for_slot(self, slot: Slot) -> LocalGenerator:
        """The same generator for the other image of a pair; both share what is loaded, before and after."""
        other = copy.copy(self)
        other._slot = slot
        return other

    def check(self) -> None:
        """Make sure, without loading, that everything can be had; fetches what is missing.

        Raises:
            WeightsMissing: with the source, what has to be accepted, and the remedy.
        """
        self._source.folder()
        if self._delta is not None:
            file_hash(self._delta.path())
        self._check_options()

    def load(
        self, device: str = "cpu", dtype: str = "float32", *, prepare: Callable[[Loaded], None] | None = None
    ) -> None:
        """Read the pipeline and put it on a device.

        ``dtype`` is what a run asks of models in general. A generator's number format is part of its preset and stands
        in its settings, so it is not changed by it; give ``dtype`` to the constructor for another one. ``prepare`` is
        given what was loaded before it is put on the device.

        Raises:
            WeightsMissing, WeightsMismatch: with the source and the remedy.
            ModelError, ConfigError: this machine has no such device, or the pipeline does not fit.
        """
        dtype_name(dtype)
        wanted = check_device(device)
        self.check()
        loaded = load_pipeline(self.system, self._source, self._delta, DTYPES[self.dtype], strength=self._strength)
        if prepare is not None:
            prepare(loaded)
        machine = self._machine
        machine.offload = place(loaded.pipe, wanted, self._offload)
        machine.loaded, machine.device, machine.placed = loaded, wanted, loaded.pipe
        if loaded.safety_checker is not None:
            loaded.safety_checker.to(wanted)
        cautious = BatchSize(4, _MOST, grows=True) if wanted.type != "cpu" else BatchSize(1, 1)
        machine.batch = cautious if self._wanted_batch is None else BatchSize(self._wanted_batch, self._wanted_batch)

    def generate(self, requests: Sequence[ImageRequest], *, steering: Steering | None = None) -> list[Generated]:
        """One answer a request, in order: PNG bytes, or the reason why there are none."""
        if self._deaf and steering is None:
            requests = [replace(request, negative=None) for request in requests]
        with quiet():  # what a pipeline logs of a prompt that is too long stands in the facts of its picture
            return self._run(steering).answers(requests)

    def strength_for(self, start_noise: float) -> tuple[float, float]:
        """The strength at which image to image starts nearest to a share of noise, and the share that it starts from.

        The same strength is another share in every family; this makes an arm that is matched on what the picture is
        left with. Shares are as in the fact ``start_noise``: noise / (noise + signal), of a flow its sigma.
        """
        steps = self.sampling.steps
        with quiet():
            shares = self._run().start_noises(Image.new("RGB", self.sampling.size, "grey"))
        first = min(range(steps), key=lambda at: abs(shares[at] - start_noise))
        return strength_of(self.system, steps, first), shares[first]

    def _run(self, steering: Steering | None = None) -> Run:
        machine = self._machine
        return Run(self.system, self.sampling, self.loaded, machine.batch, machine.device, self._turn_to, steering)

    def _turn_to(self, pipe: Any) -> None:
        """Where components come and go, they do so for one pipeline at a time."""
        machine = self._machine
        if machine.offload in {"model", "sequential"} and machine.placed is not pipe:
            machine.placed.remove_all_hooks()
            place(pipe, machine.device, machine.offload)
            machine.placed = pipe

    def _check_options(self) -> None:
        sampling, system = self.sampling, self.system
        if any(side < 1 or side % system.multiple for side in sampling.size):
            raise ConfigError(
                f"{system.name} makes images whose sides are multiples of {system.multiple}, not "
                f"{sampling.size[0]} × {sampling.size[1]}."
            )
        if sampling.steps < 1:
            raise ConfigError(f"{system.name}: steps is {sampling.steps}; it takes at least one.")
        if sampling.long_prompt not in {"cut", "chunk"} or (
            sampling.long_prompt == "chunk" and system.pipeline not in CHUNKED
        ):
            raise ConfigError(
                f"{system.name}: long_prompt is 'cut', or 'chunk' for {' and '.join(CHUNKED)}; "
                f"not {sampling.long_prompt!r}."
            )
        if sampling.negative is not None and not system.takes_negative:
            raise ConfigError(f"{system.name} takes no negative prompt.")

    def _delta_identity(self) -> dict[str, Any] | None:
        if self._delta is None:
            return None
        scale = {"adapter_strength": self._strength} if self.system.delta.kind == "lora" else {}
        return {"kind": self.system.delta.kind, **self._delta.identity(), **scale}

    def _untrained_delta(self) -> bool:
        if self._delta is None:
            return False
        beside = (Path(self._delta.source).expanduser() / RANDOM_MARK).is_file()
        return beside or self._delta.identity().get("weights") == "random"


class _Changes:
    """What a user sets in place of a preset's sampling."""

    def __init__(
        self,
        steps: int | None,
        guidance: float | None,
        size: int | Sequence[int] | None,
        negative: str | bool | None,
        long_prompt: str | None,
        call: dict[str, Any],
    ) -> None:
        if negative is True:
            raise ConfigError("negative is a text, or False for none.")
        self.changed: dict[str, Any] = {"steps": steps, "guidance": guidance, "long_prompt": long_prompt}
        self.changed = {key: value for key, value in self.changed.items() if value is not None}
        if size is not None:
            sides = (size, size) if isinstance(size, int) else tuple(size)
            if len(sides) != 2 or not all(isinstance(side, int) for side in sides):
                raise ConfigError(f"size is {size!r}; give a side, or width and height, in pixels.")
            self.changed["size"] = sides
        if negative is not None:
            self.changed["negative"] = None if negative is False else negative
        self.call = call

    def apply(self, sampling: Sampling) -> Sampling:
        changed = replace(sampling, **self.changed)
        return replace(changed, call={**changed.call, **self.call}, guidance=float(changed.guidance))


def _source(name: str, known: System | None, weights: str | Path | None, revision: str | None) -> PipelineSource:
    if known is None:
        wanted = str(weights) if weights is not None else name.removeprefix(_ANY)
        # A folder's own name stands in tables and keys: where it lies on this machine does not belong there.
        shown = f"{_ANY}{Path(wanted).expanduser().resolve().name}" if Path(wanted).expanduser().is_dir() else name
        return PipelineSource(shown, wanted, revision)
    source = known.hub_id if weights is None else str(weights)
    return PipelineSource(known.name, source, revision, known.variant, known.gated, known.memory_gb)


def _delta(name: str, known: System | None, delta: str | Path | None, revision: str | None) -> Checkpoint | None:
    if known is None:
        return None if delta is None else Checkpoint(name, str(delta), _ADAPTER_FILES, revision)
    if not known.delta.files:
        if delta is not None:
            raise ConfigError(f"{known.name} is one whole pipeline: give it as weights.")
        return None
    facts = known.delta
    beside = tuple(dict.fromkeys((*facts.files, *(Path(file).name for file in facts.files))))
    return Checkpoint(known.name, facts.source if delta is None else str(delta), beside, revision)
