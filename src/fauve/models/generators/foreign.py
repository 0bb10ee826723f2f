"""Facts of a pipeline that is not in the table: any text-to-image pipeline of diffusers, by folder or hub id.

What its class does is taken from a known system of the same class; how it is sampled are the class's own defaults.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffusers.pipelines.auto_pipeline import AUTO_IMAGE2IMAGE_PIPELINES_MAPPING, _get_task_class

from fauve.errors import ModelError
from fauve.models.generators.facts import Delta, Preset, Sampling, System
from fauve.models.generators.loading import pipeline_class
from fauve.models.generators.pipeline_folder import PipelineSource
from fauve.models.generators.systems import SYSTEMS

__all__ = ["foreign_system"]

_REWRITERS = ("enable_prompt_rewrite", "enhance_prompt", "use_prompt_enhancement")
"""Arguments by which pipelines rewrite a prompt; all are switched off."""


def foreign_system(source: PipelineSource) -> System:
    """The facts of the pipeline at ``source``, which has to be on this machine or within reach.

    Raises:
        WeightsMissing: it cannot be had.
        ModelError: it makes no image of a text.
    """
    folder = source.folder()
    kind_name = str(source.description().get("_class_name"))
    kind = pipeline_class(kind_name)
    arguments = inspect.signature(kind.__call__).parameters
    if "prompt" not in arguments or "num_inference_steps" not in arguments:
        raise ModelError(f"{source.name}: a {kind_name} makes no image of a text.")
    guidance = "true_cfg_scale" if _true_guidance(arguments) else "guidance_scale"
    default = arguments[guidance].default if guidance in arguments else 0.0
    sampling = Sampling(
        steps=int(arguments["num_inference_steps"].default),
        guidance=float(default or 0.0),
        negative="" if "negative_prompt" in arguments and guidance == "true_cfg_scale" else None,
        size=_default_size(folder),
    )
    matched = {"matched": Preset(sampling, sampling, "bfloat16")}
    kin = next((system for system in SYSTEMS.values() if system.pipeline == kind_name), None)
    if kin is not None:
        return replace(
            kin, name=source.name, family=source.name, hub_id=source.source, presets=matched, delta=Delta(),
            notes=(), licence=None, gated=False, paper=None, mirrors=(),
        )  # fmt: skip
    reference = "image" in arguments and "strength" not in arguments
    return System(
        name=source.name,
        family=source.name,
        pipeline=kind_name,
        hub_id=source.source,
        presets=matched,
        limits=(),
        parameters=0.0,
        memory_gb=0.0,
        guidance_rule=None,
        guidance_name=guidance,
        image_to_image=_image_to_image(kind_name),
        reference_edit=reference,
        takes_negative="negative_prompt" in arguments,
        call={name: False for name in _REWRITERS if name in arguments},
        one_at_a_time=True,
    )


def _true_guidance(arguments: Any) -> bool:
    embedded = arguments.get("guidance_scale")
    return "true_cfg_scale" in arguments and (embedded is None or embedded.default is None)


def _image_to_image(kind: str) -> str | None:
    found = _get_task_class(AUTO_IMAGE2IMAGE_PIPELINES_MAPPING, kind, throw_error_if_not_exist=False)
    if found is None or "strength" not in inspect.signature(found.__call__).parameters:
        return None
    return str(found.__name__)


def _default_size(folder: Path) -> tuple[int, int]:
    """The size that the denoiser was made for where it says so (in latents of an eighth), else 1024 × 1024."""
    for part in ("unet", "transformer"):
        config = folder / part / "config.json"
        side = json.loads(config.read_text(encoding="utf-8")).get("sample_size") if config.is_file() else None
        if isinstance(side, int):
            return side * 8, side * 8
    return 1024, 1024
