"""The alignment dial: one number l on the line from a base model (0) to what was aligned from it (1).

Three dials, for three ways in which an aligned model is published:

- :func:`lora_dial`: the adapter's scale. Exact at every l.
- :func:`interpolate`: weights W0 + l·(W1 − W0) of two checkpoints, in float32 from the originals and rounded once.
- :class:`MixedPrediction`: predictions v0 + l·(v1 − v0) of two models, at twice the cost; for any pair that has one
  latent space and one notion of time. To first order it does what the weights do (arXiv 2508.21016 relates the mix to
  the KL coefficient of the alignment).

l below 0 leads away from the alignment and l above 1 beyond it: allowed, and said by :func:`dial_settings`, since
nothing was trained there. Between the weights of models that are parametrised differently (SDXL and Playground v2.5)
lies nothing that means anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn

from fauve.errors import ConfigError, ModelError, WeightsMismatch

__all__ = [
    "Dial",
    "MixedPrediction",
    "dial_settings",
    "extrapolates",
    "interpolate",
    "lora_dial",
    "mixed",
    "mixed_predictions",
    "set_interpolated",
]

Dial = Literal["lora", "weights", "predictions"]


def extrapolates(strength: float) -> bool:
    """Whether l lies outside 0 … 1. Raises ConfigError where it is no finite number."""
    if not math.isfinite(strength):
        raise ConfigError(
            f"an alignment dial at {strength}: give a finite number, 0 for the base and 1 for the aligned."
        )
    return not 0 <= strength <= 1


def dial_settings(dial: Dial, strength: float) -> dict[str, Any]:
    """What belongs into a generator's settings: the dial, l, and whether that is an extrapolation."""
    return {"dial": dial, "dial_strength": strength, "dial_extrapolates": extrapolates(strength)}


def interpolate(base: Mapping[str, Tensor], aligned: Mapping[str, Tensor], strength: float) -> dict[str, Tensor]:
    """W0 + l·(W1 − W0) for every tensor of two state dicts.

    l = 0 gives the base's own tensors and l = 1 the aligned model's, bit for bit. Between, each is computed in float32
    (float64 where it is that) and cast once to the wider of the two formats: in bfloat16 most of a small change would
    be rounded away. Whole numbers and flags must be the same in both.

    Raises:
        WeightsMismatch: other names or shapes, or whole numbers that differ.
        ConfigError: l is no finite number.
    """
    extrapolates(strength)
    _check_pair(base, aligned)
    return {name: _between(name, base[name], aligned[name], strength) for name in base}


def set_interpolated(
    model: nn.Module, base: Mapping[str, Tensor], aligned: Mapping[str, Tensor], strength: float
) -> None:
    """Put the interpolated weights into ``model``, tensor by tensor, in the model's own format and on its device.

    ``base`` and ``aligned`` must not be the model's own tensors: they are needed again for another l. Raises as
    :func:`interpolate` does.
    """
    extrapolates(strength)
    _check_pair(base, aligned)
    targets = model.state_dict()
    _check_pair(targets, base)
    for name, target in targets.items():
        if target.numel() and target.data_ptr() in {base[name].data_ptr(), aligned[name].data_ptr()}:
            raise ModelError(
                f"{name} of the model is one of the tensors to interpolate: it would be lost. Read both checkpoints "
                "from their files, or copy the tensors."
            )
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(_between(name, base[name], aligned[name], strength))


def _between(name: str, base: Tensor, aligned: Tensor, strength: float) -> Tensor:
    if strength == 0:
        return base
    if strength == 1:
        return aligned
    if not base.is_floating_point():
        if not torch.equal(base, aligned):
            raise WeightsMismatch(f"{name} holds whole numbers that differ: there is nothing between them.")
        return base
    stored = torch.promote_types(base.dtype, aligned.dtype)
    exact = torch.promote_types(stored, torch.float32)
    return torch.lerp(base.to(exact), aligned.to(exact), strength).to(stored)


def _check_pair(base: Mapping[str, Tensor], aligned: Mapping[str, Tensor]) -> None:
    if odd := sorted(base.keys() ^ aligned.keys()):
        raise WeightsMismatch(
            f"{len(odd)} tensors are in one checkpoint alone, {odd[0]} for one. These are no two states of one model."
        )
    for name, tensor in base.items():
        if tensor.shape != aligned[name].shape:
            raise WeightsMismatch(
                f"{name} has shape {tuple(tensor.shape)} in the base and {tuple(aligned[name].shape)} in the aligned "
                "checkpoint. These are no two states of one model."
            )


