"""Largest differences between Fauve's scorers and the references, from a folder of the references' scores.

Runs in the environment of Fauve, from the root of the repository:

    .venv/bin/python -m tests.oracles.compare SCORES [--environment DIR]

Writes the same seeded weights in the published layouts, loads them as a user would, and prints a table; ends with
status 1 where a score is further away than that output allows. ``--environment`` also compares the tokens that
HPSv2's own vocabulary gives.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.models.scorers import blip_checkpoints, clip_checkpoints, plain_blip, plain_hpsv3, seeded_clip
from transformers.utils import logging

from fauve.models.scorers.hpsv3 import HPSv3Scorer
from fauve.models.scorers.prompt_tokens import PromptTokens

GOLDEN = Path(__file__).parents[1] / "models" / "scorers" / "golden"
Row = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of the table: the spread is the standard deviation of the reference's scores."""

    model: str
    output: str
    difference: float
    spread: float
    most: float | None

    def __str__(self) -> str:
        allowed = "control" if self.most is None else f"{self.most:.0e}"
        return f"| {self.model} | {self.output} | {self.difference:.1e} | {self.spread:.2g} | {allowed} |"


def line(model: str, output: str, found: np.ndarray, reference: Any, most: float | None) -> Line:
    wanted = np.array(reference)
    scores = wanted[:, 0] if model == "hpsv3" else wanted  # beside the means stand log deviations
    return Line(model, output, float(np.abs(found - wanted).max()), float(np.std(scores)), most)


def blip(model: str, row: Row, folder: Path) -> Iterator[Line]:
    """ImageReward and the two BLIPs."""
    published = {"imagereward": plain_blip.REWARD_LARGE, "blip-salesforce": plain_blip.BLIP_BASE}
    full = published.get(model, plain_blip.BLIP_LARGE)
    blip_checkpoints.write_checkpoint(model, folder, full if row["full"] else plain_blip.TINY)
    for output, reference in row["scores"].items():
        found = blip_checkpoints.adapter_scores(model, folder, output)
        yield line(model, output, found, reference, 6e-6 if model == "imagereward" else 2e-6)


def clip(model: str, row: Row, folder: Path) -> Iterator[Line]:
    """HPSv2 and MPS; as controls, each reference against the other setting."""
    most = {"hpsv2": 2e-7, "mps": 5e-6}[model]
    clip_checkpoints.write_checkpoint(model, folder, seeded_clip.FULL if row["full"] else seeded_clip.TINY)
    found = {output: clip_checkpoints.adapter_scores(model, folder, output) for output in row["scores"]}
    for output, reference in row["scores"].items():
        yield line(model, output, found[output], reference, most)
    first, second = row["scores"]
    yield line(model, f"{first}, read as “{second}”", found[second], row["scores"][first], None)


def hpsv3(model: str, row: Row, folder: Path) -> Iterator[Line]:
    """Means and log deviations; as controls, frequencies that are not rounded as the published code rounds them."""
    plain_hpsv3.save_checkpoint(folder)
    grid = np.array([(i, p) for i in range(3) for p in range(len(plain_hpsv3.PROMPTS))], dtype=np.intp)

    def ratings(**options: Any) -> np.ndarray:
        scorer = HPSv3Scorer(weights=str(folder), **options)
        scorer.load("cpu", "float32")
        return np.asarray(scorer.predict(plain_hpsv3.pictures(), plain_hpsv3.PROMPTS, grid))

    exact, scores = ratings(rotary="float32"), row["scores"]
    yield line(model, "float32, rotary frequencies rounded", ratings(), scores["published"], 3e-6)
    yield line(model, "float32, nothing rounded", exact, scores["float32"], 3e-6)
    yield line(model, "bfloat16", ratings(dtype="bfloat16"), scores["bfloat16"], 0.06)
    yield line(model, "rounded, read with frequencies that are not", exact, scores["published"], None)
    unrounded = ratings(dtype="bfloat16", rotary="float32")
    yield line(model, "bfloat16, read with frequencies that are not rounded", unrounded, scores["bfloat16"], None)


