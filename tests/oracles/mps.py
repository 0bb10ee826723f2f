"""Scores of MPS's own code on seeded random weights, as golden rows.

Runs in the environment of ``environment.sh``, from the root of the repository:

    DIR/bin/python -m tests.oracles.mps DIR tests/models/scorers/golden/mps.json

``evaluation`` is what ``infer_one_sample`` of the repository's evaluation script gives (a word is kept above 0.3),
``class`` what the model class's own ``forward``, which the README calls, leads to (0.01). Everything is float32: the
code's casts to half precision are taken out. With ``--checkpoint FILE`` the model is also saved as the authors saved
theirs, a whole pickled module.
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
from tests.models.scorers import seeded_clip as seeded
from tests.oracles import shims

CONDITION = (
    "light, color, clarity, tone, style, ambiance, artistry, shape, face, hair, hands, limbs, structure, instance, "
    "texture, quantity, attributes, position, number, location, word, things."
)
"""As the README writes it out; the evaluation script has it as its default."""


def reference_modules(folder: Path) -> tuple[Any, Any]:
    """The evaluation script and the model class, without what they import for training and pictures of results."""
    import_module("transformers")  # before the stand-ins, which it must not find
    for name in ("cv2", "fire", "matplotlib", "matplotlib.pyplot"):
        sys.modules.setdefault(name, mock.MagicMock())
    sys.path.insert(0, str(folder))
    return import_module("eval_overall_mps_on_imagereward"), import_module("trainer.models.clip_model")


def model(module: Any, sizes: seeded.Sizes) -> Any:
    """The reference's model with seeded weights, every one of them given; in float32."""
    config = import_module("transformers").CLIPConfig.from_dict(seeded.hub_config(sizes))
    config.vision_config.hidden_act = config.text_config.hidden_act = "gelu"
    config.text_config.eos_token_id = seeded.END
    module.XCLIPModel.from_pretrained = lambda _: module.XCLIPModel(config)
    cross = import_module("trainer.models.cross_modeling").Cross_model
    # the published code has dim=1024 and heads=16 written into it
    module.Cross_model = lambda **options: cross(
        **options | {"dim": sizes.joint, "heads": sizes.joint // seeded.CROSS_HEAD}
    )
    made = module.CLIPModel("")
    tensors = {f"model.{key}": value for key, value in seeded.transformers_names(seeded.clip_tensors(sizes)).items()}
    tensors |= {f"cross_model.{key}": value for key, value in seeded.cross_tensors(sizes.joint).items()}
    made.load_state_dict(tensors, strict=True)
    return made.eval()


def evaluated(script: Any, mps: Any, pixels: Any, words: Any) -> list[list[float]]:
    """``infer_one_sample`` of every picture (a row) under every prompt."""
    return [
        [float(script.infer_one_sample(picture, prompt, mps, pixels, words, "cpu")[0]) for prompt in seeded.PROMPTS]
        for picture in seeded.pictures()
    ]


def by_class(mps: Any, pixels: Any, words: Any) -> list[list[float]]:
    """Scaled cosines of what ``forward`` returns, a pair of equal pictures at a time as it wants two."""

    def ids(text: str) -> Any:
        return words(
            text, max_length=words.model_max_length, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids

    rows = []
    for picture in seeded.pictures():
        twice = pixels([picture, picture], return_tensors="pt")["pixel_values"]
        answers = [mps(ids(prompt), twice, ids(CONDITION)) for prompt in seeded.PROMPTS]
        rows.append([float(mps.logit_scale.exp() * torch.cosine_similarity(text, image)) for text, image, _ in answers])
    return rows


def main() -> None:
    """Write the reference's scores."""
    arguments = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    arguments.add_argument("environment", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--checkpoint", type=Path, help="where to save the model as the authors saved theirs")
    arguments.add_argument("--full", action="store_true", help="published sizes: 10 GB of memory")
    given = arguments.parse_args()
    operators = shims.torchvision_operators()
    sizes = seeded.FULL if given.full else seeded.TINY
    script, module = reference_modules(given.environment / "reference" / "MPS")
    transformers = import_module("transformers")
    mps, pixels = model(module, sizes), transformers.CLIPImageProcessor()
    if given.checkpoint:
        torch.save(mps, given.checkpoint)
    stay = mock.patch.object(torch.Tensor, "half", lambda self: self)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode(), stay:
        seeded.write_vocabulary(Path(folder))
        words = transformers.AutoTokenizer.from_pretrained(folder)
        scores = {"evaluation": evaluated(script, mps, pixels, words), "class": by_class(mps, pixels, words)}
    row = {
        "command": "python -m tests.oracles.mps DIR OUT",
        "reference": f"Kwai-Kolors/MPS be9027f on transformers {version('transformers')}",
        "torch": version("torch"),
        "full": given.full,
        "inputs": seeded.inputs_digest(),
        "prompts": list(seeded.PROMPTS),
        "scores": scores,
    }
    del operators  # kept until here: the reference's imports need it
    given.out.write_text(json.dumps(row, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
