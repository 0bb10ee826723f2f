"""How long a report over many pairs with pictures takes, and that its memory does not grow with their number.

    python benchmarks/report.py [PAIRS ...]       default: 330 3300

The pictures are JPEG files of 1024 × 1024 pixels, two a pair and no two the same: sixty structured base pictures are
drawn once, and each picture is one of them shifted round by an offset and tinted, so that every file is decoded, hashed
and scaled in full. Each pair has three scorers on the whole 2 × 2 grid and one judge on two dimensions, so the gallery
has verdicts and ticks. Findings and charts are those of the studies. Each report is built in a process of its own,
which tells its wall time and its largest resident set; making the ledger and the findings is not counted.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from fauve.ledger import Answer, Ledger
from fauve.records import Finding, ImportedScore, Outcome, PromptPair
from fauve.report.site import build_report
from fauve.studies import STUDIES, analyse_all
from fauve.studies.evidence import Evidence
from fauve.studies.resampling import READY

SIDE = 1024
BASES = 60
SCORERS = ("hpsv3", "imagereward", "pickscore")
DIMENSIONS = ("clarity", "color brightness")
LIMIT_S = 120.0
GROWTH = 1.5
KEPT_MIB = READY * 8 / 2**20
"""The studies keep so much of their draws at hand, which a small run does not fill."""
"""Ten times the pairs may take this much more memory: rows of scores grow with them, pictures must not."""


def bases() -> list[np.ndarray]:
    made = []
    for seed in range(BASES):
        rng = np.random.default_rng(seed)
        coarse = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).resize((SIDE, SIDE), Image.BICUBIC)
        grain = rng.integers(-14, 15, (SIDE, SIDE, 3), dtype=np.int16)
        sharp = coarse.filter(ImageFilter.SHARPEN)
        made.append(np.clip(np.asarray(sharp, np.int16) + grain, 0, 255).astype(np.uint8))
    return made


def picture(drawn: list[np.ndarray], number: int) -> bytes:
    shifted = np.roll(drawn[number % BASES], (number * 37) % SIDE, axis=1)
    tinted = shifted ^ np.uint8(number // BASES % 8)
    buffer = io.BytesIO()
    Image.fromarray(tinted).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def pairs(ledger: Ledger, count: int) -> Iterator[PromptPair]:
    drawn = bases()
    rng = np.random.default_rng(0)
    for n in range(count):
        slots = ("original", "anti")
        refs = {slot: ledger.add_image(picture(drawn, 2 * n + at), f"{n} {slot}") for at, slot in enumerate(slots)}
        plain = f"a street with number {n} and a red bus that waits for people in the rain"
        scores = tuple(
            ImportedScore(scorer, image, prompt, float(rng.normal(3 if image == "original" else 1)), "benchmark")
            for scorer in SCORERS
            for image in slots
            for prompt in slots
        )
        yield PromptPair(
            str(n),
            f"generator {n % 5}",
            {"original": plain, "anti": f"{plain}, badly out of focus and far too dark"},
            {slot: ref.sha256 for slot, ref in refs.items()},
            DIMENSIONS,
            scores=scores,
        )


def fill(directory: Path, count: int) -> None:
    rng = np.random.default_rng(1)
    with Ledger(directory, write=True) as ledger:
        ledger.add_items((item, "benchmark") for item in list(pairs(ledger, count)))
        run = ledger.begin_run("benchmark", {})
        judge = ledger.register("judge", "eye", {"dimensions": list(DIMENSIONS)}, {"kind": "judge"})
        images = [sha for (sha,) in ledger.db.execute("SELECT sha256 FROM images")]
        seen = [Answer(sha, d, Outcome.OK, float(rng.uniform(0, 2))) for sha in images for d in DIMENSIONS]
        ledger.record_dimension_scores(run, judge, seen)
        findings = analyse_all(Evidence.read(ledger))
    (directory / "findings.json").write_text(json.dumps([finding.as_json() for finding in findings]))


def build(directory: Path) -> None:
    """Runs in a process of its own; prints the seconds that the report took and the peak of memory in MiB."""
    findings = [Finding.from_json(row) for row in json.loads((directory / "findings.json").read_text())]
    with Ledger(directory) as ledger:
        start = time.perf_counter()
        build_report(ledger, findings, tuple(STUDIES.values()), directory / "report", {"command": "benchmark"})
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "findings": len(findings)}))


def measure(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "run"
        fill(directory, count)
        command = [sys.executable, __file__, "--build", str(directory)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        size = sum(path.stat().st_size for path in (directory / "report").rglob("*") if path.is_file())
    result: dict[str, float] = json.loads(done.stdout)
    print(
        f"{count:>6,} pairs, {2 * count:>6,} pictures, {result['findings']} findings: {result['seconds']:6.1f} s, "
        f"peak memory {result['peak']:.0f} MiB, report folder {size / 1e6:.0f} MB"
    )
    return result


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--build"]:
        build(Path(arguments[1]))
        return 0
    parser = argparse.ArgumentParser(description="How long a report takes, and how much memory, by the count of pairs.")
    parser.add_argument("counts", nargs="*", type=int, default=[330, 3300], metavar="PAIRS")
    counts = parser.parse_args(arguments).counts
    measured = [measure(count) for count in counts]
    slow = [m for m in measured if m["seconds"] > LIMIT_S]
    grown = measured[-1]["peak"] > GROWTH * measured[0]["peak"] + KEPT_MIB
    return 1 if slow or grown else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
