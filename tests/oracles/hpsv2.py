"""Scores of HPSv2's own code on seeded random weights, as golden rows.

Runs in the environment of ``environment.sh``, from the root of the repository:

    DIR/bin/python -m tests.oracles.hpsv2 DIR tests/models/scorers/golden/hpsv2.json

``score`` of the package hpsv2x (hpsv2 with its vocabulary in it) is called on pictures, a prompt and a checkpoint file;
v2.0 and v2.1 are files, not code. ``cosine`` is what it gives, ``not antialiased`` what it gives with the resize of
torchvision up to 0.16. The vocabulary is a made one in the package's own tokenizer; ``ids`` are of that, and
``published_ids`` of the vocabulary that the package ships.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from tests.models.scorers import seeded_clip as seeded
from tests.oracles import shims

TEXTS = (
    *seeded.PROMPTS,
    "  A  “curly” quote, don’t &lt;b&gt; or &amp;amp; it\n",
    "naïve café – 50 % of the Straße, 3.5mm f/1.8 …",
    "雨の街 🌧️ ΟΔΟΣ ﬁlm 1/2 ½ ™",
    "schÃ¶n",
    "",
)
"""What ``published_ids`` are of: quotes, entities (also doubled), accents, other scripts, mojibake, nothing."""


def configuration(sizes: seeded.Sizes) -> dict[str, Any]:
    """The package's description of ViT-H-14 with other sizes."""
    return {
        "embed_dim": sizes.joint,
        "vision_cfg": {
            "image_size": seeded.SIDE,
            "layers": sizes.vision_depth,
            "width": sizes.vision,
            "head_width": sizes.vision // sizes.vision_heads,
            "patch_size": seeded.PATCH,
        },
        "text_cfg": {
            "context_length": seeded.PLACES,
            "vocab_size": sizes.words,
            "width": sizes.text,
            "heads": sizes.text_heads,
            "layers": sizes.text_depth,
        },
    }


def reference_modules(folder: Path) -> tuple[Any, Any]:
    """The package's scoring and its tokenizer, without what it imports for downloads and progress bars."""
    for name in ("clint", "clint.textui"):
        shims.empty_module(name, "progress", "textui")
    sys.path.insert(0, str(folder))
    shims.package_without_init("hpsv2", folder / "hpsv2")
    scoring = import_module("hpsv2.img_score")
    return scoring, import_module("hpsv2.src.open_clip.tokenizer")


@contextmanager
def resize_without_antialias() -> Iterator[None]:
    """torchvision's resize as it was for tensors up to 0.16."""
    functional = import_module("torchvision.transforms.functional")
    with mock.patch.object(functional, "resize", partial(functional.resize, antialias=False)):
        yield


def ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Token ids without the padding."""
    end = tokenizer._tokenizer.encoder["<end_of_text>"]
    return [row[: row.index(end) + 1] for row in tokenizer.tokenize(list(texts)).tolist()]


def table(scoring: Any, checkpoint: Path) -> list[list[float]]:
    """``score`` of every picture (a row) under every prompt; it loads the file at every call."""
    columns = [scoring.score(seeded.pictures(), prompt, cp=str(checkpoint)) for prompt in seeded.PROMPTS]
    return [[float(value) for value in row] for row in zip(*columns, strict=True)]


def main() -> None:
    """Write the reference's scores."""
    arguments = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    arguments.add_argument("environment", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--full", action="store_true", help="published sizes: 16 GB of memory")
    given = arguments.parse_args()
    operators = shims.torchvision_operators()
    sizes = seeded.FULL if given.full else seeded.TINY
    scoring, tokenizer = reference_modules(given.environment / "reference")
    published = ids(tokenizer, TEXTS)
    import_module("hpsv2.src.open_clip.factory")._MODEL_CONFIGS["ViT-H-14"] = configuration(sizes)
    create = scoring.create_model_and_transforms
    scoring.create_model_and_transforms = lambda name, pretrained, **options: create(name, None, **options)
    with tempfile.TemporaryDirectory() as name:
        seeded.write_vocabulary(Path(name))
        tokenizer._tokenizer = tokenizer.SimpleTokenizer(str(Path(name) / "bpe.txt.gz"))
        checkpoint = Path(name) / "HPS_v2.1_compressed.pt"
        torch.save({"state_dict": seeded.clip_tensors(sizes)}, checkpoint)
        scores = {"cosine": table(scoring, checkpoint)}
        with resize_without_antialias():
            scores["not antialiased"] = table(scoring, checkpoint)
    row = {
        "command": "python -m tests.oracles.hpsv2 DIR OUT",
        "reference": f"hpsv2x {version_of(given.environment)}",
        "torch": version("torch"),
        "full": given.full,
        "inputs": seeded.inputs_digest(),
        "prompts": list(seeded.PROMPTS),
        "ids": ids(tokenizer, seeded.PROMPTS),
        "texts": list(TEXTS),
        "published_ids": published,
        "scores": scores,
    }
    del operators  # kept until here: the reference's imports need it
    given.out.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")


def version_of(environment: Path) -> str:
    """The version of the unpacked package, as its folder of metadata says."""
    return next((environment / "reference").glob("hpsv2x-*.dist-info")).name.split("-")[1].removesuffix(".dist")


if __name__ == "__main__":
    main()
