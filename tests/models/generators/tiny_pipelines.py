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


def _save(pipe: Any, folder: Path) -> Path:
    pipe.save_pretrained(folder)
    return folder


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


BUILDERS: dict[str, Callable[..., Path]] = {"flux": tiny_flux}
