"""A family on tiny weights, from prompts to findings, through the ordinary engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.models.generators.tiny_pipelines import tiny_flux, tiny_flux_full

from fauve import api
from fauve.ledger import Ledger
from fauve.ledger.generations import generation_outcomes
from fauve.settings import read_settings

PROMPTS = [
    ("a", "a cat on a mat", "a cat on a mat, badly out of focus", ["clarity"]),
    ("b", "a dog in a park", "a dog in a park, far too dark", ["color brightness"]),
    ("c", "a red bus", "a red bus, buried under coarse film grain", ["detail refinement"]),
]


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a base and a full-checkpoint variant of it, two denoising steps of 64 pixels."""
    folder = tmp_path_factory.mktemp("family")
    base = tiny_flux(folder / "base")
    full = tiny_flux_full(folder / "aligned", base)
    keys = ("id", "prompt_original", "prompt_anti", "dimensions")
    lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in PROMPTS]
    (folder / "prompts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    toml = folder / "family.toml"
    toml.write_text(
        f"""
scorers = ["polish", "random"]
[prompts]
file = "prompts.jsonl"
[[generators]]
name = "flux-dev"
options = {{ weights = "{base}", size = 64, steps = 2 }}
[[generators]]
name = "dance-flux"
options = {{ weights = "{base}", delta = "{full}", size = 64, steps = 2 }}
[engine]
workers = 1
""",
        encoding="utf-8",
    )
    return toml


@pytest.mark.slow
def test_a_family_goes_from_prompts_to_findings_and_asks_for_nothing_twice(family: Path) -> None:
    out = family.parent / "run"
    first = api.run(read_settings(family), out)
    assert first.summary.generated == 2 * len(PROMPTS)
    with Ledger(out) as ledger:
        outcomes = generation_outcomes(ledger)
        facts = [json.loads(f) for (f,) in ledger.db.execute("SELECT facts FROM generations")]
        seeds = dict(
            ledger.db.execute("SELECT text, facts ->> 'seed' FROM generations JOIN prompts USING (prompt)").fetchall()
        )
    assert [count for _, outcome, count in outcomes if outcome == "ok"] == [6, 6]
    assert all(f["forwards"] == 2 for f in facts)
    assert seeds["a cat on a mat"] == seeds["a cat on a mat, badly out of focus"] != seeds["a red bus"]
    generators = {f.generator for f in api.findings_of(out) if f.study == "generation" and f.metric == "shift"}
    assert len({g for g in generators if g}) == 2
    again = api.run(read_settings(family), out)
    assert again.summary.did_nothing
    assert not again.fresh
