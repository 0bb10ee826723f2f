"""What makes an aligned variant of its base: a whole denoiser, or a low-rank adapter at its true scale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from torch import nn

from fauve.errors import WeightsMismatch
from fauve.models.weights import build_empty, load_strictly, read_tensors

__all__ = ["ADAPTER", "adapter_scale", "denoiser_name", "load_adapter", "load_denoiser"]

ADAPTER = "aligned"
"""The name under which a system's own adapter is loaded."""

_PREFIXES = ("base_model.model.", "transformer.", "unet.")


def denoiser_name(pipe: Any) -> str:
    """Which component of a pipeline denoises."""
    return next(name for name in ("transformer", "unet", "prior") if getattr(pipe, name, None) is not None)


def load_denoiser(kind: type[Any], file: Path, base: Path, dtype: torch.dtype, *, name: str) -> nn.Module:
    """A denoiser published as one file, with the configuration beside it or, where there is none, its base's.

    Args:
        kind: its class.
        file: the weights, under the names that diffusers gives them.
        base: the base's denoiser folder, which has ``config.json``.
        dtype: number format; parts that the class keeps in float32 stay so.
        name: the generator's, for messages.

    Raises:
        WeightsMismatch: a tensor is missing, left over or of another shape.
    """
    beside = file.parent / "config.json"
    config = json.loads((beside if beside.is_file() else base / "config.json").read_text(encoding="utf-8"))
    module = build_empty(lambda: cast(nn.Module, kind.from_config(config)))
    load_strictly(module, read_tensors(file), name=name)
    kept = tuple(getattr(kind, "_keep_in_fp32_modules", None) or ())
    for key, parameter in (*module.named_parameters(), *module.named_buffers()):
        if parameter.is_floating_point():
            single = any(part in key.split(".") for part in kept)
            parameter.data = parameter.data.to(torch.float32 if single else dtype)
    return module.eval()


def load_adapter(denoiser: Any, file: Path, *, name: str, scale: float | None = None) -> float:
    """Load a PEFT adapter into a denoiser and make sure that it is there, whole, and at its true scale.

    Loading such a folder through a pipeline finds no key that it knows and loads nothing; renaming the keys alone
    loses alpha, and the adapter then runs at scale 1. So the configuration is handed over, and the result is counted.

    Args:
        denoiser: the base's.
        file: ``adapter_model.safetensors``, with ``adapter_config.json`` beside it.
        name: the generator's, for messages.
        scale: alpha / rank as published; None to take the configuration's word.

    Returns:
        The scale at which every layer runs.

    Raises:
        WeightsMismatch: no configuration, a foreign layer, another scale, or layers that were left out.
    """
    config = _adapter_config(file, name)
    state = {_bare(key): value for key, value in read_tensors(file).items()}
    keys = ("r", "lora_alpha", "target_modules", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora", "lora_bias")
    metadata = {key: config[key] for key in keys if config.get(key)}
    wanted = {key.rsplit(".lora_", 1)[0] for key in state}
    known = {key for key, _ in denoiser.named_modules()}
    if foreign := sorted(wanted - known):
        raise WeightsMismatch(
            f"{name}: {file.name} adapts {len(foreign)} layers that its base does not have ({foreign[0]}…). "
            "Check that adapter and base belong together."
        )
    denoiser.load_lora_adapter(state, prefix=None, adapter_name=ADAPTER, metadata=metadata)
    found = adapter_scale(denoiser, ADAPTER)
    lost = wanted - found.keys()
    if not found or lost:
        raise WeightsMismatch(
            f"{name}: the adapter was not loaded into {len(lost)} of its {len(wanted)} layers. "
            "Check that it was written for this base, and the version of peft."
        )
    expected = _expected_scale(config) if scale is None else scale
    wrong = {layer: value for layer, value in found.items() if abs(value - expected) > 1e-9}
    if wrong and not config.get("alpha_pattern") and not config.get("rank_pattern"):
        layer, value = next(iter(wrong.items()))
        raise WeightsMismatch(
            f"{name}: {layer} runs at scale {value:g}, published is {expected:g}. "
            "Its adapter_config.json lost alpha or rank: fetch it again."
        )
    return expected


def adapter_scale(denoiser: nn.Module, adapter: str) -> dict[str, float]:
    """For every layer that has ``adapter`` the scale at which it runs."""
    return {
        key: float(module.scaling[adapter])
        for key, module in denoiser.named_modules()
        if isinstance(getattr(module, "scaling", None), dict) and adapter in cast(Any, module).scaling
    }


def _expected_scale(config: dict[str, Any]) -> float:
    rank, alpha = float(config["r"]), float(config["lora_alpha"])
    return alpha / rank**0.5 if config.get("use_rslora") else alpha / rank


def _adapter_config(file: Path, name: str) -> dict[str, Any]:
    beside = file.parent / "adapter_config.json"
    if beside.is_file():
        return dict(json.loads(beside.read_text(encoding="utf-8")))
    if file.suffix == ".safetensors":
        with safe_open(file, framework="pt") as opened:
            written = (opened.metadata() or {}).get("lora_adapter_metadata")
        if written:
            found = json.loads(written)
            return {
                key.split(".", 1)[1] if key.startswith(("transformer.", "unet.")) else key: value
                for key, value in found.items()
            }
    raise WeightsMismatch(
        f"{name}: {file.name} has no adapter_config.json beside it, so its scale is not known. Give the whole folder."
    )


def _bare(key: str) -> str:
    """The layer's name in the denoiser: without what PEFT or a pipeline put before it."""
    for prefix in _PREFIXES:
        if key.startswith(prefix):
            return key[len(prefix) :]
    return key
