"""The line from a base to what was aligned from it, for a generator that is loaded once and dialled many times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from fauve.errors import ConfigError, ModelError, WeightsMissing
from fauve.models.generators.deltas import load_denoiser
from fauve.models.generators.facts import System
from fauve.models.generators.loading import Loaded
from fauve.models.generators.placement import Offload
from fauve.models.generators.systems import SYSTEMS
from fauve.models.steering.dial import Dial, MixedPrediction, lora_dial, mixed, set_interpolated
from fauve.models.weights import RANDOM_MARK, Checkpoint, file_hash, read_tensors

__all__ = ["DialBy", "Line", "dial_of", "weights_of"]

DialBy = Literal["auto", "lora", "weights", "predictions"]

_OWN: dict[str, Dial] = {"lora": "lora", "full": "weights", "separate": "weights"}

_NO_LINE: dict[str, tuple[str, tuple[Dial, ...]]] = {
    "flux-krea": ("it was tuned from another raw model than FLUX.1 dev", ("weights",)),
    "playground-v2.5": ("it has another noise parametrisation (EDM) than SDXL", ("weights", "predictions")),
}
"""Aligned systems between whose base and them nothing lies that means anything: the reason, and for which dials."""

_FORMATS = ("safetensors", "safetensors.index.json", "bin")


def dial_of(system: System, by: str, *, allow_invalid: bool, own_base: bool) -> Dial:
    """Which dial turns ``system``.

    Args:
        system: the aligned system.
        by: a dial by name, or ``auto``: the one that fits how the system is published.
        allow_invalid: dial pairs too between which nothing lies that means anything.
        own_base: whether the user says what the base is.

    Raises:
        ConfigError: there is no such dial, or the system has none.
    """
    if by not in get_args(DialBy):
        raise ConfigError(f"there is no dial {by!r}. Use one of {', '.join(get_args(DialBy))}.")
    kind = system.delta.kind
    if kind == "none" and not (own_base and allow_invalid):
        raise ConfigError(_nothing_to_dial(system))
    dial: Dial = _OWN.get(kind, "weights") if by == "auto" else by  # type: ignore[assignment]
    if (dial == "lora") != (kind == "lora") and dial != "predictions":
        fits = _OWN.get(kind, "weights")
        raise ConfigError(f"{system.name} is dialled by its {fits}, or by predictions; not by {dial}.")
    reason, dials = _NO_LINE.get(system.name, ("", ()))
    if dial in dials and not allow_invalid:
        raise ConfigError(
            f"{system.name} lies on no line from {system.delta.base}: {reason}, so that what is between their {dial} "
            "means nothing. To look at it all the same give allow_invalid=True."
        )
    return dial


def _nothing_to_dial(system: System) -> str:
    aligned = [name for name, other in SYSTEMS.items() if other.delta.base == system.name and name not in _NO_LINE]
    if aligned:
        return (
            f"{system.name} is a base and has no alignment to dial. Dial what was aligned from it: "
            f"{' or '.join(f'{name}~0.5' for name in aligned)}."
        )
    return (
        f"{system.name} was aligned from nothing that is known here, so there is nothing to dial. Of a pipeline of "
        "your own an adapter can be dialled: give it as `delta`."
    )


def weights_of(name: str, source: str, revision: str | None, *, variant: str | None, gated: bool) -> Checkpoint:
    """The denoiser's weights of a whole pipeline (folder or hub id), of a folder of their own, or a file."""
    names = [f"diffusion_pytorch_model.{form}" for form in _FORMATS]
    if variant is not None:
        names.insert(0, f"diffusion_pytorch_model.{variant}.safetensors")
    files = (*(f"{part}/{file}" for part in ("transformer", "unet") for file in names), *names)
    return Checkpoint(name, source, files, revision, gated)


class Line:
    """Where a loaded generator stands between base and aligned; shared by all that share what is loaded.

    Args:
        system: the aligned system.
        dial: which dial turns it.
        base: weights of the base's denoiser.
        aligned: weights of the aligned one.
    """

    def __init__(self, system: System, dial: Dial, base: Checkpoint, aligned: Checkpoint) -> None:
        self.dial, self._system, self._base, self._aligned = dial, system, base, aligned
        self._at = 1.0
        self._mixed: MixedPrediction | None = None

    @property
    def identity(self) -> dict[str, Any] | None:
        """What tells the base from others, for keys; None where the adapter's base is the pipeline itself."""
        return None if self.dial == "lora" else self._base.identity()

    @property
    def untrained(self) -> bool:
        """Whether the base's weights are marked as never trained, beside them or beside their pipeline."""
        try:
            file = self._base.path(online=False)
        except WeightsMissing:
            return False
        return any((folder / RANDOM_MARK).is_file() for folder in (file.parent, file.parent.parent))

    def check(self) -> None:
        """Make sure that base and aligned can be had. Raises WeightsMissing."""
        if self.dial == "lora":
            return
        file_hash(self._base.path())
        if self.dial == "weights":
            self._aligned.path()

    def prepare(self, loaded: Loaded, dtype: torch.dtype, strength: float) -> None:
        """Set what was loaded up, before it is put on a device.

        Raises:
            WeightsMismatch, ModelError: base and aligned are no two states of one model.
        """
        self._at, self._mixed = 1.0, None
        if self.dial == "predictions":
            self._mixed = mixed(self._load_base(loaded, dtype), loaded.denoiser, strength)
            for pipe in (loaded.pipe, loaded.edit):
                if pipe is not None:
                    setattr(pipe, _part(pipe), self._mixed)
            loaded.denoiser = self._mixed
        elif self.dial == "weights":
            self._put(loaded, strength)

    @contextmanager
    def at(self, loaded: Loaded, strength: float, offload: Offload) -> Iterator[None]:
        """Run what is loaded at ``strength``."""
        if self.dial == "lora":
            with lora_dial(loaded.pipe, strength):
                yield
            return
        if self._mixed is not None:
            self._mixed.strength = strength
        elif strength != self._at:
            if offload == "sequential":
                raise ModelError(
                    f"{self._system.name} is offloaded layer by layer, and its weights cannot be set there: load it "
                    "anew for another strength, or give offload='model'."
                )
            self._put(loaded, strength)
        yield

    def forwards(self, strength: float) -> int:
        """How many denoisers one forward asks."""
        return 2 if self.dial == "predictions" and strength not in {0.0, 1.0} else 1

    def _put(self, loaded: Loaded, strength: float) -> None:
        """Both checkpoints are read from their files each time: they are let go of again at once."""
        base, aligned = (read_tensors(weights.path()) for weights in (self._base, self._aligned))
        set_interpolated(loaded.denoiser, base, aligned, strength)
        self._at = strength

    def _load_base(self, loaded: Loaded, dtype: torch.dtype) -> Any:
        file = self._base.path()
        beside = file.parent if (file.parent / "config.json").is_file() else None
        if beside is None:
            raise ConfigError(
                f"{self._system.name}: {Path(file).name} has no config.json beside it. Give the base's folder."
            )
        name = self._system.delta.base or "the base"
        return load_denoiser(type(loaded.denoiser), file, beside, dtype, name=name)


def _part(pipe: Any) -> str:
    return "transformer" if getattr(pipe, "transformer", None) is not None else "unet"
