"""How long every study takes over a run of the benchmark's size, and what a plain ``scipy.stats.bootstrap`` loop would.

    python benchmarks/studies.py [--prompts 300] [--rounds 2]

The ledger is planted: 300 prompts by 11 generators (four families among them) are 3,300 pairs, each with nine scorers
on the whole 2 × 2 grid, a judge on eleven dimensions of both pictures, people's selection and a language model's in
both orders; 300 contrasts of the other studies stand beside them. No picture is drawn, as no study opens one.

The studies run in a process of their own, which tells its wall time, its processor time, the part of that which went
into bootstraps, and its largest resident set. It also counts which statistics were bootstrapped, over how many rows.
SciPy is then given each kind of them at two sizes, taking every row as independent, which is the easier task; a line
through the two sizes gives the time of every statistic that was counted. Both take turns, round by round, one thread
each. SciPy's statistics are what a plain loop would have (``np.mean``, and scikit-learn's functions draw by draw), and
beside that the same written for whole blocks of draws by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from fauve.keys import digest_bytes
from fauve.ledger import Answer, Ledger
from fauve.ledger.choices import Choice, draw_selections, record_choices
from fauve.records import Contrast, ImageRef, ImportedScore, Outcome, PromptPair, Selection
from fauve.stats.bootstrap import DRAWS, Statistic, cluster_bootstrap
from fauve.studies import analyse_all
from fauve.studies.evidence import Evidence
from fauve.vocabulary import CRITIQUE_TOPICS, EMOTIONS, PHOTO_CATEGORIES, PROMPT_DIMENSIONS

LIMIT_S, LIMIT_MB, WANTED = 60.0, 1500.0, 20.0
SCORERS = ("hpsv3", "hpsv2.1", "imagereward", "pickscore", "mps", "visionreward", "laion-v2", "clip-l", "blip-l")
GENERATORS = (
    "flux-dev", "dance-flux", "pref-flux", "sd3.5-m", "sd3.5-m-pickscore", "sd3.5-m-geneval", "sd3.5-large",
    "alchemist", "sdxl", "sd1.5", "sd1.5-dpo", "flux-krea", "flux-schnell", "playground-v2.5", "qwen-image", "z-image",
    "nano-banana", "gpt-image-1.5", "seedream-4", "glm-image",
)  # fmt: skip
SUBJECTS = (
    "a fishing harbour at dawn",
    "an old tram",
    "a woman with a red umbrella",
    "a bowl of plums",
    "a stone bridge",
)
CORNERS = [(image, prompt) for image in ("original", "anti") for prompt in ("original", "anti")]
SOURCE = "planted"
ONE_THREAD = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The studies have threads of their own; those of the matrix library beside them would escape the clock of a thread."""
SIZES = (300, 3300)
Way = tuple[float, dict[str, tuple[int, float]]]


# A run of the benchmark's size ---------------------------------------------------------------------------------------


