"""Every local generator of the paper and its site: one table of facts.

The presets. ``paper`` repeats the published scripts, whatever they do oddly: Io and Ia that are sampled differently,
number formats that differ within a family. Seeds are the exception: the scripts drew none, here each image has one.
``matched`` gives Io and Ia, and all members of a family, the same settings. What could not be verified on the model's
own page is None or said in the notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fauve.models.generators.facts import Delta, Preset, Sampling, System, TokenLimit

__all__ = ["SYSTEMS"]

_UNSEEDED = "The published script drew no seed; here every image has its own."


def _presets(original: Sampling, anti: Sampling, dtype: str, matched: Sampling, note: str = "") -> dict[str, Preset]:
    said = f"{_UNSEEDED} {note}".strip()
    return {"paper": Preset(original, anti, dtype, said), "matched": Preset(matched, matched, "bfloat16")}


def _with_empty(sampling: Sampling) -> Sampling:
    """The same with an empty negative prompt: the published scripts pass one for Ia and none for Io."""
    return replace(sampling, negative="")


_CLIP = 77
"""Tokens of a CLIP text encoder, its two marks included."""


def _flux(name: str, steps: int, dtype: str, matched: Sampling, length: int = 512, **facts: Any) -> System:
    sampled = Sampling(steps, 3.5)
    limits = (TokenLimit("tokenizer", _CLIP), TokenLimit("tokenizer_2", length, raised_by="max_sequence_length"))
    defaults: dict[str, Any] = {
        "family": "flux-dev",
        "hub_id": "black-forest-labs/FLUX.1-dev",
        "licence": "FLUX.1-dev non-commercial",
        "gated": True,
        "call": {"max_sequence_length": 512},
    }
    return System(
        name=name,
        pipeline="FluxPipeline",
        image_to_image="FluxImg2ImgPipeline",
        presets=_presets(sampled, facts.pop("anti", sampled), dtype, matched, facts.pop("paper_note", "")),
        limits=limits,
        parameters=11.9,
        memory_gb=33.7,
        guidance_rule="embedded",
        **{**defaults, **facts},
    )


_FLUX_MATCHED = Sampling(28, 3.5)

_FLUX = (
    _flux(
        "flux-dev",
        32,
        "float16",
        _FLUX_MATCHED,
        anti=_with_empty(Sampling(32, 3.5)),
        notes=("Its activations are clipped in float16, which the paper used; the aligned variants ran in bfloat16.",),
    ),
    _flux(
        "dance-flux",
        32,
        "bfloat16",
        _FLUX_MATCHED,
        licence=None,
        delta=Delta(
            "full",
            "xzyhku/flux_hpsv2.1_dancegrpo",
            ("checkpoint-ema-300-0/diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors"),
            base="flux-dev",
        ),
        paper="arXiv:2505.07818",
        notes=("The paper says that it was trained on HPSv2.1 and CLIP; its repository says HPSv2.1 only.",),
    ),
    _flux(
        "pref-flux",
        32,
        "bfloat16",
        _FLUX_MATCHED,
        hub_id="CodeGoat24/FLUX.1-dev-PrefGRPO",
        licence=None,
        gated=False,
        delta=Delta("full", base="flux-dev"),
        paper="arXiv:2508.20751",
    ),
    _flux(
        "flux-krea",
        32,
        "float16",
        _FLUX_MATCHED,
        hub_id="black-forest-labs/FLUX.1-Krea-dev",
        delta=Delta("full", base="flux-dev"),
        notes=("Tuned from another raw model than flux-dev: weights between the two are no model.",),
    ),
    _flux(
        "flux-schnell",
        8,
        "float16",
        Sampling(4, 0.0, call={"max_sequence_length": 256}),
        family="flux-schnell",
        hub_id="black-forest-labs/FLUX.1-schnell",
        licence="Apache-2.0",
        gated=False,
        notes=("It has no guidance embedding: the value is not used. Whether it is gated is not verified.",),
    ),
)


def _xl(name: str, published: Sampling, note: str, **facts: Any) -> System:
    return System(
        name=name,
        family="sdxl",
        pipeline="StableDiffusionXLPipeline",
        image_to_image="StableDiffusionXLImg2ImgPipeline",
        presets=_presets(published, _with_empty(published), "float16", Sampling(50, 4.0, ""), note),
        limits=(TokenLimit("tokenizer", _CLIP), TokenLimit("tokenizer_2", _CLIP)),
        parameters=2.57,
        memory_gb=6.9,
        guidance_rule="above one",
        multiple=8,
        whole_steps=True,
        load={"add_watermarker": False},
        variant="fp16",
        **facts,
    )


_NEGATIVES = "The unconditional branch is zeros for Io and the encoding of an empty text for Ia."

_XL = (
    _xl(
        "sdxl",
        Sampling(50, 5.0, long_prompt="chunk"),
        f"{_NEGATIVES} Long prompts are encoded in chunks, which Playground's are not.",
        hub_id="stabilityai/stable-diffusion-xl-base-1.0",
        licence="OpenRAIL++-M",
        paper="arXiv:2307.01952",
    ),
    _xl(
        "playground-v2.5",
        Sampling(50, 3.0),
        f"{_NEGATIVES} Prompts above 77 tokens are cut, which SDXL's are not.",
        hub_id="playgroundai/playground-v2.5-1024px-aesthetic",
        licence="Playground v2.5 community",
        delta=Delta("full", base="sdxl"),
        paper="arXiv:2402.17245",
        notes=(
            "Its scheduler (EDM) and the latents_mean and latents_std of its VAE belong to it; weights between it and "
            "SDXL are no model.",
        ),
    ),
)


def _sd3(name: str, dtype: str = "float16", *, large: bool = False, **facts: Any) -> System:
    return System(
        name=name,
        pipeline="StableDiffusion3Pipeline",
        image_to_image="StableDiffusion3Img2ImgPipeline",
        presets=_presets(
            Sampling(40, 4.0),
            Sampling(32, 6.0, ""),
            dtype,
            Sampling(40, 4.5, ""),
            "Io and Ia differ in steps and guidance.",
        ),
        limits=(
            TokenLimit("tokenizer", _CLIP),
            TokenLimit("tokenizer_2", _CLIP),
            TokenLimit("tokenizer_3", 256, raised_by="max_sequence_length"),
        ),
        parameters=8.06 if large else 2.24,
        memory_gb=27.4 if large else 15.8,
        guidance_rule="above one",
        call={"max_sequence_length": 256},
        **{"licence": "Stability community", "gated": True, **facts},
    )


_MEDIUM = "stabilityai/stable-diffusion-3.5-medium"


def _flow_grpo(reward: str) -> System:
    return _sd3(
        f"sd3.5-m-{reward.lower()}",
        family="sd3.5-m",
        hub_id=_MEDIUM,
        licence=None,
        delta=Delta(
            "lora", f"jieliu/SD3.5M-FlowGRPO-{reward}", ("adapter_model.safetensors",), base="sd3.5-m", scale=2.0
        ),
        paper="arXiv:2505.05470",
        notes=(
            "Trained at 512 × 512 with guidance 4.5; rank 32, alpha 64. Pin its revision: the GenEval card announces "
            "that its weights were replaced.",
        ),
    )


_SD3 = (
    _sd3("sd3.5-m", family="sd3.5-m", hub_id=_MEDIUM),
    _flow_grpo("GenEval"),
    _flow_grpo("PickScore"),
    _sd3("sd3.5-large", family="sd3.5-large", large=True, hub_id="stabilityai/stable-diffusion-3.5-large"),
    _sd3(
        "alchemist",
        "bfloat16",
        large=True,
        family="sd3.5-large",
        hub_id="yandex/stable-diffusion-3.5-large-alchemist",
        licence=None,
        gated=False,
        delta=Delta("full", base="sd3.5-large"),
        notes=("Supervised tuning on 3,350 curated images, no reward. Whether it is gated is not verified.",),
    ),
)


def _sd1(name: str, **facts: Any) -> System:
    return System(
        name=name,
        family="sd1.5",
        pipeline="StableDiffusionPipeline",
        image_to_image="StableDiffusionImg2ImgPipeline",
        hub_id="stable-diffusion-v1-5/stable-diffusion-v1-5",
        mirrors=("sd-legacy/stable-diffusion-v1-5",),
        presets=_presets(
            Sampling(64, 7.5, size=(512, 512)),
            Sampling(64, 7.5, "", size=(512, 512)),
            "float16",
            Sampling(50, 7.5, "", size=(512, 512)),
        ),
        limits=(TokenLimit("tokenizer", _CLIP),),
        parameters=0.86,
        memory_gb=2.1,
        guidance_rule="above one",
        multiple=8,
        whole_steps=True,
        notes=("Its safety checker marks images and does not blacken them; what it marks is counted.",),
        **{"licence": "CreativeML OpenRAIL-M", **facts},
    )


_SD1 = (
    _sd1("sd1.5", paper="arXiv:2112.10752"),
    _sd1(
        "sd1.5-dpo",
        licence=None,
        delta=Delta(
            "separate",
            "mhdang/dpo-sd1.5-text2image-v1",
            ("unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin"),
            base="sd1.5",
        ),
        paper="arXiv:2311.12908",
    ),
)


def _z_image(name: str, published: Sampling, anti: Sampling, matched: Sampling, **facts: Any) -> System:
    return System(
        name=name,
        family=name,
        pipeline="ZImagePipeline",
        image_to_image="ZImageImg2ImgPipeline",
        presets=_presets(published, anti, "bfloat16", matched),
        limits=(TokenLimit("tokenizer", 512, "thinking chat", raised_by="max_sequence_length"),),
        parameters=6.16,
        memory_gb=20.5,
        guidance_rule="above zero",
        licence="Apache-2.0",
        call={"max_sequence_length": 512},
        **facts,
    )


_OTHERS = (
    System(
        name="flux.2-klein-9b",
        family="flux.2-klein-9b",
        pipeline="Flux2KleinPipeline",
        reference_edit=True,
        hub_id="black-forest-labs/FLUX.2-klein-9B",
        licence="FLUX non-commercial",
        gated=True,
        presets=_presets(
            Sampling(4, 0.0),
            Sampling(4, 0.0),
            "bfloat16",
            Sampling(4, 1.0),
            "The published script names Flux2Pipeline, which cannot encode a prompt with this checkpoint: here it is "
            "Flux2KleinPipeline.",
        ),
        limits=(TokenLimit("tokenizer", 512, "chat", raised_by="max_sequence_length"),),
        parameters=9.1,
        memory_gb=34.7,
        guidance_rule="undistilled",
        takes_negative=False,
        call={"max_sequence_length": 512},
        notes=("Distilled: guidance is not used. Its parameters are not verified.",),
    ),
    _z_image(
        "z-image",
        Sampling(50, 3.5),
        Sampling(50, 3.5, ""),
        Sampling(50, 3.5, ""),
        hub_id="Tongyi-MAI/Z-Image",
        notes=("Guidance is the conventional weight minus one.",),
    ),
    _z_image(
        "z-image-turbo",
        Sampling(8, 1.0),
        Sampling(8, 1.0),
        Sampling(8, 0.0),
        hub_id="Tongyi-MAI/Z-Image-Turbo",
        notes=(
            "Guidance is the conventional weight minus one: the published 1.0 runs classifier-free guidance on a model "
            "distilled to go without.",
        ),
    ),
    System(
        name="qwen-image",
        family="qwen-image",
        pipeline="QwenImagePipeline",
        image_to_image="QwenImageImg2ImgPipeline",
        hub_id="Qwen/Qwen-Image",
        licence="Apache-2.0",
        presets=_presets(
            Sampling(50, 4.0),
            Sampling(50, 4.0, ""),
            "bfloat16",
            Sampling(50, 4.0, " "),
            "The published images came from a service with the same arguments. Without a negative prompt there is no "
            "guidance, so Io is unguided and Ia is guided.",
        ),
        limits=(TokenLimit("tokenizer", 512, "qwen", raised_by="max_sequence_length"),),
        parameters=20.4,
        memory_gb=57.7,
        guidance_name="true_cfg_scale",
        guidance_rule="true",
        call={"max_sequence_length": 512},
    ),
    System(
        name="glm-image",
        family="glm-image",
        pipeline="GlmImagePipeline",
        hub_id="zai-org/GLM-Image",
        licence="Apache-2.0",
        presets=_presets(
            Sampling(50, 5.0),
            Sampling(50, 5.0),
            "bfloat16",
            Sampling(50, 1.5),
            "The published script passes Ia a negative prompt, which this pipeline does not take: every such call "
            "failed. Here Ia gets none.",
        ),
        limits=(),
        parameters=16.0,
        memory_gb=33.0,
        guidance_rule="above one",
        takes_negative=False,
        multiple=32,
        one_at_a_time=True,
        notes=(
            "An autoregressive stage of 9 billion parameters is sampled first, with a temperature.",
            "Quotes and pairs of apostrophes in a prompt are taken for text to draw.",
        ),
    ),
    System(
        name="longcat-image",
        family="longcat-image",
        pipeline="LongCatImagePipeline",
        hub_id="meituan-longcat/LongCat-Image",
        licence="Apache-2.0",
        presets=_presets(Sampling(50, 4.0), Sampling(50, 4.0), "bfloat16", Sampling(50, 4.0, "")),
        limits=(TokenLimit("tokenizer", 512, "quotes"),),
        parameters=6.0,
        memory_gb=29.0,
        guidance_rule="above one",
        load={"text_processor": None},
        call={"enable_prompt_rewrite": False, "enable_cfg_renorm": True},
        notes=(
            "Its pipeline rewrites prompts unless told not to, as it is here.",
            "Text in quotes is read letter by letter.",
        ),
    ),
)

SYSTEMS: Mapping[str, System] = {s.name: s for s in (*_FLUX, *_XL, *_SD3, *_SD1, *_OTHERS)}
"""Every local generator by its canonical name."""
