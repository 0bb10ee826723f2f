"""What the judge's two layouts save against asking one question at a time.

    python benchmarks/judge.py [--fast-size PIXELS] [--paper-size PIXELS] [--rounds N] [--threads N] [--quick]

Eleven dimensions of one picture, on seeded random weights with the widths of Qwen3-VL-4B, cut in depth in one
proportion (36 and 24 layers to 3 and 2), float32. Compared are, by turns and in processor time:

- the loop of the published script: for each question the picture is resized, cut into patches, encoded and read anew
  by transformers' own forward, with logits at the last place alone;
- ``paper``: the same inputs, the vision tower run once and the questions read ahead (once for all pictures,
  when the judge is loaded, which is not counted);
- ``fast``: the picture first, read once for all questions.

That ``paper`` gives what the loop gives, and ``fast`` what its own questions give alone, is checked. The vocabulary is
small, which favours the loop: its head costs nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch
from judge_models import TEXT_4B, VISION_4B, write_qwen3vl
from PIL import Image
from transformers import Qwen3VLForConditionalGeneration

from fauve.models.judges.levels import expected_level
from fauve.models.judges.qwen3vl import QwenJudge
from fauve.models.judges.qwen3vl_pixels import qwen3_patches
from fauve.stimuli import photographs

DEPTHS = {"num_hidden_layers": 3}, {"depth": 2, "deepstack_visual_indexes": [0]}
WANTED = {"fast": 5.0, "paper": 1.3}
AGREE = 1e-4


def one_at_a_time(model: Any, judge: QwenJudge, picture: Image.Image, questions: slice = slice(None)) -> np.ndarray:
    """Every question alone, as the published script asks."""
    values = []
    for asked in judge.questions()[questions]:
        patches, grid = qwen3_patches(picture, judge.size)
        tokens = grid[0] * grid[1] // 4
        ids = torch.tensor([[*asked.before, *[judge.text.image_id] * tokens, *asked.after]])
        kinds = (ids == judge.text.image_id).int()
        shape = torch.tensor([[1, *grid]])
        found = model(
            input_ids=ids, pixel_values=patches, image_grid_thw=shape, mm_token_type_ids=kinds, logits_to_keep=1
        )
        values.append(expected_level(found.logits[0, -1].double()[list(judge.text.answers)].softmax(0).numpy()))
    return np.array(values)


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    done = work()
    return time.process_time() - begun, done


@torch.inference_mode()
def measure(folder: Path, model: Any, picture: Image.Image, layout: str, size: int, rounds: int) -> dict[str, Any]:
    judge = QwenJudge("cut-qwen3-vl-4b", str(folder), layout=layout, size=size)
    judge.load()
    paper = QwenJudge("cut-qwen3-vl-4b", str(folder), layout="paper", size=size)
    loop, ours, ratios = [], [], []
    judge.judge([picture])  # warms up
    for _ in range(rounds):
        (slow, asked), (quick, found) = (
            spent(lambda: one_at_a_time(model, paper, picture)),
            spent(lambda: judge.judge([picture])[0]),
        )
        loop.append(slow)
        ours.append(quick)
        ratios.append(slow / quick)
    alone = asked if layout == "paper" else one_at_a_time(model, judge, picture, slice(0, 3))
    apart = float(np.abs(alone - found[: len(alone)]).max())
    if apart > AGREE:
        raise SystemExit(f"{layout}: asked alone, the answers are {apart} apart; these times compare nothing")
    return {"loop": statistics.median(loop), "ours": statistics.median(ours), "ratios": ratios, "apart": apart}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast-size", type=int, default=1024)
    parser.add_argument("--paper-size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a narrow model and small pictures: does it run?")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    picture = Image.fromarray(photographs()[0].load(512))
    text, vision = ({}, {}) if options.quick else (TEXT_4B, VISION_4B)
    sizes = {"fast": 128, "paper": 64} if options.quick else {"fast": options.fast_size, "paper": options.paper_size}
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_qwen3vl(Path(scratch), text={**text, **DEPTHS[0]}, vision={**vision, **DEPTHS[1]})
        model = Qwen3VLForConditionalGeneration.from_pretrained(str(folder), attn_implementation="sdpa").eval()
        print("| layout | side | tokens of the picture | loop, s | ours, s | saved | wanted | apart |")
        print("|---|---|---|---|---|---|---|---|")
        for layout, size in (("fast", sizes["fast"]), ("paper", sizes["paper"])):
            got = measure(folder, model, picture, layout, size, options.rounds)
            saved = f"{statistics.median(got['ratios']):.2f} ({min(got['ratios']):.2f}–{max(got['ratios']):.2f})"
            print(
                f"| {layout} | {size} | {(size // 32) ** 2:,} | {got['loop']:.2f} | {got['ours']:.2f} | {saved} | "
                f"{WANTED[layout]} | {got['apart']:.1e} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
