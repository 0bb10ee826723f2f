"""How long the benchmark dataset takes to import from Parquet, and how much memory, at its full size.

3,300 rows with two 1024 × 1024 pictures each, every scorer, selection and judge's value, in row groups of 300 rows:
what is in memory at a time must not depend on how many rows there are. Pictures are one JPEG or PNG, another comment
in each, so that all bytes differ and decoding costs what it does. The import runs in a process of its own.

    python benchmarks/import_dataset.py [--rows 3300] [--form JPEG|PNG]
"""

from __future__ import annotations

import argparse
import io
import json
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from fauve.ledger.importing.datasets import DatasetRequest, import_dataset

CELLS = ("oiop", "oidp", "diop", "didp")
SHARDS = 11
GROUP = 300


def base_picture(form: str, side: int) -> bytes:
    """A picture with structure and noise, about as large as a photograph."""
    draw = np.random.default_rng(0)
    small = Image.fromarray(draw.integers(0, 255, (side // 8, side // 8, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize((side, side), Image.Resampling.BICUBIC), dtype=np.int16)
    pixels = np.clip(smooth + draw.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **({"quality": 92} if form == "JPEG" else {}))
    return buffer.getvalue()


def commented(picture: bytes, number: int) -> bytes:
    """The same picture with a comment that makes its bytes its own."""
    text = b"%020d" % number
    if picture.startswith(b"\xff\xd8"):
        return picture[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + picture[2:]
    body = b"tEXtComment\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:33] + chunk + picture[33:]  # after the header chunk


def row(n: int, rows: int, picture: bytes, draw: np.random.Generator) -> dict[str, object]:
    """One row of the benchmark's schema."""
    each = -(-rows // SHARDS)
    grids = draw.normal(size=(3, 4)).tolist()
    return {
        "image_original": {"bytes": commented(picture, 2 * n), "path": None},
        "image_distorted": {"bytes": commented(picture, 2 * n + 1), "path": None},
        "index": n % each,
        "prompt_original": f"a thing, number {n % each}",
        "prompt_distorted": f"a blurred thing, number {n % each}",
        "selected_dims": json.dumps(["clarity", "richness"]),
        "model": f"model {n // each}",
        "hpsv2_reward": {f"hpsv2_{k}": v for k, v in zip(CELLS, grids[0], strict=True)},
        "hpsv3_reward": {f"hpsv3_{k}": [v, 0.5] for k, v in zip(CELLS, grids[1], strict=True)},
        "image_reward": {f"image_reward_{k}": v for k, v in zip(CELLS, grids[2], strict=True)},
        "rater": {
            side: {"scores": draw.uniform(0, 2, 11).tolist(), "preds": [1] * 11} for side in ("original", "distorted")
        },
        "llm_selected": int(draw.integers(-1, 2)),
        "blip_score": draw.normal(size=(2, 2)).tolist(),
    }


def write(folder: Path, rows: int, picture: bytes) -> None:
    """The rows in shards as the hub has them."""
    draw = np.random.default_rng(1)
    each = -(-rows // SHARDS)
    for shard in range(SHARDS):
        numbers = range(shard * each, min((shard + 1) * each, rows))
        if numbers:
            table = pa.Table.from_pylist([row(n, rows, picture, draw) for n in numbers])
            pq.write_table(table, folder / f"train-{shard:05d}-of-{SHARDS:05d}.parquet", row_group_size=GROUP)


def peak_memory() -> float:
    """Highest resident memory of this program in MB; getrusage would count the process that started it as well."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not say how much memory a process had")


def one(source: str, out: str) -> None:
    before = peak_memory()
    start = time.perf_counter()
    taken = import_dataset(Path(out), DatasetRequest(source, named="benchmark"))
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, before, peak_memory(), taken.added.new, taken.pictures]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=3300)
    parser.add_argument("--form", choices=["JPEG", "PNG"], default="JPEG")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--one", nargs=2, metavar=("SOURCE", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(*options.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "set"
        source.mkdir()
        write(source, options.rows, base_picture(options.form, options.side))
        size = sum(file.stat().st_size for file in source.iterdir())
        command = [sys.executable, __file__, "--one", str(source), str(Path(folder) / "run")]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, before, peak, pairs, pictures = json.loads(said)
    print(
        f"{pairs:,} pairs, {pictures:,} {options.form} pictures of {options.side} pixels, {size / 1e6:,.0f} MB of "
        f"Parquet: {seconds:.0f} s, peak memory {peak:.0f} MB, of which {before:.0f} MB before the first row"
    )


if __name__ == "__main__":
    main()
