"""Random BLIP checkpoints as they are published, and the scorers that load them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.models.scorers import plain_blip as plain
from transformers import BertTokenizer, BlipConfig, BlipForImageTextRetrieval

from fauve.models.scorers.blip import BlipMatching
from fauve.models.scorers.imagereward import ImageReward


def write_vocabulary(folder: Path) -> None:
    """A lower-casing WordPiece tokenizer of letters and a few words, as transformers saves it."""
    BertTokenizer(vocab={word: number for number, word in enumerate(plain.VOCABULARY)}).save_pretrained(folder)


def write_checkpoint(model: str, folder: Path, sizes: plain.Sizes = plain.TINY) -> None:
    """Seeded weights of one of the references in its published layout, with its vocabulary."""
    write_vocabulary(folder)
    if model == "imagereward":
        plain.write_med_config(folder, sizes)
        torch.save(plain.reward_tensors(sizes), folder / "ImageReward.pt")
    elif model == "blip-salesforce":
        torch.save({"model": plain.matching_tensors(sizes)}, folder / "pytorch_model.bin")
    else:
        write_hub_folder(folder, sizes)


def write_hub_folder(folder: Path, sizes: plain.Sizes = plain.TINY, **vision: float) -> Any:
    """A BLIP as transformers saves it, weights and processor; returns the model."""
    write_vocabulary(folder)
    config = BlipConfig.from_dict(plain.hub_config(sizes, **vision))
    host = BlipForImageTextRetrieval(config).eval()
    host.load_state_dict(plain.fill_by_name({key: tuple(value.shape) for key, value in host.state_dict().items()}))
    host.save_pretrained(folder)
    side = {"height": sizes.side, "width": sizes.side}
    described = {
        "image_processor_type": "BlipImageProcessor",
        "size": side,
        "image_mean": plain.MEAN,
        "image_std": plain.STD,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(described))
    return host


def adapter_scores(model: str, folder: Path, output: str) -> np.ndarray:
    """Scores of every picture under every prompt by Fauve's scorer, as its reference was called."""
    scorer: Any
    if model == "imagereward":
        scorer = ImageReward(weights=str(folder))
    else:
        limit = 35 if model == "blip-salesforce" else None
        scorer = BlipMatching("blip-b", str(folder), output=output, max_tokens=limit)  # type: ignore[arg-type]
    scorer.load()
    shown = plain.pictures()
    cells = np.array([(i, p) for i in range(len(shown)) for p in range(len(plain.PROMPTS))], dtype=np.intp)
    return scorer.score(shown, plain.PROMPTS, cells).reshape(len(shown), len(plain.PROMPTS))