def pickled_mps(scores: Path, file: Path) -> Iterator[Line]:
    """MPS from the reference's own pickled module, which is read without running it."""
    row = json.loads((scores / "mps.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeded_clip.write_vocabulary(folder)
        sizes = seeded_clip.FULL if row["full"] else seeded_clip.TINY
        (folder / "config.json").write_text(json.dumps(seeded_clip.hub_config(sizes)))
        (folder / file.name).symlink_to(file.resolve())
        for output, reference in row["scores"].items():
            found = clip_checkpoints.adapter_scores("mps", folder, output)
            yield line("mps, pickled module", output, found, reference, 5e-6)


def published_tokens(scores: Path, environment: Path) -> int:
    """How many of the prompts get other ids than HPSv2's tokenizer gives them by its own vocabulary."""
    row = json.loads((scores / "hpsv2.json").read_text(encoding="utf-8"))
    packed = environment / "reference" / "hpsv2" / "src" / "open_clip" / "bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.decompress(packed.read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    with tempfile.TemporaryDirectory() as folder:
        seeded_clip.write_vocabulary(Path(folder), tuple(merges))
        tokens = PromptTokens("hpsv2.1", folder, mends=True)
        found = [tokens.ids([text])[0].tolist() for text in row["texts"]]
    apart = sum(ours != theirs for ours, theirs in zip(found, row["published_ids"], strict=True))
    print(f"\nhpsv2, the published vocabulary: tokens differ in {apart} of {len(found)} texts")
    return apart


def drift(model: str, row: Row) -> None:
    """Say how far the references' scores of now are from those that the tests keep."""
    kept = json.loads((GOLDEN / f"{model}.json").read_text(encoding="utf-8"))["scores"]
    apart = max(float(np.abs(np.array(kept[output]) - np.array(row["scores"][output])).max()) for output in kept)
    print(f"{model}: the reference's scores differ from the stored ones by at most {apart:.1e}")


MODELS: dict[str, tuple[Callable[[str, Row, Path], Iterator[Line]], Callable[[], str]]] = {
    "imagereward": (blip, plain_blip.inputs_digest),
    "blip-salesforce": (blip, plain_blip.inputs_digest),
    "blip-transformers": (blip, plain_blip.inputs_digest),
    "hpsv2": (clip, seeded_clip.inputs_digest),
    "mps": (clip, seeded_clip.inputs_digest),
    "hpsv3": (hpsv3, plain_hpsv3.inputs_digest),
}


def lines(scores: Path) -> Iterator[Line]:
    """All lines of the table, model by model."""
    for model, (compare, digest) in MODELS.items():
        file = scores / f"{model}.json"
        if not file.is_file():
            continue
        row = json.loads(file.read_text(encoding="utf-8"))
        if row["inputs"] != digest():
            raise SystemExit(f"{file.name}: the seeded inputs are not the reference's: write its scores again")
        with tempfile.TemporaryDirectory() as name:
            yield from compare(model, row, Path(name))
        if not row.get("full"):
            drift(model, row)


def main() -> None:
    """Compare, and end with status 1 where something is further away than it may be."""
    arguments = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    arguments.add_argument("scores", type=Path)
    arguments.add_argument("--environment", type=Path)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    made = list(lines(given.scores))
    saved = given.environment / "MPS_overall_checkpoint.pth" if given.environment else None
    if saved and saved.is_file():
        made += pickled_mps(given.scores, saved)
    print("\n| reference | output | largest difference | spread | allowed |\n| --- | --- | ---: | ---: | ---: |")
    print(*made, sep="\n")
    bad = sum(found.most is not None and found.difference > found.most for found in made)
    if given.environment:
        bad += published_tokens(given.scores, given.environment)
    raise SystemExit(int(bad > 0))


if __name__ == "__main__":
    main()
