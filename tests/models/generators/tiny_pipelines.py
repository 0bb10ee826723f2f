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
import transformers
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel

from fauve.models.weights import RANDOM_MARK

SIDE = 64
"""A side in pixels that every tiny pipeline can make."""


LORA_RANK, LORA_ALPHA = 4, 8
"""A scale of 2, as the published Flow-GRPO adapters have (rank 32, alpha 64)."""


def tiny_flux(folder: Path, seed: int = 0, *, guidance_embeds: bool = True) -> Path:
    """FLUX.1 dev (or schnell, without the guidance embedding): two double and two single blocks."""
    torch.manual_seed(seed)
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=2,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 6, 6),
        guidance_embeds=guidance_embeds,
    )
    clip, words = _clip_text()
    t5, pieces = _t5()
    pipe = diffusers.FluxPipeline(
        scheduler=_flow_scheduler(use_dynamic_shifting=guidance_embeds),
        vae=_vae(),
        text_encoder=clip,
        tokenizer=words,
        text_encoder_2=t5,
        tokenizer_2=pieces,
        transformer=_lively(transformer, seed),
    )
    return _save(pipe, folder)


def tiny_flux_full(folder: Path, base: Path, seed: int = 1) -> Path:
    """A whole tuned transformer beside nothing else: one file in ``checkpoint-ema-300-0``, as DanceFlux is published."""
    transformer = diffusers.FluxTransformer2DModel.from_pretrained(base, subfolder="transformer")
    with torch.no_grad():
        state = _moved(transformer.state_dict(), seed)
    place = folder / "checkpoint-ema-300-0"
    place.mkdir(parents=True, exist_ok=True)
    save_file(state, place / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
    return folder


def tiny_flux_lora(folder: Path, base: Path, seed: int = 2) -> Path:
    """A PEFT adapter folder of the transformer under ``base``, as Flow-GRPO publishes them: keys prefixed, no base named."""
    return _write_lora(folder, base, diffusers.FluxTransformer2DModel, seed)


def tiny_sd3(folder: Path, seed: int = 0) -> Path:
    """Stable Diffusion 3.5 Medium: two joint blocks, the first with a second attention on the image alone."""
    torch.manual_seed(seed)
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=32,
        patch_size=2,
        in_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=64,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        out_channels=4,
        pos_embed_max_size=48,
        dual_attention_layers=(0,),
        qk_norm="rms_norm",
    )
    (clip, words), (big, same_words), (t5, pieces) = _clip_text(projected=True), _clip_text(projected=True), _t5(64)
    pipe = diffusers.StableDiffusion3Pipeline(
        transformer=_lively(transformer, seed),
        scheduler=_flow_scheduler(),
        vae=_vae(),
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
    clip, words = _clip_text()
    big, same_words = _clip_text(projected=True)
    pipe = diffusers.StableDiffusionXLPipeline(
        vae=_old_vae(**statistics),
        text_encoder=clip,
        text_encoder_2=big,
        tokenizer=words,
        tokenizer_2=same_words,
        unet=_lively(unet, seed),
        scheduler=scheduler,
        add_watermarker=False,
    )
    return _save(pipe, folder, variant=variant)


def tiny_sd1(folder: Path, seed: int = 0, *, safety_checker: bool = False) -> Path:
    """Stable Diffusion 1.5; where it has a safety checker, one that takes offence at every picture."""
    torch.manual_seed(seed)
    clip, words = _clip_text()
    pipe = diffusers.StableDiffusionPipeline(
        vae=_old_vae(),
        text_encoder=clip,
        tokenizer=words,
        unet=_lively(_sd1_unet(), seed),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        ),
        safety_checker=_offended() if safety_checker else None,
        feature_extractor=_looking_closely() if safety_checker else None,
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
    encoder, tokenizer = _qwen3()
    pipe = diffusers.ZImagePipeline(
        scheduler=_flow_scheduler(),
        vae=_vae(),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=_lively(transformer, seed),
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
    encoder, tokenizer = _qwen3(width=16, layers=27)
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
        scheduler=_flow_scheduler(use_dynamic_shifting=True),
        vae=_lively(vae, 7),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=_lively(transformer, seed),
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
    encoder, tokenizer = _qwen_vl()
    pipe = diffusers.LongCatImagePipeline(
        scheduler=_flow_scheduler(use_dynamic_shifting=True),
        vae=_vae(16),
        text_encoder=encoder,
        tokenizer=tokenizer,
        text_processor=None,
        transformer=_lively(transformer, seed),
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
    encoder, tokenizer = _qwen_vl()
    pipe = diffusers.QwenImagePipeline(
        scheduler=_flow_scheduler(use_dynamic_shifting=True),
        vae=_lively(vae, 7),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=_lively(transformer, seed),
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


def _lively(model: Any, seed: int) -> Any:
    """Draw weights large enough that prompt, guidance and adapters show in the picture; none stays zero or empty."""
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=noise) * 1.2 / parameter[0].numel() ** 0.5)
            elif not torch.isfinite(parameter).all() or not parameter.any():
                parameter.copy_(torch.randn(parameter.shape, generator=noise) * 0.1)
    return model.eval()


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


def _offended() -> Any:
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        vision_config={**vision, "image_size": 30, "patch_size": 15, "projection_dim": 16}, projection_dim=16
    )
    checker = _lively(StableDiffusionSafetyChecker(config), 8)
    with torch.no_grad():
        checker.concept_embeds_weights.fill_(-10.0)
    return checker


def _looking_closely() -> Any:
    return transformers.CLIPImageProcessorPil(size={"shortest_edge": 30}, crop_size={"height": 30, "width": 30})


def _old_vae(**changes: Any) -> Any:
    older = {"use_quant_conv": True, "use_post_quant_conv": True, "scaling_factor": 0.18215, "shift_factor": None}
    return _vae(**{**older, **changes})


def _flow_scheduler(**changes: Any) -> Any:
    return diffusers.FlowMatchEulerDiscreteScheduler(
        **{"shift": 3.0, "max_shift": 1.15, "base_shift": 0.5, "base_image_seq_len": 256, **changes}
    )


def _vae(channels: int = 4, **changes: Any) -> Any:
    return _lively(
        diffusers.AutoencoderKL(
            **{
                "block_out_channels": (4, 8),
                "norm_num_groups": 2,
                "layers_per_block": 1,
                "latent_channels": channels,
                "down_block_types": ("DownEncoderBlock2D",) * 2,
                "up_block_types": ("UpDecoderBlock2D",) * 2,
                "sample_size": 32,
                "use_quant_conv": False,
                "use_post_quant_conv": False,
                "scaling_factor": 0.36,
                "shift_factor": 0.11,
                **changes,
            }
        ),
        7,
    )


def _clip_text(width: int = 32, projected: bool = False) -> tuple[Any, Any]:
    """A CLIP text encoder and the tokenizer that knows single letters only; start and end marks come last."""
    letters = sorted(ByteLevel.alphabet())
    vocabulary = {text: at for at, text in enumerate([*letters, *(f"{c}</w>" for c in letters)])}
    marks = ("<|startoftext|>", "<|endoftext|>")
    vocabulary |= {mark: len(vocabulary) + at for at, mark in enumerate(marks)}
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
    start, end = (vocabulary[mark] for mark in marks)
    config = transformers.CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=32,
        bos_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
    )
    kind = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    return _lively(kind(config), 3), tokenizer