class World:
    """Pairs and contrasts whose truth is drawn: what each generator delivers, and how much taste each scorer has."""

    def __init__(self, prompts: int, generators: int, scorers: int) -> None:
        self.rng = np.random.default_rng(20)
        self.prompts, self.generators, self.scorers = prompts, GENERATORS[:generators], SCORERS[:scorers]
        self.delivers = dict(zip(self.generators, self.rng.uniform(0.35, 0.9, generators), strict=True))
        self.taste = dict(zip(self.scorers, self.rng.uniform(0.2, 2.0, scorers), strict=True))
        self.judged: dict[str, dict[str, float]] = {}

    def pairs(self, picture: Callable[[str], str]) -> Iterator[PromptPair]:
        """Every pair; ``picture`` gives the sha256 of a picture by its name."""
        for k in range(self.prompts):
            count = int(self.rng.integers(2, 5))
            asked = tuple(sorted(self.rng.choice(PROMPT_DIMENSIONS, count, replace=False).tolist()))
            plain = f"{SUBJECTS[k % len(SUBJECTS)]}, view {k} of a long series"
            texts = {"original": plain, "anti": f"{plain}, with {' and '.join(asked)} as bad as it can be"}
            for generator in self.generators:
                yield self._pair(f"p{k:04}", generator, texts, asked, picture)

    def _pair(
        self, name: str, generator: str, texts: dict[str, str], asked: tuple[str, ...], picture: Callable[[str], str]
    ) -> PromptPair:
        images = {slot: picture(f"{generator} {name} {slot}") for slot in texts}
        plain = {d: float(self.rng.uniform(1.2, 2)) for d in PROMPT_DIMENSIONS}
        done = {d: self.rng.random() < self.delivers[generator] for d in asked}
        anti = {d: float(self.rng.uniform(0, 0.6) if done.get(d) else v * 0.97) for d, v in plain.items()}
        self.judged[images["original"]], self.judged[images["anti"]] = plain, anti
        share = float(np.mean(list(done.values())))
        choice = "anti" if share > 0.5 else "tie" if share == 0.5 else "original"
        beauty = {"original": float(np.mean(list(plain.values()))), "anti": float(np.mean(list(anti.values())))}
        fit = {
            ("original", "original"): 1.0,
            ("anti", "anti"): share,
            ("original", "anti"): 0.3,
            ("anti", "original"): 0.6,
        }
        scores = tuple(
            ImportedScore(s, i, p, self.taste[s] * beauty[i] + fit[i, p] + float(self.rng.normal(0, 0.4)), SOURCE)
            for s in self.scorers
            for i, p in CORNERS
        )
        selected = Selection("people", choice, SOURCE)
        return PromptPair(name, generator, texts, images, asked, selection=selected, scores=scores)

    def contrasts(self, picture: Callable[[str], str]) -> Iterator[Contrast]:
        """A hundred contrasts of each study that has them."""
        groups = {"photographs": ("category", [*PHOTO_CATEGORIES]), "critique": ("topic", [*CRITIQUE_TOPICS])}
        groups["emotion_reward"] = ("emotion", [e for e in EMOTIONS if e != "happiness"])
        for study, (key, values) in groups.items():
            for k in range(100):
                drawn = self.rng.normal(size=(len(self.scorers), 2))
                scores = tuple(
                    ImportedScore(s, slot, "prompt", float(drawn[at, side] + self.taste[s] * side), SOURCE)
                    for at, s in enumerate(self.scorers)
                    for side, slot in enumerate(("faithful", "default"))
                )
                images = {slot: picture(f"{study} {k} {slot}") for slot in ("faithful", "default")}
                text = {"prompt": f"{values[k % len(values)].replace('_', ' ')}, number {k}"}
                yield Contrast(f"c{k:03}", study, text, images, {key: values[k % len(values)]}, scores=scores)


def fill(directory: Path, world: World, picture: Callable[[Ledger, str], str]) -> None:
    """Write the ledger: items, what the judge saw, and what a language model selected."""
    with Ledger(directory, write=True) as ledger:
        items = [*world.pairs(lambda name: picture(ledger, name)), *world.contrasts(lambda name: picture(ledger, name))]
        ledger.add_items((item, "benchmark") for item in items)
        add_answers(ledger, world)


def add_answers(ledger: Ledger, world: World) -> None:
    """What a judge and a language model say of the pairs that the ledger has."""
    run = ledger.begin_run("benchmark", {})
    judge = ledger.register("judge", "eye", {"dimensions": list(PROMPT_DIMENSIONS)}, {"kind": "judge"})
    seen = [Answer(sha, d, Outcome.OK, v) for sha, values in world.judged.items() for d, v in values.items()]
    ledger.record_dimension_scores(run, judge, seen)
    selector = ledger.register("selector", "llm", {"orders": 2}, {"kind": "selector"})
    numbers = [number for (number,) in ledger.db.execute("SELECT item FROM items WHERE kind = 'pair'")]
    wins = world.rng.random((len(numbers), 2)) < 0.62
    rows = [
        Choice(number, bool(turned), Outcome.OK, "anti" if wins[at, turned] else "original")
        for at, number in enumerate(numbers)
        for turned in range(2)
    ]
    record_choices(ledger, run, selector, rows)
    draw_selections(ledger, selector, "llm", both_orders=True)
    ledger.finish_run(run, {})


