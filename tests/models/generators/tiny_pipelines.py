"""Tiny random checkpoints of image generators, written to a folder in the layout in which the real ones are published.

Weights are drawn from a seed and mean nothing. Every pipeline makes a 64×64 picture in a fraction of a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from safetensors.torch import save_file
from tests.models.generators import tiny_parts as parts

from fauve.models.weights import RANDOM_MARK

SIDE = 64
"""A side in pixels that every tiny pipeline can make."""


LORA_RANK, LORA_ALPHA = 4, 8
"""A scale of 2, as the published Flow-GRPO adapters have (rank 32, alpha 64)."""


def flux_transformer(**changes: Any) -> Any:
    """The denoiser of FLUX.1: two double and two single blocks."""
    usual = {
        "patch_size": 1,
        "in_channels": 16,
        "num_layers": 2,
        "num_single_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 32,
        "pooled_projection_dim": 32,
        "axes_dims_rope": (4, 6, 6),
        "guidance_embeds": True,
    }
    return diffusers.FluxTransformer2DModel(**{**usual, **changes})


def sd3_transformer(**changes: Any) -> Any:
    """The denoiser of Stable Diffusion 3.5 Medium: two joint blocks, the first with a second attention on the image."""
    usual = {
        "sample_size": 32,
        "patch_size": 2,
        "in_channels": 4,
        "num_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 64,
        "caption_projection_dim": 32,
        "pooled_projection_dim": 64,
        "out_channels": 4,
        "pos_embed_max_size": 48,
        "dual_attention_layers": (0,),
        "qk_norm": "rms_norm",
    }
    return diffusers.SD3Transformer2DModel(**{**usual, **changes})


def tiny_flux(folder: Path, seed: int = 0, *, guidance_embeds: bool = True) -> Path:
    """FLUX.1 dev (or schnell, without the guidance embedding): two double and two single blocks."""
    torch.manual_seed(seed)
    transformer = flux_transformer(guidance_embeds=guidance_embeds)
    clip, words = parts.clip_text()
    t5, pieces = parts.t5()
    pipe = diffusers.FluxPipeline(
        scheduler=parts.flow_scheduler(use_dynamic_shifting=guidance_embeds),
        vae=parts.vae(),
        text_encoder=clip,
        tokenizer=words,
        text_encoder_2=t5,
        tokenizer_2=pieces,
        transformer=parts.lively(transformer, seed),
    )
    return _save(pipe, folder)


def tiny_flux_full(folder: Path, base: Path, seed: int = 1) -> Path:
    """A tuned transformer and nothing else: one file in ``checkpoint-ema-300-0``, as DanceFlux is published."""
    transformer = diffusers.FluxTransformer2DModel.from_pretrained(base, subfolder="transformer")
    with torch.no_grad():
        state = _moved(transformer.state_dict(), seed)
    place = folder / "checkpoint-ema-300-0"
    place.mkdir(parents=True, exist_ok=True)
    save_file(state, place / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
    return folder


def tiny_flux_lora(folder: Path, base: Path, seed: int = 2) -> Path:
    """A PEFT adapter of the transformer under ``base``, as Flow-GRPO publishes them: keys prefixed, no base named."""
    return _write_lora(folder, base, diffusers.FluxTransformer2DModel, seed)


def tiny_sd3(folder: Path, seed: int = 0) -> Path:
    """Stable Diffusion 3.5 Medium: two joint blocks, the first with a second attention on the image alone."""
    torch.manual_seed(seed)
    transformer = sd3_transformer()
    (clip, words), (big, same_words), (t5, pieces) = (
        parts.clip_text(projected=True),
        parts.clip_text(projected=True),
        parts.t5(64),
    )
    pipe = diffusers.StableDiffusion3Pipeline(
        transformer=parts.lively(transformer, seed),
        scheduler=parts.flow_scheduler(),
        vae=parts.vae(),
        text_encoder=clip,
        tokenizer=words,
        text_encoder_2=big,
        tokenizer_2=same_words,
        text_encoder_3=t5,
        tokenizer_3=pieces,
    )
    return _save(pipe, folder)


def tiny_sd3_lora(folder: Path, base: Path, seed: int = 2) -> Path:
    """A Flow-GRPO adapter of the transformer under ``base``; the second attention is left alone."""
    return _write_lora(folder, base, diffusers.SD3Transformer2DModel, seed)


def tiny_sdxl(folder: Path, seed: int = 0, *, edm: bool = False, variant: str | None = None) -> Path:
    """SDXL; with ``edm`` Playground 2.5, whose scheduler and autoencoder have statistics of their own."""
    torch.manual_seed(seed)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(16, 32),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1),
        projection_class_embeddings_input_dim=80,
        cross_attention_dim=64,
        norm_num_groups=2,
    )
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    scheduler = (
        diffusers.EDMDPMSolverMultistepScheduler()
        if edm
        else diffusers.EulerDiscreteScheduler(**betas, steps_offset=1, timestep_spacing="leading")
    )
    statistics = {"latents_mean": [0.1, 0.2, -0.1, 0.0], "latents_std": [0.9, 1.1, 1.0, 0.8]} if edm else {}
    clip, words = parts.clip_text()
    big, same_words = parts.clip_text(projected=True)
    pipe = diffusers.StableDiffusionXLPipeline(
        vae=parts.old_vae(**statistics),
        text_encoder=clip,
        text_encoder_2=big,
        tokenizer=words,
        tokenizer_2=same_words,
        unet=parts.lively(unet, seed),
        scheduler=scheduler,
        add_watermarker=False,
    )
    return _save(pipe, folder, variant=variant)


def tiny_sd1(folder: Path, seed: int = 0, *, safety_checker: bool = False) -> Path:
    """Stable Diffusion 1.5; where it has a safety checker, one that takes offence at every picture."""
    torch.manual_seed(seed)
    clip, words = parts.clip_text()
    pipe = diffusers.StableDiffusionPipeline(
        vae=parts.old_vae(),
        text_encoder=clip,
        tokenizer=words,
        unet=parts.lively(_sd1_unet(), seed),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        ),
        safety_checker=parts.offended() if safety_checker else None,
        feature_extractor=parts.looking_closely() if safety_checker else None,
        requires_safety_checker=safety_checker,
    )
    return _save(pipe, folder)


def tiny_sd1_unet(folder: Path, base: Path, seed: int = 1) -> Path:
    """A UNet by itself under ``unet``, as SD1.5-DPO is published."""
    unet = diffusers.UNet2DConditionModel.from_pretrained(base, subfolder="unet")
    unet.load_state_dict(_moved(unet.state_dict(), seed))
    unet.save_pretrained(folder / "unet")
    return folder


def tiny_z_image(folder: Path, seed: int = 0) -> Path:
    """Z-Image: one stream of caption and image."""
    torch.manual_seed(seed)
    transformer = diffusers.ZImageTransformer2DModel(
        all_patch_size=(2,),
        all_f_patch_size=(1,),
        in_channels=4,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=32,
        axes_dims=[4, 6, 6],
        axes_lens=[1024, 64, 64],
    )
    encoder, tokenizer = parts.qwen3()
    pipe = diffusers.ZImagePipeline(
        scheduler=parts.flow_scheduler(),
        vae=parts.vae(),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=parts.lively(transformer, seed),
    )
    return _save(pipe, folder)


def tiny_klein(folder: Path, seed: int = 0, *, distilled: bool = True) -> Path:
    """FLUX.2 klein: its text encoder is read after layers 9, 18 and 27."""
    torch.manual_seed(seed)
    transformer = diffusers.Flux2Transformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=48,
        timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    encoder, tokenizer = parts.qwen3(width=16, layers=27)
    vae = diffusers.AutoencoderKLFlux2(
        block_out_channels=(4, 8),
        norm_num_groups=2,
        layers_per_block=1,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        sample_size=32,
    )
    pipe = diffusers.Flux2KleinPipeline(
        scheduler=parts.flow_scheduler(use_dynamic_shifting=True),
        vae=parts.lively(vae, 7),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=parts.lively(transformer, seed),
        is_distilled=distilled,
    )
    return _save(pipe, folder)


def tiny_longcat(folder: Path, seed: int = 0) -> Path:
    """LongCat-Image without the processor that its prompt rewriting needs."""
    torch.manual_seed(seed)
    transformer = diffusers.LongCatImageTransformer2DModel(
        patch_size=1,
        in_channels=64,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=[4, 6, 6],
    )
    encoder, tokenizer = parts.qwen_vl()
    pipe = diffusers.LongCatImagePipeline(
        scheduler=parts.flow_scheduler(use_dynamic_shifting=True),
        vae=parts.vae(16),
        text_encoder=encoder,
        tokenizer=tokenizer,
        text_processor=None,
        transformer=parts.lively(transformer, seed),
    )
    return _save(pipe, folder)


def tiny_qwen_image(folder: Path, seed: int = 0) -> Path:
    """Qwen-Image; most of its megabytes are the autoencoder's."""
    torch.manual_seed(seed)
    transformer = diffusers.QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        guidance_embeds=False,
        axes_dims_rope=(4, 6, 6),
    )
    vae = diffusers.AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    encoder, tokenizer = parts.qwen_vl()
    pipe = diffusers.QwenImagePipeline(
        scheduler=parts.flow_scheduler(use_dynamic_shifting=True),
        vae=parts.lively(vae, 7),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=parts.lively(transformer, seed),
    )
    return _save(pipe, folder)


