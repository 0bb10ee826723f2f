"""What Fauve saves on the 2 × 2 grid, and what it costs beyond the model itself.

    python benchmarks/scorers.py [--pairs N] [--models NAME ...] [--whole] [--dtype bfloat16] [--threads N] [--quick]

On seeded random weights of the real architectures, in one process a model, round by round in turn:

- (a) called as the published scripts call it: picture and prompt anew for every cell (``reward_models/published.py``);
- (b) Fauve's ``score``, in jobs of eight pictures as the engine cuts them, from picture files, nothing known before;
- (c) the bare forwards of the fewest encodes, on ready tensors (``reward_models/bare.py``).

Every round has pairs of its own, and the order of the three turns round from one to the next. Seconds and ratios are
processor time, summed over the rounds: that counts the threads that decode too, and hardly sees what else the machine
is doing. In brackets stands the median over the rounds of the ratio by the clock, which holds on an idle machine. That
(a) and (b) give the same scores is checked. Then: eleven generators over the same prompts; the reload that
``hpsv2.score`` does in every call; and peak memory at 16 and 64 pairs, on narrow models.

Without ``--pairs`` the number of pairs is what some minutes allow. ``--whole`` runs every model at its whole depth.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch
import transformers
from reward_models.bare import BARE
from reward_models.checkpoints import MODELS, Depth, clip_sizes
from reward_models.grid import CELLS, Files, prompts, write_picture
from reward_models.published import PUBLISHED, Pair, reload_seconds

DEFAULT_PAIRS = {"clip-l": 3, "blip-l": 2, "imagereward": 3, "hpsv2.1": 4, "pickscore": 4, "mps": 3, "hpsv3": 2}
JOB_PAIRS = 4
GENERATORS = 11
GENERATORS_DEPTH = Depth(4, 3)
NARROW = 4
WANTED = {"hpsv3": 1.9}
WANTED_ELSE, WANTED_GENERATORS, WANTED_OVERHEAD = 1.8, 2.1, 0.10
MEMORY_PAIRS = {"clip-l": (16, 64), "blip-l": (16, 64), "mps": (16, 64), "hpsv3": (8, 32)}
"""One model for each way of keeping features; HPSv3 takes the longest."""


class Rounds:
    """Seconds of several ways of doing the same, round by round."""

    def __init__(self) -> None:
        self.clock: dict[str, list[float]] = {}
        self.processor: dict[str, list[float]] = {}

    def run(self, ways: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        """One round, in the order of ``ways`` and in the opposite order by turns."""
        order = list(ways)
        if len(self.clock.get(order[0], [])) % 2:
            order.reverse()
        done = {}
        for way in order:
            clock, processor = time.perf_counter(), time.process_time()
            done[way] = ways[way]()
            self.clock.setdefault(way, []).append(time.perf_counter() - clock)
            self.processor.setdefault(way, []).append(time.process_time() - processor)
        return done

    def seconds(self) -> dict[str, float]:
        return {way: sum(spent) for way, spent in self.processor.items()}

    def ratio(self, over: str, under: str) -> tuple[float, float]:
        """By the processor, and the median round by the clock."""
        by_clock = np.divide(self.clock[over], self.clock[under])
        return sum(self.processor[over]) / sum(self.processor[under]), float(np.median(by_clock))


def made_pairs(folder: Path, count: int, *, first_picture: int = 0, first_prompt: int = 0) -> list[Pair]:
    pairs = []
    for at in range(count):
        paths = []
        for slot in (0, 1):
            number = first_picture + 2 * at + slot
            paths.append(folder / f"{number}.jpg")
            write_picture(paths[-1], number)
        pairs.append(((paths[0], paths[1]), prompts(first_prompt + at)))
    return pairs


def published_grid(name: str, scorer: Any, pairs: Sequence[Pair]) -> list[float]:
    return [score for pair in pairs for score in PUBLISHED[name](scorer, pair)]


def fauve_grid(scorer: Any, pairs: Sequence[Pair], job_pairs: int = JOB_PAIRS) -> list[float]:
    scores: list[float] = []
    for start in range(0, len(pairs), job_pairs):
        job = pairs[start : start + job_pairs]
        paths = [path for files, _ in job for path in files]
        texts = [text for _, both in job for text in both]
        cells = np.array([(2 * at + i, 2 * at + p) for at in range(len(job)) for i, p in CELLS], dtype=np.intp)
        scores += scorer.score(Files(paths), texts, cells).tolist()
    return scores


def loaded(name: str, depth: Depth, dtype: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        MODELS[name].write(Path(folder), depth)
        scorer = MODELS[name].scorer(Path(folder))
        scorer.load("cpu", dtype)
    if depth.cross:
        # the adapter reads all layers of the cross module; those beyond the depth are taken off again
        cross = scorer.host["cross"]
        cross.layers = cross.layers[: depth.cross]
    return scorer


def measure(name: str, depth: Depth, dtype: str, pairs: int) -> dict[str, Any]:
    """The three ways over all pairs, round by round."""
    scorer = loaded(name, depth, dtype)
    per_round = max(1, min(JOB_PAIRS, pairs // 4))
    rounds = Rounds()
    apart = largest = 0.0
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        warm = made_pairs(Path(folder), 1, first_picture=10**6, first_prompt=10**6)
        scorer.score(Files(warm[0][0]), warm[0][1], np.array([(0, 0)], dtype=np.intp))
        for start in range(0, pairs, per_round):
            count = min(per_round, pairs - start)
            batch = made_pairs(Path(folder), count, first_picture=2 * start, first_prompt=start)
            ways: dict[str, Callable[[], Any]] = {
                "a": partial(published_grid, name, scorer, batch),
                "b": partial(fauve_grid, scorer, batch),
                "c": BARE[name](scorer, batch),
            }
            done = rounds.run(ways)
            apart = max(apart, float(np.abs(np.subtract(done["a"], done["b"])).max()))
            largest = max(largest, float(np.abs(done["a"]).max()))
    if dtype == "float32" and apart > 1e-3 * max(1.0, largest):
        raise SystemExit(f"{name}: the published calls and Fauve differ by {apart}; these times compare nothing")
    saved, beyond = rounds.ratio("a", "b"), rounds.ratio("b", "c")
    return {"seconds": rounds.seconds(), "saved": saved, "beyond": beyond, "apart": apart, "peak": peak_gib()}


def measure_generators(name: str, depth: Depth, dtype: str, pairs: int) -> dict[str, Any]:
    """Eleven generators' pictures for the same prompts, one scorer that stays loaded."""
    scorer = loaded(name, depth, dtype)
    rounds = Rounds()
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        warm = made_pairs(Path(folder), 1, first_picture=10**6, first_prompt=10**6)
        fauve_grid(scorer, warm)
        for generator in range(GENERATORS):
            batch = made_pairs(Path(folder), pairs, first_picture=2 * pairs * generator)
            rounds.run({"a": partial(published_grid, name, scorer, batch), "b": partial(fauve_grid, scorer, batch)})
    return {"seconds": rounds.seconds(), "saved": rounds.ratio("a", "b")}