def unseen(ledger: Ledger, name: str) -> str:
    """The record of a picture that nobody opens."""
    sha = digest_bytes(name.encode())
    ledger.record_image(ImageRef(sha, 1024, 1024, ".png"))
    return sha


# The studies, in a process of their own ------------------------------------------------------------------------------


def analyse(directory: Path) -> None:
    """Read the evidence and ask every study; print what it took and which statistics were bootstrapped."""
    counted: Counter[tuple[str, int]] = Counter()
    once = Statistic.__call__

    def counting(statistic: Statistic, weights: np.ndarray) -> np.ndarray:
        if len(weights) == 1:  # the value itself; draws come in blocks
            kind = statistic.evaluate.__qualname__.split(".")[0]
            counted.update((kind, rows) for rows in statistic.rows)
        return once(statistic, weights)

    Statistic.__call__ = counting  # type: ignore[method-assign]
    spent: list[float] = []

    def timed(*arguments: Any, **named: Any) -> Any:
        before = time.thread_time()
        found = cluster_bootstrap(*arguments, **named)
        spent.append(time.thread_time() - before)
        return found

    for module in [m for name, m in sys.modules.items() if name.startswith("fauve.")]:
        if getattr(module, "cluster_bootstrap", None) is cluster_bootstrap:
            module.cluster_bootstrap = timed  # type: ignore[attr-defined]
    with Ledger(directory) as ledger:
        started = time.perf_counter(), time.process_time()
        findings = analyse_all(Evidence.read(ledger))
        wall, processor = (
            now - then for now, then in zip((time.perf_counter(), time.process_time()), started, strict=True)
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"wall": wall, "processor": processor, "bootstraps": sum(spent), "peak": peak, "findings": len(findings)}
    print(json.dumps(told | {"statistics": [[kind, rows, n] for (kind, rows), n in sorted(counted.items())]}))


# SciPy's turn --------------------------------------------------------------------------------------------------------


def mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
    return values.mean(axis=axis)


def balanced_accuracy(truth: np.ndarray, guess: np.ndarray, axis: int = -1) -> np.ndarray:
    kinds = [truth == c for c in (False, True)]
    recalls = [((truth == guess) & mine).sum(axis=axis) / np.maximum(mine.sum(axis=axis), 1) for mine in kinds]
    return (recalls[0] + recalls[1]) / 2


def f1(truth: np.ndarray, guess: np.ndarray, axis: int = -1) -> np.ndarray:
    total = 0.0
    for c in (False, True):
        member, named = truth == c, guess == c
        support = member.sum(axis=axis)
        total = total + 2 * (member & named).sum(axis=axis) / np.maximum(support + named.sum(axis=axis), 1) * support
    return total / truth.shape[axis]


def auroc(scores: np.ndarray, positive: np.ndarray, axis: int = -1) -> np.ndarray:
    ranks, above = stats.rankdata(scores, axis=axis), positive.sum(axis=axis)
    below = positive.shape[axis] - above
    return ((ranks * positive).sum(axis=axis) - above * (above + 1) / 2) / np.maximum(above * below, 1)


PLAIN: dict[str, tuple[Callable[..., Any], Callable[..., Any], Sequence[str]]] = {
    "weighted_mean": (mean, mean, ("margin",)),
    "weighted_balanced_accuracy": (balanced_accuracy, balanced_accuracy_score, ("truth", "guess")),
    "weighted_f1": (f1, lambda truth, guess: f1_score(truth, guess, average="weighted"), ("truth", "guess")),
    "weighted_auroc": (auroc, lambda scores, positive: roc_auc_score(positive, scores), ("margin", "truth")),
}
"""For each of Fauve's statistics the same for blocks of draws, the same draw by draw, and over which columns."""


