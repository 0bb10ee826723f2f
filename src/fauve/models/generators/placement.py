"""Putting a pipeline on a device: whole where it fits, else one component at a time, else one layer at a time."""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import nn

from fauve.errors import ConfigError, ModelError

__all__ = ["Offload", "choose_offload", "place"]

Offload = Literal["auto", "none", "model", "sequential"]
"""``model`` keeps one component on the device at a time, ``sequential`` one layer; both leave the picture as it is."""

_ROOM = 1.25
"""Weights and what they compute: activations of a 1024-pixel image take under a quarter of the weights' memory."""


def choose_offload(components: dict[str, int], free: int) -> Offload:
    """The quickest way that fits: sizes of components and free memory in bytes."""
    if sum(components.values()) * _ROOM <= free:
        return "none"
    return "model" if max(components.values()) * _ROOM <= free else "sequential"


def place(pipe: Any, device: torch.device, offload: Offload) -> Offload:
    """Put ``pipe`` on ``device`` and say how.

    Raises:
        ConfigError: offloading to the CPU makes no sense there, or the word is not known.
        ModelError: the device runs out of memory.
    """
    if offload not in get_args(Offload):
        raise ConfigError(f"there is no offload {offload!r}. Use one of {', '.join(get_args(Offload))}.")
    if device.type == "cpu" and offload in {"model", "sequential"}:
        raise ConfigError(f"offload={offload!r} is for accelerators; on the CPU there is nothing to offload.")
    way = offload
    if way == "auto":
        way = choose_offload(_sizes(pipe), torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else "none"
    try:
        if way == "model":
            pipe.enable_model_cpu_offload(device=device)
        elif way == "sequential":
            pipe.enable_sequential_cpu_offload(device=device)
        else:
            pipe.to(device)
    except torch.OutOfMemoryError as error:
        raise ModelError(
            "The pipeline does not fit into the memory of this device. Free memory on it, or give offload='model' or "
            "offload='sequential'."
        ) from error
    return way


def _sizes(pipe: Any) -> dict[str, int]:
    return {
        name: sum(p.numel() * p.element_size() for p in part.parameters())
        for name, part in pipe.components.items()
        if isinstance(part, nn.Module)
    }