@contextmanager
def lora_dial(pipe: Any, strength: float, adapter: str | None = None) -> Iterator[None]:
    """Run ``pipe`` with its LoRA adapter at l times its own scale; as it was before afterwards.

    Works on what peft put into any component of a pipeline, or into a model alone. l = 0 gives the base bit for bit.

    Args:
        pipe: a pipeline or a module.
        strength: l.
        adapter: its name; may be left out where there is one.

    Raises:
        ModelError: no such adapter, several to choose from, or one that is fused into the weights or switched off.
        ConfigError: l is no finite number.
    """
    extrapolates(strength)
    layers = _lora_layers(pipe)
    names = sorted({name for layer in layers for name in layer.scaling})
    if adapter is None and len(names) == 1:
        adapter = names[0]
    if adapter not in names:
        wanted = "a LoRA adapter" if adapter is None else f"the LoRA adapter {adapter!r}"
        raise ModelError(f"{wanted} is to be dialled, and there are: {', '.join(names) or 'none'}. Name one of these.")
    mine = [layer for layer in layers if adapter in layer.scaling]
    if any(layer.merged or layer.disable_adapters or adapter not in layer.active_adapters for layer in mine):
        raise ModelError(f"the LoRA adapter {adapter!r} is fused or switched off. Unfuse it or switch it on first.")
    before = [layer.scaling[adapter] for layer in mine]
    try:
        for layer in mine:
            layer.set_scale(adapter, strength)
        yield
    finally:
        for layer, scale in zip(mine, before, strict=True):
            layer.scaling[adapter] = scale


def _lora_layers(pipe: Any) -> list[Any]:
    from peft.tuners.lora import LoraLayer  # noqa: PLC0415 - takes seconds, and the other dials do without

    models = [pipe] if isinstance(pipe, nn.Module) else pipe.components.values()
    parts = (part for model in models if isinstance(model, nn.Module) for part in model.modules())
    return [part for part in parts if isinstance(part, LoraLayer)]


class MixedPrediction(nn.Module):
    """Two denoisers that answer as one: v0 + l·(v1 − v0). Stands in the place of either in a pipeline.

    At l = 0 only the base is asked and at l = 1 only the aligned model, so that both ends are bit for bit theirs.
    Whatever else a pipeline wants to know (``config``, ``dtype``, ``cache_context``) is the base's.
    """

    def __init__(self, base: nn.Module, aligned: nn.Module, strength: float) -> None:
        super().__init__()
        extrapolates(strength)
        self.base, self.aligned, self.strength = base, aligned, strength

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("base"), name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """As either model's own; a tuple or an output object, as was asked for."""
        if self.strength == 0:
            return self.base(*args, **kwargs)
        if self.strength == 1:
            return self.aligned(*args, **kwargs)
        # a model may take things out of the mappings that it is given
        own = {name: dict(value) if type(value) is dict else value for name, value in kwargs.items()}
        base, aligned = self.base(*args, **own), self.aligned(*args, **kwargs)
        between = torch.lerp(base[0].float(), aligned[0].float(), self.strength).to(base[0].dtype)
        return (between,) if isinstance(base, tuple) else type(base)(between)


@contextmanager
def mixed_predictions(pipe: Any, aligned: Any, strength: float) -> Iterator[Any]:
    """Run ``pipe`` with its denoiser's predictions mixed with those of ``aligned``; its own denoiser afterwards.

    Raises:
        ModelError: the two denoisers are no two states of one architecture.
        ConfigError: l is no finite number.
    """
    name = "transformer" if getattr(pipe, "transformer", None) is not None else "unet"
    base: Any = getattr(pipe, name)
    setattr(pipe, name, mixed(base, aligned, strength))
    try:
        yield pipe
    finally:
        setattr(pipe, name, base)


def mixed(base: Any, aligned: Any, strength: float) -> MixedPrediction:
    """One denoiser of two. Raises as :func:`mixed_predictions` does."""
    if type(base) is not type(aligned) or base.config.in_channels != aligned.config.in_channels:
        raise ModelError(
            f"the predictions of a {type(base).__name__} and a {type(aligned).__name__} cannot be mixed: they need one "
            "latent space and one notion of time."
        )
    return MixedPrediction(base, aligned, strength)
