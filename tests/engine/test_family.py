"""A family on tiny weights, from prompts to findings and a report, by the command that a user gives.

The run is killed within a batch of several pictures and given again; what it leaves is compared with a run that
nothing disturbed.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.models.generators.tiny_pipelines import tiny_flux, tiny_flux_full, tiny_flux_lora

from fauve import api
from fauve.ledger import Ledger, queries
from fauve.settings import read_settings

ROOT = Path(__file__).parents[2]
KEYS = ("id", "prompt_original", "prompt_anti", "dimensions", "negative")
PROMPTS = [
    ("a", "a cat on a mat", "a cat on a mat, badly out of focus", ["clarity"], "sharp focus"),
    ("b", "a dog in a park", "a dog in a park, far too dark", ["color brightness"], "bright light"),
    ("c", "a red bus", "a red bus, buried under coarse film grain", ["detail refinement"], "smooth"),
]
BATCH = 3
SAMPLED = "size = 64, steps = 2, batch = 3"
SCORERS = ("imagereward", "clip-l")
GENERATORS = ("flux-dev", "diffusers:base", "dance-flux", "dance-flux~0.5", "flux-dev+vsf@2.0")
"""The second is the base with a low-rank adapter of somebody's own: none of FLUX.1 is published as one."""
SHOWN = (
    "FLUX.1 dev (random weights)",
    "diffusers:base (random weights)",
    "DanceFlux (random weights)",
    "DanceFlux at 0.5 of its alignment (random weights)",
    "FLUX.1 dev with VSF 2.0 (random weights)",
)