def _write_lora(folder: Path, base: Path, kind: Any, seed: int) -> Path:
    targets = ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"]
    model = kind.from_pretrained(base, subfolder="transformer")
    noise = torch.Generator().manual_seed(seed)
    state: dict[str, torch.Tensor] = {}
    for name, module in model.named_modules():
        joint = name.startswith("transformer_blocks") and ".attn." in name
        if joint and isinstance(module, torch.nn.Linear) and any(name.endswith(f"attn.{t}") for t in targets):
            for half, shape in (("A", (LORA_RANK, module.in_features)), ("B", (module.out_features, LORA_RANK))):
                key = f"base_model.model.{name}.lora_{half}.weight"
                state[key] = torch.randn(shape, generator=noise) * 0.2
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA",
        "base_model_name_or_path": None,
        "r": LORA_RANK,
        "lora_alpha": LORA_ALPHA,
        "target_modules": [f"attn.{target}" for target in targets],
        "lora_dropout": 0.0,
        "bias": "none",
        "init_lora_weights": "gaussian",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def _moved(state: dict[str, torch.Tensor], seed: int, by: float = 0.05) -> dict[str, torch.Tensor]:
    noise = torch.Generator().manual_seed(seed)
    return {key: value + by * torch.randn(value.shape, generator=noise) for key, value in state.items()}


def _save(pipe: Any, folder: Path, **options: Any) -> Path:
    pipe.save_pretrained(folder, **options)
    (folder / RANDOM_MARK).touch()
    return folder


def _sd1_unet() -> Any:
    return diffusers.UNet2DConditionModel(
        block_out_channels=(16, 32),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=2,
        cross_attention_dim=32,
        norm_num_groups=2,
    )


BUILDERS: dict[str, Callable[..., Path]] = {
    "flux": tiny_flux,
    "sd3": tiny_sd3,
    "sdxl": tiny_sdxl,
    "sd1": tiny_sd1,
    "z-image": tiny_z_image,
    "klein": tiny_klein,
    "longcat": tiny_longcat,
    "qwen-image": tiny_qwen_image,
}
"""A pipeline of every family by name."""
