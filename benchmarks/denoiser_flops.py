"""What one image costs by count: multiply-accumulates of one forward of each denoiser at its full size, no weights.

    python benchmarks/denoiser_flops.py

Torch counts matrix products and attention on its meta device, at 1024 × 1024 (SD1.5: 512 × 512), one image a forward.
Configurations: class defaults of diffusers for Flux, Qwen-Image and Z-Image; of SDXL, SD1.5 and SD3.5 the published
shapes from memory, checked by their number of parameters against the table. Systems whose configuration is not at hand
are left out. Forwards an image follow from the preset `matched`. PFLOP = forwards × 2 × multiply-accumulates.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import diffusers
import torch
from torch.utils.flop_counter import FlopCounterMode

from fauve.models.generators.systems import SYSTEMS

SUSTAINED = 300e12
"""Operations a second that the column of seconds assumes: what it would be, not what was measured."""


def flux(guided: bool = True) -> tuple[Any, dict[str, Any]]:
    model = diffusers.FluxTransformer2DModel(guidance_embeds=guided)
    text = 512 if guided else 256
    given = {
        "hidden_states": torch.empty(1, 4096, 64),
        "encoder_hidden_states": torch.empty(1, text, 4096),
        "pooled_projections": torch.empty(1, 768),
        "timestep": torch.empty(1),
        "guidance": torch.empty(1) if guided else None,
        "img_ids": torch.empty(4096, 3),
        "txt_ids": torch.empty(text, 3),
    }
    return model, given


def sd3(layers: int, dual: int) -> tuple[Any, dict[str, Any]]:
    model = diffusers.SD3Transformer2DModel(
        sample_size=128,
        patch_size=2,
        in_channels=16,
        out_channels=16,
        num_layers=layers,
        attention_head_dim=64,
        num_attention_heads=layers,
        joint_attention_dim=4096,
        caption_projection_dim=64 * layers,
        pooled_projection_dim=2048,
        pos_embed_max_size=384 if dual else 192,
        dual_attention_layers=tuple(range(dual)),
        qk_norm="rms_norm",
    )
    given = {
        "hidden_states": torch.empty(1, 16, 128, 128),
        "encoder_hidden_states": torch.empty(1, 333, 4096),
        "pooled_projections": torch.empty(1, 2048),
        "timestep": torch.empty(1),
    }
    return model, given


def sdxl() -> tuple[Any, dict[str, Any]]:
    model = diffusers.UNet2DConditionModel(
        sample_size=128,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(320, 640, 1280),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )
    added = {"text_embeds": torch.empty(1, 1280), "time_ids": torch.empty(1, 6)}
    given = {
        "sample": torch.empty(1, 4, 128, 128),
        "timestep": torch.empty(1),
        "encoder_hidden_states": torch.empty(1, 77, 2048),
        "added_cond_kwargs": added,
    }
    return model, given


def sd1() -> tuple[Any, dict[str, Any]]:
    model = diffusers.UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    given = {
        "sample": torch.empty(1, 4, 64, 64),
        "timestep": torch.empty(1),
        "encoder_hidden_states": torch.empty(1, 77, 768),
    }
    return model, given


def qwen() -> tuple[Any, dict[str, Any]]:
    model = diffusers.QwenImageTransformer2DModel()
    given = {
        "hidden_states": torch.empty(1, 4096, 64),
        "encoder_hidden_states": torch.empty(1, 64, 3584),
        "timestep": torch.empty(1),
        "img_shapes": [[(1, 64, 64)]],
    }
    return model, given


def z_image() -> tuple[Any, dict[str, Any]]:
    model = diffusers.ZImageTransformer2DModel()
    given = {"x": [torch.empty(16, 1, 128, 128)], "t": torch.empty(1), "cap_feats": [torch.empty(64, 2560)]}
    return model, given


DENOISERS: dict[str, tuple[Callable[[], tuple[Any, dict[str, Any]]], int]] = {
    "flux-dev": (flux, 1),
    "flux-schnell": (lambda: flux(guided=False), 1),
    "sdxl": (sdxl, 2),
    "sd3.5-m": (lambda: sd3(24, 13), 2),
    "sd3.5-large": (lambda: sd3(38, 0), 2),
    "sd1.5": (sd1, 2),
    "qwen-image": (qwen, 2),
    "z-image": (z_image, 2),
}
"""How to build each denoiser, and its forwards a step under preset `matched` (2: classifier-free guidance)."""


@torch.no_grad()
def macs(model: Any, given: dict[str, Any]) -> float:
    with FlopCounterMode(display=False) as counter:
        model(**given)
    return counter.get_total_flops() / 2


def main() -> None:
    print("| denoiser | billion parameters | TMAC a forward | forwards an image | PFLOP an image | s at 300 TFLOP/s |")
    print("|---|---|---|---|---|---|")
    for name, (build, passes) in DENOISERS.items():
        with torch.device("meta"):
            model, given = build()
            count = macs(model, given)
        parameters = sum(p.numel() for p in model.parameters()) / 1e9
        stated = SYSTEMS[name].parameters
        if abs(parameters - stated) > 0.02 * stated:
            raise SystemExit(f"{name}: {parameters:.2f} billion parameters were built, and the table says {stated:g}")
        sampling = SYSTEMS[name].presets["matched"].original
        forwards = sampling.steps * passes
        flop = forwards * 2 * count
        print(
            f"| {name} | {parameters:.2f} | {count / 1e12:.2f} | {forwards} | {flop / 1e15:.2f} "
            f"| {flop / SUSTAINED:.1f} |"
        )


if __name__ == "__main__":
    main()
