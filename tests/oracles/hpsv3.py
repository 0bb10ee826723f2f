"""Ratings of HPSv3's own code on seeded random weights, as golden rows.

Runs in the environment of ``environment.sh``, from the root of the repository:

    DIR/bin/python -m tests.oracles.hpsv3 DIR tests/models/scorers/golden/hpsv3.json

The package casts its model to bfloat16, frequencies included. ``published`` has float32 weights and the frequencies as
that cast leaves them, ``float32`` has nothing rounded, ``bfloat16`` is the cast itself (the hidden state is made
float32 before the head, which on a CPU nothing else does). A row is a picture under a prompt: mean, log deviation.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from tests.models.scorers import plain_hpsv3 as plain
from tests.oracles import shims

CHAT = (
    "{% for message in messages %}{% if loop.first %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% endif %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}{% if part['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The form of Qwen2-VL's own chat template for one message with a picture."""
UNUSED = (
    "trl",
    "peft",
    "datasets",
    "matplotlib",
    "matplotlib.pyplot",
    "matplotlib.patches",
    "fire",
    "omegaconf",
    "torch.utils.tensorboard",
)


def reference_modules(folder: Path) -> tuple[Any, Any]:
    """The package's inference and model, with what they import for training replaced by nothing."""
    import_module("transformers.trainer")  # before the stand-ins, which it must not find
    for name in UNUSED:
        sys.modules.setdefault(name, mock.MagicMock())
    shims.package_without_init("hpsv3", folder / "hpsv3")
    return import_module("hpsv3.inference"), import_module("hpsv3.model.qwen2vl_trainer")


def rate(folder: Path, precision: str, checkpoint: Path) -> list[list[float]]:
    """Every picture under every prompt, in the package's own batches."""
    inference, trainer = reference_modules(folder)
    transformers = import_module("transformers")
    words = transformers.Qwen2TokenizerFast(
        tokenizer_file=str(checkpoint / "tokenizer.json"),
        pad_token="<|endoftext|>",
        additional_special_tokens=list(plain.CONTROL[1:]),
    )
    words.padding_side = "right"
    words.add_special_tokens({"additional_special_tokens": ["<|Reward|>"]})
    ids = {f"{key}_token_id": words.convert_tokens_to_ids(f"<|{key}_pad|>") for key in ("image", "video")}
    described = {**plain.flat_config(), **ids, "vocab_size": len(words), "pad_token_id": words.pad_token_id}
    model = trainer.Qwen2VLRewardModelBT(
        transformers.Qwen2VLConfig.from_dict(described),
        output_dim=2,
        special_token_ids=[words.convert_tokens_to_ids("<|Reward|>")],
        rm_head_type="ranknet",
    )
    model.load_state_dict(plain.published_tensors(len(words)), strict=True)
    if precision == "bfloat16":
        model.to(torch.bfloat16).rm_head.to(torch.float32)
        model.rm_head.register_forward_pre_hook(lambda _, given: (given[0].float(),))
    if precision == "published":
        for part in model.modules():
            if hasattr(part, "inv_freq"):
                part.inv_freq = part.inv_freq.to(torch.bfloat16)
    rater = inference.HPSv3RewardInferencer.__new__(inference.HPSv3RewardInferencer)
    rater.model, rater.device, rater.use_special_tokens = model.eval(), "cpu", True
    rater.processor = transformers.Qwen2VLProcessor(transformers.Qwen2VLImageProcessor(), words, chat_template=CHAT)
    rows: list[list[float]] = []
    for picture in plain.pictures():
        rows += rater.reward([picture] * len(plain.PROMPTS), list(plain.PROMPTS)).tolist()
    return rows


def main() -> None:
    """Write the reference's ratings."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("environment", type=Path)
    arguments.add_argument("out", type=Path)
    given = arguments.parse_args()
    operators = shims.torchvision_operators()
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        plain.save_checkpoint(Path(folder))
        scores = {
            precision: rate(given.environment / "reference", precision, Path(folder))
            for precision in ("published", "float32", "bfloat16")
        }
    row = {
        "reference": f"hpsv3 1.0.0 on transformers {version('transformers')}",
        "torch": version("torch"),
        "inputs": plain.inputs_digest(),
        "prompts": list(plain.PROMPTS),
        "scores": scores,
    }
    del operators
    given.out.write_text(json.dumps(row, indent=1) + "\n")


if __name__ == "__main__":
    main()
