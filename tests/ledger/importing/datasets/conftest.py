"""Parquet files in the published schemas, made of planted answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.conftest import encoded

from fauve.ledger import Ledger
from fauve.ledger.importing.datasets import DatasetRequest, Taken, import_dataset

CELLS = ("oiop", "oidp", "diop", "didp")

Bytes = Callable[..., bytes]


def cell(data: bytes | None) -> dict[str, Any]:
    return {"bytes": data, "path": None}


def solid(colour: str = "blue") -> bytes:
    return encoded(Image.new("RGB", (24, 24), colour))


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows to a folder as so many shards; returns the folder."""

    def write(rows: Sequence[dict[str, Any]], name: str = "set", shards: int = 1, split: str = "train") -> Path:
        folder = tmp_path / name / "data"
        folder.mkdir(parents=True, exist_ok=True)
        schema = pa.Table.from_pylist(list(rows)).schema
        for k, part in enumerate(np.array_split(np.arange(len(rows)), shards)):
            table = pa.Table.from_pylist([rows[i] for i in part], schema=schema)
            pq.write_table(table, folder / f"{split}-{k:05d}-of-{shards:05d}.parquet", row_group_size=5)
        return folder

    return write


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., tuple[Taken, Path]]:
    """Imports a folder into a run directory; returns what was taken, and the directory."""

    def take(source: Path, out: str = "run", **options: Any) -> tuple[Taken, Path]:
        return import_dataset(tmp_path / out, DatasetRequest(str(source), **options)), tmp_path / out

    return take


@pytest.fixture
def opened() -> Any:
    made: list[Ledger] = []

    def open_ledger(directory: Path) -> Ledger:
        made.append(Ledger(directory))
        return made[-1]

    yield open_ledger
    for one in made:
        one.close()


@pytest.fixture
def bench_row(photo_bytes: Bytes) -> Callable[..., dict[str, Any]]:
    """A row of the benchmark: numbers that differ with ``n``, changed as asked."""

    def make(n: int = 0, **changes: Any) -> dict[str, Any]:
        draw = np.random.default_rng(n)
        grids = {name: dict(zip(CELLS, draw.normal(size=4).tolist(), strict=True)) for name in ("a", "b", "c")}
        row: dict[str, Any] = {
            "image_original": cell(photo_bytes(2 * n)),
            "image_distorted": cell(photo_bytes(2 * n + 1)),
            "index": n,
            "prompt_original": f"thing {n}",
            "prompt_distorted": f"a blurred thing {n}",
            "selected_dims": json.dumps(["clarity", "color_aesthetic"]),
            "model": "flux_krea",
            "hpsv2_reward": {f"hpsv2_{k}": v for k, v in grids["a"].items()},
            "hpsv3_reward": {f"hpsv3_{k}": [v, 0.25] for k, v in grids["b"].items()},
            "image_reward": {f"image_reward_{k}": v for k, v in grids["c"].items()},
            "rater": {
                side: {"scores": (draw.integers(0, 9, 11) / 4).tolist(), "preds": draw.integers(0, 3, 11).tolist()}
                for side in ("original", "distorted")
            },
            "llm_selected": (1, 0, -1)[n % 3],
            "sec_llm_selected": 1,
            "third_llm_selected": 0,
            "blip_score": [[0.5, float(draw.normal())], [-0.5, float(draw.normal())]],
            "blip_selected": n % 2,
        }
        return row | changes

    return make