def plain_seconds(kind: str, rows: int, draws: int, *, by_hand: bool) -> float:
    """Processor seconds of one ``scipy.stats.bootstrap`` with all draws, from a part of them."""
    rng = np.random.default_rng(rows)
    columns = {"margin": rng.normal(size=rows), "truth": rng.random(rows) < 0.7, "guess": rng.random(rows) < 0.6}
    blocks, single, names = PLAIN[kind]
    vectorised = by_hand or single is blocks
    part = draws if vectorised else max(1, draws // 5)
    start = time.process_time()
    stats.bootstrap(
        tuple(columns[name] for name in names), blocks if by_hand else single, paired=len(names) > 1, n_resamples=part,
        batch=250, method="percentile", vectorized=vectorised, rng=0,
    )  # fmt: skip
    return (time.process_time() - start) * DRAWS / part


def plain_total(
    counted: Sequence[tuple[str, int, int]], draws: int, *, by_hand: bool
) -> tuple[float, dict[str, tuple[int, float]]]:
    """Seconds for all statistics that the studies bootstrapped, and of each kind its number and its seconds."""
    spent: dict[str, tuple[int, float]] = {}
    for kind in sorted({kind for kind, _, _ in counted if kind in PLAIN}):
        small, large = (plain_seconds(kind, rows, draws, by_hand=by_hand) for rows in SIZES)
        slope = (large - small) / (SIZES[1] - SIZES[0])
        mine = [(rows, n) for k, rows, n in counted if k == kind]
        seconds = sum(n * max(0.0, small + slope * (rows - SIZES[0])) for rows, n in mine)
        spent[kind] = sum(n for _, n in mine), seconds
    return sum(seconds for _, seconds in spent.values()), spent


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--analyse"]:
        analyse(Path(arguments[1]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--generators", type=int, default=11)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--plain-draws", type=int, default=1000, help="of SciPy's draws, how many are timed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "run"
        fill(directory, World(options.prompts, options.generators, len(SCORERS)), unseen)
        command = [sys.executable, __file__, "--analyse", str(directory)]
        rounds = []
        for _ in range(options.rounds):
            ours = json.loads(
                subprocess.run(command, check=True, capture_output=True, text=True, env=ONE_THREAD).stdout
            )
            ways = [plain_total(ours["statistics"], options.plain_draws, by_hand=way) for way in (False, True)]
            rounds.append((ours, *ways))
    return told(options.prompts * options.generators, rounds)


def told(pairs: int, rounds: Sequence[tuple[dict[str, Any], Way, Way]]) -> int:
    """Print the rounds; 1 where something wanted was missed in all of them."""
    print(
        f"{pairs:,} pairs, {len(SCORERS)} scorers, 4 cells each, {DRAWS:,} draws, {rounds[0][0]['findings']:,} findings"
    )
    for ours, (plain, _), (by_hand, _) in rounds:
        print(
            f"studies {ours['wall']:.1f} s wall, {ours['processor']:.1f} s processor, {ours['bootstraps']:.1f} s of it "
            f"in bootstraps, peak {ours['peak']:.0f} MiB; SciPy (scaled) {plain:.0f} s, "
            f"{plain / ours['bootstraps']:.0f} × the bootstraps, {plain / ours['processor']:.0f} × all; with "
            f"statistics for blocks by hand {by_hand:.0f} s, {by_hand / ours['bootstraps']:.1f} ×"
        )
    for kind, (count, seconds) in rounds[-1][1][1].items():
        print(f"  {kind:28} {count:>6,} statistics, SciPy {seconds:7.0f} s, by hand {rounds[-1][2][1][kind][1]:7.0f} s")
    ratio = max(plain / ours["bootstraps"] for ours, (plain, _), _ in rounds)
    # Others may share the machine: two cores need no more seconds by the clock than processor seconds.
    took = min(min(ours["wall"], ours["processor"]) for ours, _, _ in rounds)
    peak = max(ours["peak"] for ours, _, _ in rounds)
    return 1 if took > LIMIT_S or ratio < WANTED or peak > LIMIT_MB else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
