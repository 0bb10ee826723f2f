"""What tiny pipelines are made of: text encoders and their tokenizers, autoencoders, schedulers, drawn from a seed."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
import transformers
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from tokenizers.pre_tokenizers import ByteLevel


def lively(model: Any, seed: int) -> Any:
    """Draw weights large enough that prompt, guidance and adapters show in the picture; none stays zero or empty."""
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=noise) * 1.2 / parameter[0].numel() ** 0.5)
            elif not torch.isfinite(parameter).all() or not parameter.any():
                parameter.copy_(torch.randn(parameter.shape, generator=noise) * 0.1)
    return model.eval()


def offended() -> Any:
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        vision_config={**vision, "image_size": 30, "patch_size": 15, "projection_dim": 16}, projection_dim=16
    )
    checker = lively(StableDiffusionSafetyChecker(config), 8)
    with torch.no_grad():
        checker.concept_embeds_weights.fill_(-10.0)
    return checker


def looking_closely() -> Any:
    return transformers.CLIPImageProcessorPil(size={"shortest_edge": 30}, crop_size={"height": 30, "width": 30})


def old_vae(**changes: Any) -> Any:
    older = {"use_quant_conv": True, "use_post_quant_conv": True, "scaling_factor": 0.18215, "shift_factor": None}
    return vae(**{**older, **changes})


def flow_scheduler(**changes: Any) -> Any:
    return diffusers.FlowMatchEulerDiscreteScheduler(
        **{"shift": 3.0, "max_shift": 1.15, "base_shift": 0.5, "base_image_seq_len": 256, **changes}
    )


def vae(channels: int = 4, **changes: Any) -> Any:
    return lively(
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


def clip_text(width: int = 32, projected: bool = False) -> tuple[Any, Any]:
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
    return lively(kind(config), 3), tokenizer


def t5(width: int = 32) -> tuple[Any, Any]:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(chr(code), -3.0) for code in range(33, 127)]
    tokenizer = transformers.T5TokenizerFast(vocab=pieces, extra_ids=0, model_max_length=512)
    config = transformers.T5Config(
        vocab_size=len(pieces), d_model=width, d_kv=16, d_ff=37, num_layers=2, num_heads=2, decoder_start_token_id=0
    )
    return lively(transformers.T5EncoderModel(config), 4), tokenizer


def qwen_words() -> Any:
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


def qwen3(width: int = 32, layers: int = 3) -> tuple[Any, Any]:
    tokenizer = qwen_words()
    config = transformers.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
    )
    return lively(transformers.Qwen3ForCausalLM(config), 5), tokenizer


def qwen_vl() -> tuple[Any, Any]:
    tokenizer = qwen_words()
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
    return lively(transformers.Qwen2_5_VLForConditionalGeneration(config), 6), tokenizer
