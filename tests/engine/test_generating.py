"""Generators in a run: requests answered once, failures kept in the denominator, the same noise for a pair."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.engine.progress import Silent
from fauve.engine.run import execute
from fauve.errors import ConfigError, ImportRejected, UnknownName
from fauve.ledger import Ledger, queries
from fauve.ledger.generations import generation_outcomes
from fauve.ledger.retrying import forget_failures
from fauve.models.cards import ModelCard
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome, PromptPair
from fauve.settings import RunSettings, read_settings
from fauve.studies import STUDIES
from fauve.studies.evidence import Evidence

CALLS: list[ImageRequest] = []


class Noise:
    """Draws noise from the seed; refuses, fails, filters or breaks on prompts that say so."""

    card = ModelCard(name="noise", kind="generator", summary="test")
    batch = 3

    def __init__(self, preset: str = "matched") -> None:
        self._preset = preset

    @property
    def settings(self) -> dict[str, object]:
        return {"revision": 1, "preset": self._preset}

    def load(self, device: str, dtype: str) -> None: ...

    def generate(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        CALLS.extend(requests)
        if any("explode" in r.prompt for r in requests):
            raise RuntimeError("device lost")
        return [self._one(r) for r in requests]

    def _one(self, request: ImageRequest) -> Generated:
        if "refuse" in request.prompt:
            return Generated(Outcome.REFUSED, reason="not allowed", facts={"attempts": 1})
        pixels = np.random.default_rng(request.seed).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        if "blue" in request.prompt:
            pixels[:] = (0, 0, 255)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        return Generated(Outcome.OK, buffer.getvalue()[:40] if "cut" in request.prompt else buffer.getvalue())


class Twin(Noise):
    """Another class whose card has the same name."""


ROWS = [
    ("a", "a cat", "a cat, blurred"),
    ("b", "a dog", "a dog, refuse"),
    ("c", "a cow", "a cow, blue"),
    ("d", "a hen", "a hen, explode"),
    ("e", "a fox", "a fox, cut"),
    ("f", "a cat", "a cat, dark"),
]


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    CALLS.clear()
    file = tmp_path / "prompts.jsonl"
    rows = [{"id": i, "prompt_original": o, "prompt_anti": a, "dimensions": ["clarity"]} for i, o, a in ROWS]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def settings(file: Path, **changes: object) -> RunSettings:
    plain = {
        "prompts": {"file": file},
        "generators": ["tests.engine.test_generating:Noise"],
        "scorers": ["polish", "random"],
        "engine": {"workers": 1},
    }
    return RunSettings.model_validate(plain | changes)


def test_every_request_is_answered_once_and_failures_are_outcomes(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    summary = execute(settings(prompts), out, Silent())
    expected = {"ok": 7, "refused": 1, "filtered": 1, "failed": 1, "unparsable": 1}
    assert dict(summary.outcomes["noise"]) == expected
    assert summary.generated == len(ROWS)
    with Ledger(out) as ledger:
        assert dict((o, n) for _, o, n in generation_outcomes(ledger)) == expected
        reasons = dict(ledger.db.execute("SELECT outcome, reason FROM generations WHERE outcome <> 'ok'"))
        pairs = {item.id: item for item in queries.items(ledger)}
        stored = len(queries.image_refs(ledger))
    assert reasons["refused"] == "not allowed"
    assert reasons["failed"] == "RuntimeError: device lost"
    assert "constant" in reasons["filtered"]
    assert "truncated" in reasons["unparsable"]
    assert pairs["a"].images["anti"] is not None
    assert [pairs[i].images["anti"] for i in "bcde"] == [None] * 4
    assert pairs["b"].notes["outcomes"] == {"original": "ok", "anti": "refused"}
    assert stored == 5  # the noise of "a cat" came three times: the same bytes are kept once


def test_pairs_whose_picture_failed_stay_in_the_denominator(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    execute(settings(prompts), out, Silent())
    with Ledger(out) as ledger:
        findings = STUDIES["generation"].analyse(Evidence.read(ledger))
    shift = next(f for f in findings if f.metric == "shift" and f.scorer == "polish" and f.generator == "noise")
    assert shift.n == 2
    assert shift.missing == pytest.approx(4 / 6)


def test_a_second_run_asks_for_nothing_and_more_draws_only_for_the_new_ones(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    execute(settings(prompts), out, Silent())
    CALLS.clear()
    assert execute(settings(prompts), out, Silent()).did_nothing
    assert CALLS == []
    execute(settings(prompts, prompts={"file": prompts, "draws": 2}), out, Silent())
    assert len({(r.prompt, r.seed) for r in CALLS}) == 11


def test_both_prompts_of_a_pair_get_the_same_noise_unless_the_preset_is_the_papers(
    prompts: Path, tmp_path: Path
) -> None:
    execute(settings(prompts), tmp_path / "matched", Silent())
    seeds = {r.prompt: r.seed for r in CALLS}
    assert seeds["a cat"] == seeds["a cat, blurred"] == seeds["a cat, dark"]
    assert seeds["a cat"] != seeds["a dog"]
    CALLS.clear()
    paper = [{"name": "tests.engine.test_generating:Noise", "options": {"preset": "paper"}}]
    execute(settings(prompts, generators=paper), tmp_path / "paper", Silent())
    apart = {r.prompt: r.seed for r in CALLS}
    assert apart["a cat"] != apart["a cat, blurred"]


def test_two_generators_that_would_share_a_row_are_refused_before_anything_is_made(
    prompts: Path, tmp_path: Path
) -> None:
    twins = [f"tests.engine.test_generating:{name}" for name in ("Noise", "Twin")]
    with pytest.raises(ConfigError, match="one row as noise"):
        execute(settings(prompts, generators=twins), tmp_path / "run", Silent())
    assert CALLS == []


def test_both_presets_of_a_generator_are_two_rows_and_either_can_be_edited(prompts: Path, tmp_path: Path) -> None:
    out, name = tmp_path / "run", "tests.engine.test_generating:Noise"
    presets = [{"name": name, "options": {"preset": preset}} for preset in ("matched", "paper")]
    edits = [{"generator": name, "of": of, "arms": {"reference": True}} for of in ("noise (paper preset)",)]
    execute(settings(prompts, generators=presets, edits=edits, scorers=["polish"]), out, Silent())
    with Ledger(out) as ledger:
        rows = {item.generator for item in queries.items(ledger, "pair")}
        sources = {item.groups["source"] for item in queries.items(ledger, "edit")}
    assert rows == {"noise", "noise (paper preset)"}
    assert sources == {"noise (paper preset)"}


def test_retry_asks_again_only_for_what_failed(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    execute(settings(prompts), out, Silent())
    with Ledger(out, write=True) as ledger:
        assert forget_failures(ledger) == 4
    CALLS.clear()
    execute(settings(prompts), out, Silent())
    assert {r.prompt for r in CALLS} == {ROWS[k][2] for k in (1, 2, 3, 4)}
    with Ledger(out) as ledger:
        assert [item.id for item in queries.items(ledger)].count("b") == 1


def test_retry_leaves_pairs_alone_that_were_imported_under_the_generators_name(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    execute(settings(prompts), out, Silent())
    none = {"original": None, "anti": None}
    theirs = PromptPair("theirs", "noise", {"original": "a fish", "anti": "a dull fish"}, none)
    with Ledger(out, write=True) as ledger:
        ledger.add_items([(theirs, "theirs")])
        forget_failures(ledger)
        left = {item.id for item in queries.items(ledger, "pair")}
    assert "theirs" in left
    assert "b" not in left


def test_generators_need_prompts_and_a_known_name(prompts: Path, tmp_path: Path) -> None:
    toml = tmp_path / "run.toml"
    toml.write_text('generators = ["sdxl"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"file under \[prompts\]"):
        read_settings(toml)
    with pytest.raises(UnknownName, match="there is no generator called 'no-such-system'"):
        execute(settings(prompts, generators=["no-such-system"]), tmp_path / "run", Silent())
    prompts.write_text('{"id": "1", "prompt_original": "a", "prompt_anti": "b", "dimensions": ["claritty"]}\n')
    with pytest.raises(ImportRejected, match="clarity"):
        execute(settings(prompts), tmp_path / "run", Silent())