def _t5(width: int = 32) -> tuple[Any, Any]:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(chr(code), -3.0) for code in range(33, 127)]
    tokenizer = transformers.T5TokenizerFast(vocab=pieces, extra_ids=0, model_max_length=512)
    config = transformers.T5Config(
        vocab_size=len(pieces), d_model=width, d_kv=16, d_ff=37, num_layers=2, num_heads=2, decoder_start_token_id=0
    )
    return _lively(transformers.T5EncoderModel(config), 4), tokenizer


def _qwen_words() -> Any:
    letters = sorted(ByteLevel.alphabet())
    vocabulary = {text: at for at, text in enumerate(letters)}
    tokenizer = transformers.Qwen2Tokenizer(vocab=vocabulary, merges=[])
    marks = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return tokenizer


def _qwen3(width: int = 32, layers: int = 3) -> tuple[Any, Any]:
    tokenizer = _qwen_words()
    config = transformers.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
    )
    return _lively(transformers.Qwen3ForCausalLM(config), 5), tokenizer


def _qwen_vl() -> tuple[Any, Any]:
    tokenizer = _qwen_words()
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3], "rope_type": "default"},
        "rope_theta": 1000000.0,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 32}
    names = ("vision_start", "vision_end", "image_pad", "video_pad")
    ids = {f"{n.replace('_pad', '')}_token_id": tokenizer.convert_tokens_to_ids(f"<|{n}|>") for n in names}
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
    return _lively(transformers.Qwen2_5_VLForConditionalGeneration(config), 6), tokenizer


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
