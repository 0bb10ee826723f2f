"""The seeded HPSv2 and MPS as they are published, and the scorers that load them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tests.models.scorers import seeded_clip as seeded

from fauve.models.scorers.hpsv2 import HPSv2
from fauve.models.scorers.mps import MPS

OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "hpsv2": {"cosine": {}, "not antialiased": {"antialias": False}},
    "mps": {"evaluation": {"threshold": 0.3}, "class": {"threshold": 0.01}},
}
"""What makes a scorer give each output of its reference."""


def write_checkpoint(model: str, folder: Path, sizes: seeded.Sizes = seeded.TINY) -> None:
    """Seeded weights of ``hpsv2`` (as v2.0 and as v2.1) or ``mps`` in their published layouts, with the vocabulary."""
    seeded.write_vocabulary(folder)
    (folder / "config.json").write_text(json.dumps(seeded.hub_config(sizes)))
    tensors = seeded.clip_tensors(sizes)
    if model == "hpsv2":
        torch.save({"state_dict": tensors}, folder / "HPS_v2.1_compressed.pt")
        (folder / "HPS_v2_compressed.pt").hardlink_to(folder / "HPS_v2.1_compressed.pt")
        return
    named = {f"model.{key}": value.contiguous() for key, value in seeded.transformers_names(tensors).items()}
    named |= {f"cross_model.{key}": value for key, value in seeded.cross_tensors(sizes.joint).items()}
    save_file(named, folder / "MPS_overall_checkpoint_diffsynth.safetensors")


def adapter_scores(model: str, weights: Path, output: str, **further: Any) -> np.ndarray:
    """Scores of every picture (a row) under every prompt by Fauve's scorer.

    Prompts go in one by one: beside a longer one, padding to the longest would look like padding to the limit.
    """
    options = {**OPTIONS[model][output], **further}
    scorer = MPS("mps", str(weights), **options) if model == "mps" else HPSv2(weights=str(weights), **options)
    scorer.load("cpu", "float32")
    shown = seeded.pictures()
    cells = np.array([(image, 0) for image in range(len(shown))], dtype=np.intp)
    return np.stack([scorer.score(shown, [prompt], cells) for prompt in seeded.PROMPTS], axis=1)
