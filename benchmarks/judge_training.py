"""Trains a judge on stimuli whose labels are known by construction, and tests it on scenes that it never saw.

    python benchmarks/judge_training.py [--pictures N] [--epochs N] [--out DIR] [--quick]

Pieces of real photographs carry up to three effects at once, each at one of three strengths that are drawn
independently: faded colours (color aesthetic), darkness (color brightness), grain (detail refinement). Strength 0 is
labelled 1, the middle 0, the strong end -1: so every class is a third of the rows, and chance is 1/3 on every
dimension, whatever is known of the others. Two of the six photographs are held out whole.

The base is a small Qwen3-VL of random weights, and only its adapter is trained, so the rate is far above the default
2e-5, which is meant for a model that can already see. Nothing here says how well a real judge does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch
from judge_models import write_qwen3vl
from PIL import Image

from fauve.models.judges.training.settings import TrainingSettings
from fauve.models.judges.training.train import train_judge
from fauve.stimuli import apply, photographs

EFFECTS = {
    "color aesthetic": ("fading", (0.0, 0.55, 1.0)),
    "color brightness": ("underexposure", (0.0, 0.35, 0.7)),
    "detail refinement": ("grain", (0.0, 0.5, 1.0)),
}
"""Effect of each dimension with its three strengths, in the order in which they are applied."""

HELD_OUT = ("cat", "pavilion")
SIDE = 96
MODEL: dict[str, Any] = {
    "text": {"num_hidden_layers": 3},
    "vision": {"hidden_size": 128, "intermediate_size": 256, "num_heads": 4, "initializer_range": 0.05},
    "spread": 0.15,
}


def write_stimuli(folder: Path, pictures: int, seed: int = 0) -> Path:
    """Pictures and ``labels.jsonl``; as many of every photograph."""
    rng = np.random.default_rng(seed)
    sources = photographs()
    loaded = {p.name: p.load(256) for p in sources}
    lines = []
    for at in range(pictures):
        name = sources[at % len(sources)].name
        levels = {dimension: int(rng.integers(3)) for dimension in EFFECTS}
        file = f"{at:05}.png"
        Image.fromarray(spoilt(piece(loaded[name], rng), levels, at)).save(folder / file)
        split = "validation" if name in HELD_OUT else "train"
        lines += [
            json.dumps({"image": file, "dimension": dimension, "label": 1 - level, "split": split})
            for dimension, level in levels.items()
        ]
    labels = folder / "labels.jsonl"
    labels.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return labels


def piece(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A square of a half to the whole of the shorter side, perhaps mirrored."""
    side = int(min(picture.shape[:2]) * rng.uniform(0.5, 1.0))
    top, left = (int(rng.integers(0, extent - side + 1)) for extent in picture.shape[:2])
    cut = Image.fromarray(picture[top : top + side, left : left + side]).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    values = np.asarray(cut)
    return np.ascontiguousarray(values[:, ::-1] if rng.integers(2) else values)


def spoilt(picture: np.ndarray, levels: dict[str, int], seed: int) -> np.ndarray:
    for dimension, (effect, strengths) in EFFECTS.items():
        picture = apply(effect, picture, strengths[levels[dimension]], seed)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=900)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--quick", action="store_true", help="few pictures and epochs: does it run?")
    options = parser.parse_args()
    pictures, epochs = (60, 2) if options.quick else (options.pictures, options.epochs)
    torch.set_num_threads(1)
    settings = TrainingSettings(epochs=epochs, learning_rate=options.rate, warmup=0.05, batch=options.batch)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "stimuli"
        folder.mkdir()
        labels = write_stimuli(folder, pictures)
        base = write_qwen3vl(Path(scratch) / "base", **MODEL)
        clock, processor = time.perf_counter(), time.process_time()
        result = train_judge(
            labels,
            options.out or Path(scratch) / "adapter",
            name="small-random",
            weights=str(base),
            size=SIDE,
            settings=settings,
            device="cpu",
        )
        spent = time.perf_counter() - clock, time.process_time() - processor
    print(
        f"\n{result.steps:,} steps in {spent[0]:.0f} s ({spent[1]:.0f} s of processor time, one thread), "
        f"peak {peak():.2f} GiB"
    )
    print(f"loss: first 20 steps {np.mean(result.loss[:20]):.3f}, last 20 steps {np.mean(result.loss[-20:]):.3f}\n")
    print("| dimension | n | accuracy (chance 0.333) | MAE | class-balanced MAE | weighted F1 |")
    print("|---|---|---|---|---|---|")
    for name, figures in result.epochs[-1]["validation"].items():
        shown = [f"{v:.3f} ({low:.3f}–{high:.3f})" for v, low, high in (figures[k] for k in ("mae", "wmae", "wf1"))]
        print(f"| {name} | {figures['n']:,} | {figures['accuracy']:.3f} | {' | '.join(shown)} |")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
