"""The kinds of fact that are kept of a local generator: where it lies, how it is sampled, what it does oddly.

Plain data; nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Delta", "Guidance", "Preset", "Sampling", "Slot", "System", "TokenLimit"]

Slot = Literal["original", "anti"]
"""Which image of a pair is made: Io of the original prompt, or Ia of the anti prompt."""

Guidance = Literal["embedded", "above one", "above zero", "true", "undistilled"]
"""When a second, unconditional forward is run for an image at a step.

``embedded``: never, guidance is an input of the denoiser (unless ``true_cfg_scale`` exceeds 1 and a negative prompt is
given). ``above one``, ``above zero``: from that guidance on. ``true``: when guidance exceeds 1 and a negative prompt is
given, be it empty. ``undistilled``: above one, unless the checkpoint says that it is distilled.
"""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one image is sampled.

    Attributes:
        steps: denoising steps asked for.
        guidance: in the system's own convention (of Z-Image: the conventional weight minus one).
        negative: the negative prompt; None passes none, which some systems take for another input than "".
        size: width and height in pixels.
        call: further arguments of the pipeline.
        long_prompt: ``cut`` leaves a long prompt to the pipeline; ``chunk`` encodes it 75 tokens at a time.
    """

    steps: int
    guidance: float
    negative: str | None = None
    size: tuple[int, int] = (1024, 1024)
    call: Mapping[str, Any] = field(default_factory=dict)
    long_prompt: Literal["cut", "chunk"] = "cut"


@dataclass(frozen=True, slots=True)
class Preset:
    """A protocol: how Io and Ia are sampled, and in which number format the pipeline runs."""

    original: Sampling
    anti: Sampling
    dtype: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """How much of a prompt one text encoder reads.

    ``tokenizer`` is its name in the pipeline, ``limit`` the number of tokens it takes, marks and template included;
    ``template`` how the prompt is dressed before it is counted. ``raised_by`` names the call argument that sets it.
    """

    tokenizer: str
    limit: int
    template: Literal["plain", "chat", "thinking chat", "qwen", "quotes"] = "plain"
    raised_by: str | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """What makes an aligned variant of its base.

    Attributes:
        kind: ``full``: all weights of the denoiser, in a whole pipeline (``files`` empty) or in one file; ``separate``:
            a denoiser published by itself; ``lora``: a low-rank adapter; ``none``: the base itself.
        source: hub id of the file or adapter; empty where the system's own ``hub_id`` is the whole pipeline.
        files: names under which it is published, the preferred first.
        base: canonical name of the base.
        scale: alpha / rank of an adapter, asserted after loading; None to take what its configuration says.
    """

    kind: Literal["full", "lora", "separate", "none"] = "none"
    source: str = ""
    files: tuple[str, ...] = ()
    base: str = ""
    scale: float | None = None


@dataclass(frozen=True, slots=True)
class System:
    """One local generator.

    Attributes:
        name: canonical name.
        family: systems that share ``matched`` settings; the name of their base.
        pipeline: class in diffusers that makes images from text.
        image_to_image: class that starts from a picture at a strength; None where there is none.
        reference_edit: whether the text-to-image class takes pictures as references (an edit without a strength).
        hub_id: repository of the whole pipeline (of the base, for a delta).
        mirrors: other repositories that hold the same pipeline.
        licence: as its repository states it; None where that could not be verified.
        gated: whether the licence has to be accepted before the download.
        parameters: of the denoiser, in billions.
        memory_gb: of all weights in bfloat16.
        guidance_name: the pipeline's argument that ``Sampling.guidance`` goes to.
        guidance_rule: when an unconditional forward is run; None where that is not known.
        takes_negative: whether the pipeline has a ``negative_prompt``.
        limits: what each text encoder reads.
        presets: ``paper`` and ``matched``.
        multiple: both sides must be divisible by it.
        whole_steps: whether image to image rounds steps × strength down (else the steps skipped are rounded down).
        one_at_a_time: whether several images in one call would change each other.
        load: further arguments when loading.
        call: arguments of every call, whatever the preset.
        variant: published variant of the weight files.
        notes: what a reader of its numbers must know.
    """

    name: str
    family: str
    pipeline: str
    hub_id: str
    presets: Mapping[str, Preset]
    limits: tuple[TokenLimit, ...]
    parameters: float
    memory_gb: float
    guidance_rule: Guidance | None
    image_to_image: str | None = None
    reference_edit: bool = False
    mirrors: tuple[str, ...] = ()
    licence: str | None = None
    gated: bool = False
    delta: Delta = field(default_factory=Delta)
    guidance_name: str = "guidance_scale"
    takes_negative: bool = True
    multiple: int = 16
    whole_steps: bool = False
    one_at_a_time: bool = False
    load: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None
    paper: str | None = None
    notes: tuple[str, ...] = ()
