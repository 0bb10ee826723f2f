"""What a registered generator is and how each of its presets samples, as plain values for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fauve.models.generators.api_cards import PRESETS
from fauve.models.generators.facts import Sampling, System
from fauve.models.generators.systems import SYSTEMS

__all__ = ["generator_facts"]


def generator_facts(name: str) -> dict[str, Any] | None:
    """The facts of a local system or of a service by canonical name; None for anything else.

    ``presets`` has for each preset how the original (Io) and the anti image (Ia) are sampled, once where alike.
    """
    if name in SYSTEMS:
        return _system(SYSTEMS[name])
    if name in PRESETS:
        return {"class": "service", "presets": {preset: {"sent": dict(sent)} for preset, sent in PRESETS[name].items()}}
    return None


def _system(system: System) -> dict[str, Any]:
    delta = system.delta
    made_of = {"kind": delta.kind, "source": delta.source or system.hub_id, "base": delta.base}
    return {
        "class": system.pipeline,
        "family": system.family,
        "image_to_image": system.image_to_image or ("by reference" if system.reference_edit else None),
        "variant": {} if delta.kind == "none" else made_of,
        "mirrors": list(system.mirrors),
        "parameters_billion": system.parameters,
        "memory_gb": system.memory_gb,
        "prompt_tokens": {limit.tokenizer: limit.limit for limit in system.limits},
        "every_call": dict(system.call),
        "presets": {name: _preset(system, name) for name in system.presets},
    }


def _preset(system: System, name: str) -> dict[str, Any]:
    preset = system.presets[name]
    original, anti = (_sampling(system, one) for one in (preset.original, preset.anti))
    sampled = {"both images": original} if original == anti else {"original image": original, "anti image": anti}
    return {**sampled, "number format": preset.dtype, "note": preset.note}


def _sampling(system: System, sampling: Sampling) -> Mapping[str, Any]:
    width, height = sampling.size
    return {
        "steps": sampling.steps,
        system.guidance_name: sampling.guidance,
        **({"negative prompt": sampling.negative} if system.takes_negative else {}),
        "size": f"{width}×{height}",
        "long prompts": sampling.long_prompt,
        **sampling.call,
    }
