"""The whole chain on tiny random checkpoints: captions are written, drawn, scored, judged, and the tables stated.

Two generators of a family, two scorers and the judge Qwen3-VL have random weights in the published layouts, so that no
number here means anything; what is held is that every one of them is there, with the right count and address.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from benchmarks.judge_models import write_qwen3vl
from tests.models.generators.tiny_pipelines import tiny_flux, tiny_flux_full

from fauve.ledger.importing.prompts import read_prompts
from fauve.prompts import shipped_pairs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCORERS = ("imagereward", "clip-l")
COUNT = 3
DRAWN = "[[generators]]\nname = {name}\noptions = {{ weights = {base}, size = 64, steps = 2{delta} }}\nbatch = 3\n"
QUIET = "[data]\nphotographs = false\n[engine]\nworkers = 1\n"
PIXELATED = """
[dimensions.pixelated]
low = "a picture of large, visible squares"
middle = "squares that show at a second look"
high = "a picture without any visible square"
request = "the picture falls into large square pixels"
negative = "seamless"
"""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    base = tiny_flux(folder / "base")
    tiny_flux_full(folder / "full", base)
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(ROOT / "benchmarks")
        importlib.import_module("random_checkpoints").main(folder / "scorers", list(SCORERS))
    write_qwen3vl(folder / "judge", spread=0.2)
    return folder


def settings(checkpoints: Path, prompts: str) -> str:
    base, full = (json.dumps(str(checkpoints / name)) for name in ("base", "full"))
    text = f'selectors = ["tests.engine.toy_selectors:Brighter"]\n{QUIET}{prompts}'
    text += DRAWN.format(name='"flux-dev"', base=base, delta="")
    text += DRAWN.format(name='"dance-flux"', base=base, delta=f", delta = {full}")
    for name in SCORERS:
        weights = json.dumps(str(checkpoints / "scorers" / name))
        text += f'[[scorers]]\nname = "{name}"\noptions = {{ weights = {weights} }}\n'
    return text + judge(checkpoints)


def judge(checkpoints: Path, more: str = "") -> str:
    weights = json.dumps(str(checkpoints / "judge"))
    return f'[[judges]]\nname = "qwen3-vl-4b"\noptions = {{ weights = {weights}, size = 64{more} }}\n'


def fauve(*args: object) -> str:
    command = [sys.executable, "-m", "fauve", *map(str, args)]
    given = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout


def found(out: Path, study: str) -> list[dict[str, Any]]:
    rows = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    return [{"group": {}, "generator": None, **row} for row in rows if row["study"] == study]


GENERATORS = {f"{name} (random weights)" for name in ("flux-dev", "dance-flux")}
SCORED = {f"{name} (random weights)" for name in SCORERS}
JUDGE = "qwen3-vl-4b (random weights)"


def test_the_shipped_prompts_go_from_writing_to_both_tables(checkpoints: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "tables.toml", tmp_path / "run"
    prompts = f'[prompts]\nset = "fauve"\nrewriter = "template"\ncount = {COUNT}\n'
    config.write_text(settings(checkpoints, prompts), encoding="utf-8")
    fauve("run", config, "--out", out)

    written, shipped = read_prompts(out / "prompts.jsonl"), shipped_pairs()[:COUNT]
    assert [(row.original, row.dimensions) for row in written] == [(pair.original, pair.dimensions) for pair in shipped]
    assert all(row.anti != pair.anti for row, pair in zip(written, shipped, strict=True))
    asked = {name for row in written for name in row.dimensions}
    told = fauve("status", out)
    assert f"rewriter template: {COUNT} of {COUNT} done, 0 missing, 0 failed" in told
    assert f"{COUNT} pairs by flux-dev (random weights)" in told

    table_1 = [f for f in found(out, "reward_classification") if f["metric"] == "accuracy"]
    by_generator = {(f["scorer"], f["generator"]): f["n"] for f in table_1 if f["generator"] and not f["group"]}
    assert by_generator == {(scorer, generator): COUNT for scorer in SCORED for generator in GENERATORS}
    by_dimension = {f["group"]["dimension"] for f in table_1 if "dimension" in f["group"]}
    assert by_dimension == asked

    table_2 = [f for f in found(out, "generation") if f["generator"] in GENERATORS and "dimension" not in f["group"]]
    rows = {(f["metric"], f.get("scorer"), f["group"].get("judge"), f["generator"]) for f in table_2}
    for generator in GENERATORS:
        for metric in ("shift", "after"):
            assert {(metric, scorer, None, generator) for scorer in SCORED} <= rows
            assert (metric, None, JUDGE, generator) in rows
        assert ("success", None, None, generator) in rows
        assert {("honoured", None, JUDGE, generator), ("wholly_honoured", None, JUDGE, generator)} <= rows
    assert {f["generator"] for f in table_2 if f["metric"] == "shift_difference"} == {"dance-flux (random weights)"}
    fauve("verify", out)


def test_a_dimension_of_ones_own_is_asked_of_the_vision_language_judge(checkpoints: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "own.toml", tmp_path / "run"
    (tmp_path / "captions.txt").write_text("A dog sleeps on a sofa.\nTwo cats sit on a wall.\n", encoding="utf-8")
    prompts = '[prompts]\ncaptions = "captions.txt"\nrewriter = "template"\ndimensions = ["pixelated"]\nsizes = [1]\n'
    named = 'scorers = ["random"]\ngenerators = ["tests.engine.toy_painter:Painter"]\n'
    sees = judge(checkpoints, ', dimensions = ["pixelated", "clarity"]')
    config.write_text(named + QUIET + PIXELATED + prompts + sees, encoding="utf-8")
    fauve("run", config, "--out", out)
    honoured = [f for f in found(out, "generation") if f["metric"] == "honoured" and "dimension" in f["group"]]
    assert [(f["generator"], f["group"]["dimension"], f["group"]["judge"], f["n"]) for f in honoured] == [
        ("painter", "pixelated", JUDGE, 2)
    ]
    assert "pixelated" in fauve("study", "generation", out)
    assert "pixelated" in (out / "report" / "methods.html").read_text(encoding="utf-8")