# What a user's process does, with one thing more: it counts the pictures that the denoiser was asked for, and at the
# DIES_AT-th picture that is stored it is killed, as by a scheduler that needs the machine.
CHILD = """
import itertools, os, signal, sys
from fauve.cli import main
from fauve.ledger.images import ImageFolder
from fauve.models.generators.local import LocalGenerator
asked, put, filed, dies = LocalGenerator.generate, ImageFolder.put, itertools.count(1), int(os.environ["DIES_AT"])

def counted(self, requests, **given):
    with open(os.environ["ASKED"], "a", encoding="utf-8") as log:
        log.writelines(f"{self.card.name}|{request.seed}|{request.prompt}\\n" for request in requests)
    return asked(self, requests, **given)

def filing(self, data, what):
    if next(filed) == dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return put(self, data, what)

LocalGenerator.generate, ImageFolder.put = counted, filing
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a base, two models aligned from it, one of them dialled, and the base steered; two random scorers."""
    folder = tmp_path_factory.mktemp("family")
    base = tiny_flux(folder / "base")
    deltas = {
        "diffusers:base": tiny_flux_lora(folder / "lora", base),
        "dance-flux": tiny_flux_full(folder / "full", base),
    }
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(ROOT / "benchmarks")
        importlib.import_module("random_checkpoints").main(folder / "scorers", list(SCORERS))
    lines = [json.dumps(dict(zip(KEYS, row, strict=True))) for row in PROMPTS]
    (folder / "prompts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    toml = ['judges = ["instruments"]', "[prompts]", 'file = "prompts.jsonl"', "negative = true"]
    for name in GENERATORS:
        delta = deltas.get(name.split("~")[0])
        options = ("" if name == "diffusers:base" else f'weights = "{base}", ') + SAMPLED
        options += f', delta = "{delta}"' if delta else ""
        options += "" if "vsf" in name else ", negative = false"
        toml += [
            "[[generators]]",
            f'name = "{name.replace("diffusers:base", f"diffusers:{base}")}"',
            f"options = {{ {options} }}",
            f"batch = {BATCH}",
        ]
    toml += ["[[scorers]]", 'name = "polish"']
    for name in SCORERS:
        toml += ["[[scorers]]", f'name = "{name}"', f'options = {{ weights = "{folder / "scorers" / name}" }}']
    (folder / "family.toml").write_text("\n".join([*toml, "[engine]", "workers = 1"]), encoding="utf-8")
    return folder / "family.toml"


def fauve(toml: Path, out: Path, dies_at: int = 0) -> tuple[int, str, list[str]]:
    """Exit status, what was printed, and the requests that reached a generator of one ``fauve run``."""
    asked = out.with_name(f"{out.name}-asked.txt")
    asked.unlink(missing_ok=True)
    given = {"DIES_AT": str(dies_at), "ASKED": str(asked), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", CHILD, "run", str(toml), "--out", str(out)]
    done = subprocess.run(
        command, env={**os.environ, **given}, capture_output=True, text=True, check=False, timeout=200
    )
    lines = asked.read_text(encoding="utf-8").splitlines() if asked.exists() else []
    return done.returncode, done.stdout + done.stderr, lines


ON_FILE = "SELECT name, text, draw, image FROM generations JOIN adapters USING (adapter) JOIN prompts USING (prompt)"
SCORED = "SELECT name, image, prompt, outcome, value FROM cells JOIN adapters USING (adapter)"
JUDGED = "SELECT name, image, dimension, outcome, value FROM dimension_scores JOIN adapters USING (adapter)"


def rows(out: Path, query: str) -> list[tuple[object, ...]]:
    ledger = sqlite3.connect(f"file:{out / 'ledger.sqlite'}?mode=ro", uri=True)
    try:
        return sorted(ledger.execute(query).fetchall())
    finally:
        ledger.close()


def items(out: Path) -> dict[tuple[str, str], tuple[object, ...]]:
    with Ledger(out) as ledger:
        return {
            (item.generator, item.id): (item.prompts, item.images, item.dimensions, item.notes)
            for item in queries.items(ledger)
        }


@pytest.fixture(scope="module")
def undisturbed(family: Path) -> tuple[Path, list[str]]:
    out = family.parent / "undisturbed"
    code, told, asked = fauve(family, out)
    assert code == 0, told
    return out, asked


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_without_making_a_picture_again(
    family: Path, undisturbed: tuple[Path, list[str]]
) -> None:
    whole, once = undisturbed
    out = family.parent / "killed"
    code, _, before = fauve(family, out, dies_at=2 * BATCH + 2)
    assert code == -signal.SIGKILL
    kept = rows(out, ON_FILE)
    assert len(kept) == 2 * BATCH, "it died within the third batch, after its pictures were made"
    assert len(before) == 3 * BATCH

    code, told, after = fauve(family, out)
    assert code == 0, told
    assert sorted(line.split("|")[2] for line in before[: 2 * BATCH]) == sorted(str(text) for _, text, _, _ in kept)
    assert Counter(before[: 2 * BATCH]) + Counter(after) == Counter(once), "what was on file was not asked for again"

    for query in (ON_FILE, SCORED, JUDGED):
        assert rows(out, query) == rows(whole, query)
    assert items(out) == items(whole)
    pictures = {path.name: path.read_bytes() for path in (out / "images").rglob("*.png")}
    assert pictures == {path.name: path.read_bytes() for path in (whole / "images").rglob("*.png")}
    assert (out / "findings.json").read_bytes() == (whole / "findings.json").read_bytes()

    again = api.run(read_settings(family), out)
    assert again.summary.did_nothing
    assert not again.fresh


@pytest.mark.slow
def test_base_and_variants_are_drawn_from_the_same_noise_in_the_steps_asked_for(
    undisturbed: tuple[Path, list[str]],
) -> None:
    out, _ = undisturbed
    made = rows(out, "SELECT name, text, outcome, facts FROM generations JOIN adapters USING (adapter) "
                     "JOIN prompts USING (prompt)")  # fmt: skip
    facts = {(name, text): json.loads(str(told)) for name, text, _, told in made}
    assert {outcome for _, _, outcome, _ in made} == {"ok"}
    assert len(facts) == len(GENERATORS) * 2 * len(PROMPTS)
    assert {told["forwards"] for told in facts.values()} == {2}
    for _, original, anti, _, _ in PROMPTS:
        assert len({told["seed"] for (_, text), told in facts.items() if text in {original, anti}}) == 1
    assert len({told["seed"] for told in facts.values()}) == len(PROMPTS)
    images = {(name, text): image for name, text, _, image in rows(out, ON_FILE)}
    base, steered = (f"{name} (random weights)" for name in ("flux-dev", "flux-dev+vsf@2.0"))
    for _, original, anti, _, _ in PROMPTS:
        assert images[base, original] == images[steered, original], "nothing to avoid stands with a plain prompt"
        assert images[base, anti] != images[steered, anti]
    assert len(set(images.values())) == len(images) - len(PROMPTS)


@pytest.mark.slow
def test_the_report_names_generators_studies_and_outcomes(undisturbed: tuple[Path, list[str]]) -> None:
    out, _ = undisturbed
    site = out / "report"
    generation, steering, methods = (
        (site / f"{name}.html").read_text(encoding="utf-8")
        for name in ("study-generation", "study-steering", "methods")
    )
    for name in SHOWN:
        assert name in generation
        row = re.search(rf"<tr><th[^>]*>{re.escape(name)}</th>(.*?)</tr>", methods, re.DOTALL)
        assert row is not None, name
        assert re.findall(r"\b6\b", row[1]), "requests, and how many brought a picture"
    assert "FLUX.1 dev with VSF 2.0 (random weights)" in steering
    assert "DanceFlux at 0.5 of its alignment (random weights)" in steering
    for scorer in ("ImageReward (random weights)", "CLIP-L (random weights)"):
        assert scorer in generation
    for page in (generation, methods):
        assert "CLIP-L, ImageReward, DanceFlux, FLUX.1 dev and diffusers:base ran here with random weights" in page
    found = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    differences = {f["generator"] for f in found if f["study"] == "generation" and f["metric"] == "shift_difference"}
    assert differences == {"dance-flux (random weights)"}
    said = (out / "run.toml").read_text(encoding="utf-8")
    assert str(out.parent) not in said
    assert 'file = "prompts.jsonl"' in said
    assert 'weights = "base"' in said
    assert 'delta = "lora"' in said
    assert 'name = "diffusers:base"' in said
