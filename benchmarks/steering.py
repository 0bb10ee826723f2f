"""What steering costs: one forward of a Flux transformer, plain and steered, and what each multiplies out to.

    python benchmarks/steering.py [--rounds N] [--side PIXELS] [--quick]

Random weights, float32, one thread. The ways take turns, round by round; a figure is the median over the rounds of the
ratio to the plain forward of the same round, by processor time, which hardly sees what else the machine is doing. The
transformer that is timed is narrow, so that attention has a larger share of it than in FLUX.1 at 1024 × 1024; multiply-
accumulates are counted by torch on FLUX.1 dev at its full size, without weights.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from diffusers import FluxTransformer2DModel
from peft import LoraConfig
from torch.utils.flop_counter import FlopCounterMode

from fauve.models.steering.dial import lora_dial
from fauve.models.steering.flux_host import FluxHost
from fauve.models.steering.hosts import EncodedText, steered
from fauve.models.steering.nag import NagRule, NagSettings
from fauve.models.steering.split_attention import Rule
from fauve.models.steering.vsf_flux import ReleasedFluxRule
from fauve.models.steering.vsf_rule import Dose, flip_values

DEV = {"num_layers": 19, "num_single_layers": 38, "attention_head_dim": 128, "num_attention_heads": 24}
NARROW = {
    "num_layers": 2,
    "num_single_layers": 4,
    "attention_head_dim": 64,
    "num_attention_heads": 8,
    "joint_attention_dim": 512,
    "axes_dims_rope": (16, 24, 24),
}
NEGATIVE = 12
"""Tokens of a negative prompt of some four words."""
RANK = 32
"""Of the published Flow-GRPO adapters."""

WAYS: dict[str, tuple[bool, Callable[[], tuple[Rule, Rule | None]]]] = {
    "VSF, offset 0": (False, lambda: (flip_values(Dose(3.5)),) * 2),
    "VSF, offset 0.2": (False, lambda: (flip_values(Dose(3.5, 0.2)),) * 2),
    "VSF as released (dense mask)": (False, lambda: (ReleasedFluxRule(Dose(3.5)), None)),
    "NAG, both prompts in one row": (True, lambda: (NagRule(NagSettings()),) * 2),
}
"""Whether the negative prompt is padded, and the rules for double and for single blocks."""


def inputs(model: Any, text: int, image: int, batch: int = 1) -> dict[str, Any]:
    config, device = model.config, model.device
    return {
        "hidden_states": torch.randn(batch, image, config.in_channels, device=device),
        "encoder_hidden_states": torch.randn(batch, text, config.joint_attention_dim, device=device),
        "pooled_projections": torch.randn(batch, config.pooled_projection_dim, device=device),
        "timestep": torch.full((batch,), 0.5, device=device),
        "guidance": torch.full((batch,), 3.5, device=device),
        "img_ids": torch.zeros(image, 3, device=device),
        "txt_ids": torch.zeros(text, 3, device=device),
    }


@contextmanager
def way(model: Any, name: str, text: int, image: int) -> Iterator[dict[str, Any]]:
    """The model steered in one way, and its inputs."""
    padded, rules = WAYS[name]
    negative = text if padded else NEGATIVE
    pooled = torch.empty(1, 0)
    encoded = EncodedText(torch.empty(1, text, 0), torch.empty(1, negative, 0), pooled, pooled)
    host = FluxHost(SimpleNamespace(transformer=model))
    with steered(model, host.processors(encoded, *rules())):
        yield inputs(model, text + negative, image)


@torch.no_grad()
def counted(model: Any, given: dict[str, Any]) -> float:
    with FlopCounterMode(display=False) as counter:
        model(**given)
    return counter.get_total_flops() / 2


def count() -> dict[str, float]:
    """Multiply-accumulates of one forward of FLUX.1 dev at 1024 × 1024, as multiples of the plain one's."""
    with torch.device("meta"):
        model = FluxTransformer2DModel(**DEV, guidance_embeds=True)
    plain = counted(model, inputs(model, 512, 4096))
    found = {"plain": 1.0}
    for name in WAYS:
        with way(model, name, 512, 4096) as given:
            found[name] = counted(model, given) / plain
    found["two forwards (CFG)"] = counted(model, inputs(model, 512, 4096, batch=2)) / plain
    print(f"plain: {plain / 1e12:.2f} TMAC a forward (FLUX.1 dev, 4096 image tokens, 512 text tokens)\n")
    return found