def measure_memory(name: str, depth: Depth, dtype: str, pairs: Sequence[int]) -> dict[str, Any]:
    """Peaks after each number of pairs in jobs, and at last after one call with all of the last number."""
    scorer = loaded(name, depth, dtype)
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        made = made_pairs(Path(folder), max(pairs))
        for count, job_pairs in (*((count, JOB_PAIRS) for count in pairs), (max(pairs), max(pairs))):
            fauve_grid(scorer, made[:count], job_pairs)
            peaks.append(peak_gib())
    return {"peaks": peaks}


def measure_reload(depth: Depth) -> dict[str, Any]:
    """``hpsv2.score``'s loading, of a file of this depth."""
    with torch.device("meta"):
        model = transformers.CLIPModel(clip_sizes(depth, "H"))
    model = model.to_empty(device="cpu")
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(0.01)
    count = sum(weight.numel() for weight in model.parameters())
    return {"seconds": min(reload_seconds(model) for _ in range(2)), "parameters": count}


def peak_gib() -> float:
    """Largest resident set of this process so far; Linux counts it in KiB, macOS in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (2**30 if sys.platform == "darwin" else 2**20)


MEASURES: dict[str, Callable[..., dict[str, Any]]] = {
    "grid": measure,
    "generators": measure_generators,
    "memory": measure_memory,
    "reload": measure_reload,
}


def in_child(measure_name: str, threads: int, **arguments: Any) -> dict[str, Any]:
    """A measure in a process of its own, so that its peak memory is its own."""
    wanted = json.dumps(
        {"measure": measure_name, "threads": threads, "arguments": arguments}, default=dataclasses.asdict
    )
    done = subprocess.run(
        [sys.executable, __file__, "--child", wanted],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )
    if done.returncode:
        raise SystemExit(f"{measure_name} {arguments} failed")
    answered: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answered


def child(wanted: str) -> None:
    asked = json.loads(wanted)
    torch.set_num_threads(asked["threads"])
    arguments = asked["arguments"]
    arguments["depth"] = Depth(**arguments["depth"])
    print(json.dumps(MEASURES[asked["measure"]](**arguments)))


def narrow(name: str, layers: int) -> Depth:
    """A model of the right shape that costs next to nothing."""
    return Depth(layers, layers, min(layers, MODELS[name].whole.cross), NARROW)


def depth_words(name: str, depth: Depth) -> str:
    whole = MODELS[name].whole
    if depth == whole:
        return f"all ({whole.image} + {whole.text})"
    layers = f"{depth.image} of {whole.image} + {depth.text} of {whole.text}"
    layers += f" + {depth.cross} of {whole.cross}" if whole.cross else ""
    return layers if depth.narrow == 1 else f"{layers}, widths / {depth.narrow}"


def grid_row(name: str, depth: Depth, pairs: int, found: dict[str, Any]) -> str:
    saved, saved_by_clock = found["saved"]
    beyond, beyond_by_clock = (ratio - 1 for ratio in found["beyond"])
    cells = (
        name,
        depth_words(name, depth),
        str(pairs),
        *(f"{found['seconds'][way]:.1f}" for way in "abc"),
        f"{saved:.2f} ({saved_by_clock:.2f})",
        f"{WANTED.get(name, WANTED_ELSE)}",
        f"{beyond:+.1%} ({beyond_by_clock:+.1%})",
        f"{found['apart']:.0e}",
        f"{found['peak']:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def grid_table(options: argparse.Namespace, depths: dict[str, Depth]) -> None:
    head = "model, layers (image + text), pairs, a s, b s, c s, a / b, wanted, (b − c) / c, most a − b, peak GiB"
    print(f"| {head.replace(', ', ' | ')} |")
    print("|---" * 11 + "|")
    for name in options.models:
        pairs = options.pairs or DEFAULT_PAIRS[name]
        found = in_child("grid", options.threads, name=name, depth=depths[name], dtype=options.dtype, pairs=pairs)
        print(grid_row(name, depths[name], pairs, found), flush=True)
    print(
        f"\nProcessor time; in brackets the median round by the clock. (b − c) / c: {WANTED_OVERHEAD:.0%} at most.",
        end=" ",
    )
    print("Peak: of the whole process, the published calls and ready tensors included.\n", flush=True)


def generators_line(options: argparse.Namespace, depth: Depth) -> None:
    pairs = 2 if options.pairs is None else min(options.pairs, 4)
    found = in_child("generators", options.threads, name="hpsv2.1", depth=depth, dtype=options.dtype, pairs=pairs)
    (saved, by_clock), seconds = found["saved"], found["seconds"]
    print(
        f"{GENERATORS} generators over the same {2 * pairs} prompts, hpsv2.1, layers {depth_words('hpsv2.1', depth)}:"
    )
    times = f"a {seconds['a']:.1f} s, b {seconds['b']:.1f} s, a / b {saved:.2f} ({by_clock:.2f})"
    print(f"{times}, wanted {WANTED_GENERATORS}.\n", flush=True)


def reload_line(options: argparse.Namespace) -> None:
    depth = narrow("hpsv2.1", 2) if options.quick else MODELS["hpsv2.1"].whole
    found = in_child("reload", options.threads, depth=depth)
    seconds, millions = found["seconds"], found["parameters"] / 1e6
    print(f"In every call `hpsv2.score` reads its file ({millions:.0f} M numbers in half precision) and copies it into")
    print(f"the model, not counted in (a): {seconds:.2f} s a call from the page cache, {4 * seconds:.1f} s a pair.\n")


def memory_table(options: argparse.Namespace) -> None:
    print(
        f"| model, depth 1, {NARROW} times narrower | pairs | peak after the fewer, jobs of {2 * JOB_PAIRS} pictures "
        "| after the more | after the more in one call |"
    )
    print("|---|---|---|---|---|")
    for name, pairs in MEMORY_PAIRS.items():
        if name in options.models:
            asked = {"name": name, "depth": narrow(name, 1), "dtype": options.dtype, "pairs": pairs}
            peaks = " | ".join(f"{peak:.3f} GiB" for peak in in_child("memory", options.threads, **asked)["peaks"])
            print(f"| {name} | {pairs[0]}, {pairs[1]} | {peaks} |", flush=True)


def machine(options: argparse.Namespace, when: str) -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}, Python {platform.python_version()}"
    processors = f"{os.cpu_count()} processors ({platform.machine()})"
    return f"{when}: load average {load} on {processors}, {options.threads} thread(s), {options.dtype}, {versions}.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, help="pairs of every model; default: " + json.dumps(DEFAULT_PAIRS))
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=list(MODELS), metavar="NAME")
    parser.add_argument("--whole", action="store_true", help="every model at its whole depth")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=1, help="torch's threads; more than idle processors is slower")
    parser.add_argument("--quick", action="store_true", help="tiny models: shows that it runs, measures nothing")
    parser.add_argument("--only", nargs="+", choices=["grid", "generators", "reload", "memory"])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    depths = {name: model.whole if options.whole else model.usual for name, model in MODELS.items()}
    of_generators = depths["hpsv2.1"] if options.whole else GENERATORS_DEPTH
    if options.quick:
        depths = {name: narrow(name, 2) for name in MODELS}
        of_generators = depths["hpsv2.1"]
    started = time.monotonic()
    only = options.only or ["grid", "generators", "reload", "memory"]
    print(machine(options, "Before"), flush=True)
    if "grid" in only:
        grid_table(options, depths)
    if "generators" in only:
        generators_line(options, of_generators)
    if "reload" in only:
        reload_line(options)
    if "memory" in only:
        memory_table(options)
    print(f"\n{machine(options, 'After')}\n{time.monotonic() - started:.0f} s in all.")


if __name__ == "__main__":
    main()
