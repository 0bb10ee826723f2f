"""Devices and number formats by the names that users write."""

from __future__ import annotations

import torch

from fauve.errors import ConfigError, ModelError

__all__ = ["DTYPES", "check_device", "dtype_name"]

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
"""The number formats that a model can run in."""

_SHORT = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "half": "float16"}


def dtype_name(name: str) -> str:
    """The full name of a number format: ``fp16`` and ``float16`` are one. Raises ConfigError."""
    full = _SHORT.get(name, name)
    if full not in DTYPES:
        raise ConfigError(f"there is no number format {name!r}. Use one of {', '.join(DTYPES)} (fp32, fp16, bf16).")
    return full


def check_device(device: str) -> torch.device:
    """The device, if this machine has it. Raises ModelError."""
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ModelError(f"torch knows no device {device!r}. Use cpu, cuda, cuda:1, … or mps.") from error
    if wanted.type == "cuda" and not (torch.cuda.is_available() and (wanted.index or 0) < torch.cuda.device_count()):
        raise ModelError(f"this machine has no device {device!r} that torch can use. Use cpu, or install a CUDA torch.")
    if wanted.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError("this machine has no Apple GPU that torch can use. Use cpu.")
    return wanted
