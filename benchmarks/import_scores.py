"""How long 100,000 score rows take to import, and how much memory, beside the least that Python could do.

The baseline reads the same file with ``json.loads`` and writes the same scores with one ``executemany``: it checks
nothing, resolves nothing and keeps no items. Each way runs in a process of its own, so that peak memory is its own.

    python benchmarks/import_scores.py [--rows 100000]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fauve.ledger import Ledger
from fauve.ledger.importing import import_pairs, import_scores

CORNERS = [(image, prompt) for image in ("original", "anti") for prompt in ("original", "anti")]
SCORERS = ("hpsv2.1", "hpsv3", "imagereward")
PER_PAIR = len(CORNERS) * len(SCORERS)


def write_pairs(path: Path, rows: int) -> int:
    """Pairs with twelve scores each, at least ``rows`` scores in all; returns how many."""
    draw = random.Random(0)
    pairs = -(-rows // PER_PAIR)
    with path.open("w", encoding="utf-8") as file:
        for number in range(pairs):
            scores = [
                {"scorer": scorer, "image": image, "prompt": prompt, "value": draw.gauss(0, 5), "source": "benchmark"}
                for scorer in SCORERS
                for image, prompt in CORNERS
            ]
            pair = {"id": str(number), "generator": "benchmark", "dimensions": ["clarity"], "scores": scores}
            pair |= {"prompt_original": f"a thing, number {number}", "prompt_anti": f"a blurred thing, number {number}"}
            file.write(json.dumps(pair | {"image_original": None, "image_anti": None}) + "\n")
    return pairs * PER_PAIR


def write_table(source: Path, path: Path) -> None:
    """The same scores again, from another source, as CSV."""
    with source.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as file:
        file.write("kind,generator,id,image,prompt,scorer,value,source\n")
        for line in lines:
            pair = json.loads(line)
            for s in pair["scores"]:
                cells = ("pair", "benchmark", pair["id"], s["image"], s["prompt"], s["scorer"], repr(s["value"]), "csv")
                file.write(",".join(cells) + "\n")


def baseline(source: Path, directory: Path) -> None:
    directory.mkdir()
    db = sqlite3.connect(directory / "plain.sqlite")
    db.execute("CREATE TABLE s (item, scorer, source, image, prompt, value, PRIMARY KEY (item, scorer, image, prompt))")
    with source.open(encoding="utf-8") as lines, db:
        pairs = (json.loads(line) for line in lines)
        db.executemany(
            "INSERT INTO s VALUES (?, ?, ?, ?, ?, ?)",
            (
                (p["id"], s["scorer"], s["source"], s["image"], s["prompt"], s["value"])
                for p in pairs
                for s in p["scores"]
            ),
        )
    db.close()


def pairs(source: Path, directory: Path) -> None:
    with Ledger(directory, write=True) as ledger:
        import_pairs(ledger, source)


def table(source: Path, directory: Path) -> None:
    with Ledger(directory, write=True) as ledger:
        import_scores(ledger, source)


WAYS = {"baseline": baseline, "pairs": pairs, "table": table}


def measured(way: str, source: Path, directory: Path) -> tuple[float, float]:
    """Seconds (imports of modules left out) and peak memory in MB of one way in its own process."""
    command = [sys.executable, __file__, "--way", way, str(source), str(directory)]
    seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(peak)


def one(way: str, source: Path, directory: Path) -> None:
    start = time.perf_counter()
    WAYS[way](source, directory)
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--way", nargs=3, metavar=("WAY", "SOURCE", "DIRECTORY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        one(options.way[0], Path(options.way[1]), Path(options.way[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        source, csv = Path(folder) / "pairs.jsonl", Path(folder) / "scores.csv"
        rows = write_pairs(source, options.rows)
        write_table(source, csv)
        plain, plain_peak = measured("baseline", source, Path(folder) / "plain")
        print(f"{rows:,} scores, {source.stat().st_size / 1e6:.1f} MB of JSON Lines")
        print(f"plain json.loads + executemany  {plain:6.2f} s  {plain_peak:5.0f} MB")
        for way, text, path in (("pairs", "import_pairs", source), ("table", "import_scores (CSV)", csv)):
            seconds, peak = measured(way, path, Path(folder) / "run")
            print(f"{text:<30}  {seconds:6.2f} s  {peak:5.0f} MB  {seconds / plain:4.1f} × plain")


if __name__ == "__main__":
    main()