@torch.no_grad()
def seconds(model: Any, given: dict[str, Any]) -> float:
    begun = time.process_time()
    model(**given)
    return time.process_time() - begun


def measure(rounds: int, side: int) -> dict[str, list[float]]:
    """Seconds of processor time, one figure a round, for every way in turn."""
    torch.manual_seed(0)
    text, image = 128, (side // 16) ** 2
    model = FluxTransformer2DModel(**NARROW, guidance_embeds=True).eval()
    contexts: dict[str, Callable[[], AbstractContextManager[dict[str, Any]]]] = {
        "plain": lambda: nullcontext(inputs(model, text, image)),
        **{name: (lambda name=name: way(model, name, text, image)) for name in WAYS},
        "two forwards (CFG)": lambda: nullcontext(inputs(model, text, image, batch=2)),
    }
    return take_turns(model, contexts, rounds)


def measure_dial(rounds: int, side: int) -> dict[str, list[float]]:
    """The same for an adapter at its own scale, dialled, and merged into the weights at the dialled scale."""
    torch.manual_seed(0)
    text, image = 128, (side // 16) ** 2
    model = FluxTransformer2DModel(**NARROW, guidance_embeds=True).eval()
    targets = ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"]
    model.add_adapter(LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=targets, init_lora_weights=False))
    given = inputs(model, text, image)

    @contextmanager
    def dialled(strength: float) -> Iterator[dict[str, Any]]:
        with lora_dial(model, strength):
            yield given

    @contextmanager
    def without() -> Iterator[dict[str, Any]]:
        model.disable_adapters()
        yield given
        model.enable_adapters()

    @contextmanager
    def merged() -> Iterator[dict[str, Any]]:
        model.fuse_lora(lora_scale=0.5)
        yield given
        model.unfuse_lora()

    contexts: dict[str, Callable[[], AbstractContextManager[dict[str, Any]]]] = {
        "adapter at its own scale": lambda: nullcontext(given),
        "dial at 0.5": lambda: dialled(0.5),
        "dial at 1.5": lambda: dialled(1.5),
        "adapter merged at 0.5": merged,
        "no adapter": without,
    }
    return take_turns(model, contexts, rounds)


def take_turns(
    model: Any, contexts: dict[str, Callable[[], AbstractContextManager[dict[str, Any]]]], rounds: int
) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in contexts}
    for turn in range(rounds + 1):
        for name, context in contexts.items():
            with context() as given:
                spent = seconds(model, given)
            if turn:  # the first round warms up
                taken[name].append(spent)
    return taken


def ratios(taken: dict[str, list[float]]) -> dict[str, tuple[float, float, float, float]]:
    """Median seconds, and median, least and greatest ratio to the first way."""
    first = next(iter(taken.values()))
    found = {}
    for name, spent in taken.items():
        against = [mine / base for mine, base in zip(spent, first, strict=True)]
        found[name] = (statistics.median(spent), statistics.median(against), min(against), max(against))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--side", type=int, default=512, help="of the picture in pixels")
    parser.add_argument("--quick", action="store_true", help="a small picture and few rounds: does it run?")
    options = parser.parse_args()
    rounds, side = (2, 128) if options.quick else (options.rounds, options.side)
    torch.set_num_threads(1)
    counts = count()
    print(f"Timed: 2 double and 4 single blocks of width 512, {(side // 16) ** 2} image and 128 text tokens.\n")
    print("| way | s a forward | × plain (range) | MACs, FLUX.1 dev |\n|---|---|---|---|")
    for name, (spent, ratio, least, most) in ratios(measure(rounds, side)).items():
        print(f"| {name} | {spent:.3f} | {ratio:.3f} ({least:.3f}–{most:.3f}) | {counts[name]:.3f} |")
    print("\n| adapter | s a forward | × its own scale (range) |\n|---|---|---|")
    for name, (spent, ratio, least, most) in ratios(measure_dial(rounds, side)).items():
        print(f"| {name} | {spent:.3f} | {ratio:.3f} ({least:.3f}–{most:.3f}) |")


if __name__ == "__main__":
    main()
