"""What Fauve adds around a pipeline's own time: its adapter, its engine and its ledger; wanted: at most 1.02 times.

    python benchmarks/pipeline_overhead.py [--rounds N] [--side PIXELS] [--steps N] [--quick]

A Flux pipeline with random weights (two double and four single blocks of width 512, an autoencoder that costs next to
nothing, which is the hard case), float32, one thread. Three ways make the same pictures and take turns: the pipeline
called by hand up to its pixels, Fauve's generator (checks, counts of tokens and forwards, PNG), and Fauve's engine
(what is owed, the generator, pictures and rows into a ledger on disk). A figure is the median over the rounds of the
ratio to the pipeline by hand in the same round, by processor time, which hardly sees what else the machine is doing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import diffusers
import torch
from tests.models.generators import tiny_parts as parts
from tests.models.generators.tiny_pipelines import flux_transformer, tiny_flux

from fauve.engine.generating import generate, here, owed_pictures, settings_of_slots, store_pairs
from fauve.ledger import Ledger
from fauve.ledger.importing.prompts import PromptRow
from fauve.models.generators.local import LocalGenerator
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

PROMPT = "a fruit stall at a street market in the morning"


def checkpoint(folder: Path) -> Path:
    """The tiny Flux of the tests with a denoiser that takes seconds and an autoencoder of factor 8, as the real one."""
    tiny_flux(folder)
    torch.manual_seed(0)
    denoiser = flux_transformer(
        num_single_layers=4, attention_head_dim=64, num_attention_heads=8, axes_dims_rope=(16, 24, 24)
    )
    denoiser.save_pretrained(folder / "transformer")
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    parts.vae(block_out_channels=(4, 8, 8, 8), **blocks).save_pretrained(folder / "vae")
    return folder


def by_hand(generator: LocalGenerator, request: ImageRequest) -> Any:
    """The pipeline's own call, with the arguments that the generator hands over."""
    sampling = generator.sampling
    return generator.loaded.pipe(
        prompt=request.prompt,
        num_inference_steps=sampling.steps,
        guidance_scale=sampling.guidance,
        width=sampling.size[0],
        height=sampling.size[1],
        max_sequence_length=512,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        output_type="np",
    ).images[0]


def by_engine(generator: LocalGenerator, directory: Path, turn: int) -> None:
    """One pair whose prompts are one and the same: a single picture is owed, and an item is made of it."""
    row = PromptRow(f"{turn}", f"{PROMPT} {turn}", f"{PROMPT} {turn}", (), {}, None)
    with Ledger(directory, write=True) as ledger:
        settings = settings_of_slots(generator)
        adapter = ledger.register("generator", "flux-dev", settings, generator.card.as_json())
        owed = owed_pictures(ledger, adapter, [row], 1, apart=False, negative=False)
        run = ledger.begin_run("benchmark", {})
        made = [one for rows in generate(ledger, run, adapter, here(generator), owed, 1, lambda: False) for one in rows]
        if [one.outcome for one in made] != [Outcome.OK] or store_pairs(ledger, adapter, "flux-dev", [row], 1) != 1:
            raise SystemExit(f"the engine made no picture: {made}")


def seconds(call: Callable[[], Any]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--side", type=int, default=512, help="of the picture in pixels")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--quick", action="store_true", help="a small picture and few rounds: does it run?")
    options = parser.parse_args()
    rounds, side, steps = (2, 64, 2) if options.quick else (options.rounds, options.side, options.steps)
    torch.set_num_threads(1)
    diffusers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as place:
        folder = checkpoint(Path(place) / "checkpoint")
        generator = LocalGenerator("flux-dev", folder, size=side, steps=steps, dtype="float32")
        generator.load("cpu")
        generator.loaded.pipe.set_progress_bar_config(disable=True)
        ways: dict[str, Callable[[int], Any]] = {
            "pipeline by hand": lambda turn: by_hand(generator, ImageRequest(f"{PROMPT} {turn}", turn)),
            "Fauve's generator": lambda turn: generator.generate([ImageRequest(f"{PROMPT} {turn}", turn)]),
            "Fauve's engine and ledger": lambda turn: by_engine(generator, Path(place) / "run", turn),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(rounds + 1):
            for name, way in ways.items():
                spent = seconds(lambda way=way, turn=turn: way(turn))
                if turn:  # the first round warms up
                    taken[name].append(spent)
    load = os.getloadavg()[0]
    print(f"{side} × {side}, {steps} steps, {rounds} rounds; load average {load:.1f}\n")
    print("| way | s a picture | × by hand (range) |\n|---|---|---|")
    first = taken["pipeline by hand"]
    for name, spent in taken.items():
        ratios = [mine / base for mine, base in zip(spent, first, strict=True)]
        print(
            f"| {name} | {statistics.median(spent):.3f} | {statistics.median(ratios):.3f} "
            f"({min(ratios):.3f}–{max(ratios):.3f}) |"
        )


if __name__ == "__main__":
    main()
