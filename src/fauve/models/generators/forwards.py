"""How often the denoiser runs for an image: counted, and predicted from the settings.

The unit is one image through the denoiser once, whether a pipeline runs the unconditional branch in the same call or
in another. An adapter, a guidance or a scheduler that is not what the settings say shows here first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import torch
from torch import nn

from fauve.models.generators.facts import Sampling, System

__all__ = ["ForwardCount", "predicted_forwards", "start_noise", "strength_of", "timesteps_of"]

_LATENTS = ("hidden_states", "sample", "x")


class ForwardCount:
    """Counts the images that go through a denoiser while it is open."""

    def __init__(self, denoiser: nn.Module) -> None:
        self._denoiser = denoiser
        self.rows = 0

    def __enter__(self) -> ForwardCount:
        self._hook = self._denoiser.register_forward_pre_hook(self._seen, with_kwargs=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hook.remove()

    def _seen(self, _: nn.Module, given: Sequence[Any], named: Mapping[str, Any]) -> None:
        latents = given[0] if given else next(named[key] for key in _LATENTS if key in named)
        self.rows += len(latents)


def timesteps_of(scheduler: Any, steps: int) -> int:
    """How many timesteps a scheduler makes of ``steps``: one more for PNDM, about twice as many for Heun."""
    fresh = type(scheduler).from_config(scheduler.config)
    dynamic = {"mu": 1.0} if scheduler.config.get("use_dynamic_shifting") else {}
    fresh.set_timesteps(steps, **dynamic)
    return len(fresh.timesteps)


def _first_step(system: System, steps: int, strength: float) -> int:
    """The step at which image to image begins, counted from 0."""
    kept = min(int(steps * strength) if system.whole_steps else steps * strength, steps)
    return int(max(steps - kept, 0))


def strength_of(system: System, steps: int, first: int) -> float:
    """The strength at which image to image begins at step ``first``; a quarter of a step off the edge of rounding."""
    if first == 0:
        return 1.0
    return (steps - first + (0.25 if system.whole_steps else -0.25)) / steps


def predicted_forwards(
    system: System, pipe: Any, sampling: Sampling, negative: str | None, strength: float | None
) -> int | None:
    """Forwards for one image, or None for a pipeline whose rule is not known."""
    if system.guidance_rule is None:
        return None
    count = timesteps_of(pipe.scheduler, sampling.steps)
    if strength is not None:
        count = max(count - _first_step(system, sampling.steps, strength) * int(pipe.scheduler.order), 0)
    return count * (2 if _guided(system, pipe, sampling, negative) else 1)


def _guided(system: System, pipe: Any, sampling: Sampling, negative: str | None) -> bool:
    rule, guidance = system.guidance_rule, sampling.guidance
    if rule == "embedded":
        return float(sampling.call.get("true_cfg_scale", 1.0)) > 1.0 and negative is not None
    if rule == "above zero":
        return guidance > 0.0
    if rule == "true":
        return guidance > 1.0 and negative is not None
    if rule == "undistilled":
        return guidance > 1.0 and not pipe.config.is_distilled
    return guidance > 1.0


def start_noise(system: System, scheduler: Any, steps: int, strength: float) -> float:
    """The noise's share in the latent from which image to image starts: noise / (noise + signal), 0 to 1.

    For a flow that is its sigma; for a variance-preserving schedule it is computed from both parts. To be called after
    the pipeline has set the scheduler's timesteps.
    """
    at = min(_first_step(system, steps, strength) * int(scheduler.order), len(scheduler.timesteps) - 1)
    if type(scheduler).__name__.startswith("FlowMatch"):
        return float(scheduler.sigmas[at])
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is not None:
        sigma = float(sigmas[at])
        return sigma / (1.0 + sigma)
    kept = float(torch.as_tensor(scheduler.alphas_cumprod)[int(scheduler.timesteps[at])])
    noise, signal = math.sqrt(1.0 - kept), math.sqrt(kept)
    return noise / (noise + signal)
