"""Edits in a run: every arm of every input asked once, failures in the denominator, nothing repeated after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.toy_painter import CALLS, REFUSED, noise_of

from fauve import api
from fauve.engine.progress import Silent
from fauve.engine.run import execute
from fauve.errors import ConfigError, UnknownName
from fauve.ledger import Ledger, queries
from fauve.ledger.generations import edit_outcomes
from fauve.ledger.queries import StoredItem
from fauve.ledger.retrying import forget_failures
from fauve.ledger.state import state
from fauve.settings import RunSettings

PAINTER = "tests.engine.toy_painter:Painter"
ROWS = [("a", "a cat", "a cat, blurred"), ("b", "a dog", "a dog, dark"), ("c", "a cow", "a cow, grainy")]


class Told(Silent):
    """Keeps the lines that a run says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    CALLS.clear()
    REFUSED.clear()
    yield
    REFUSED.clear()


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.jsonl"
    rows = [{"id": i, "prompt_original": o, "prompt_anti": a, "dimensions": ["clarity"]} for i, o, a in ROWS]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def settings(file: Path, edits: list[dict[str, Any]], **changes: Any) -> RunSettings:
    plain = {
        "prompts": {"file": file},
        "generators": [PAINTER],
        "edits": edits,
        "scorers": ["polish"],
        "judges": [],
        "engine": {"workers": 1},
    }
    return RunSettings.model_validate(plain | changes)


def edits_of(out: Path) -> dict[str, StoredItem]:
    with Ledger(out) as ledger:
        return {item.id: item for item in queries.items(ledger, "edit")}


def asked_edits() -> list[Any]:
    return [call for call in CALLS if call.image is not None]


ALL_ARMS = {"strengths": [0.5], "start_noises": [0.76], "control": True, "reference": True}


def test_every_input_is_edited_in_every_arm(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    summary = execute(settings(prompts, [{"generator": PAINTER, "of": PAINTER, "arms": ALL_ARMS}]), out, Silent())
    found = edits_of(out)
    arms = {
        "strength 0.5": (0.5, 1.0),
        "start noise 0.76": (0.38, 0.76),
        "encode-decode": (0.0, 0.0),
        "reference": (None, None),
    }
    assert set(found) == {f"{id_}@{arm}" for id_ in "abc" for arm in arms}
    assert summary.edited == 12
    assert dict(summary.outcomes["painter (edits)"]) == {"ok": 12}
    for item in found.values():
        arm = item.groups["arm"]
        assert item.groups["source"] == item.generator == "painter"
        assert (item.notes["strength"], item.notes["start_noise"]) == arms[arm]
        assert (item.notes["outcome"], item.notes["asked"]) == ("ok", "original")
        assert (item.study, item.dimensions) == ("editing", ("clarity",))
        assert item.images["edit"] is not None
    with Ledger(out) as ledger:
        pairs = {item.id: item for item in queries.items(ledger, "pair")}
        assert found["b@reference"].images["input"] == pairs["b"].images["anti"]
        assert found["b@reference"].prompts == pairs["b"].prompts
        # strength 0 gives the input back, strength 0.5 its mean with the noise of the same seed
        assert found["b@encode-decode"].images["edit"] == pairs["b"].images["anti"]
        shown = {k: np.asarray(ledger.images.open(found["b@strength 0.5"].images[k])) for k in ("input", "edit")}
    call = next(c for c in asked_edits() if c.strength == 0.5 and c.prompt == "a dog")
    noise = noise_of("a dog", call.seed)
    assert np.abs(shown["edit"].astype(float) - (noise + shown["input"]) / 2).max() <= 0.5


def test_a_second_run_asks_for_nothing_and_a_new_arm_only_for_itself(prompts: Path, tmp_path: Path) -> None:
    out, one = tmp_path / "run", {"generator": PAINTER, "of": PAINTER, "arms": {"strengths": [0.5]}}
    api.run(settings(prompts, [one]), out)
    CALLS.clear()
    again = api.run(settings(prompts, [one]), out)
    assert (CALLS, again.summary.did_nothing, again.fresh) == ([], True, False)
    execute(settings(prompts, [one | {"arms": {"strengths": [0.5, 0.25]}}]), out, Silent())
    assert [call.strength for call in CALLS] == [0.25] * 3


def test_edits_share_the_noise_of_their_prompt_and_draw(prompts: Path, tmp_path: Path) -> None:
    plan = settings(prompts, [{"generator": PAINTER, "of": PAINTER}], prompts={"file": prompts, "draws": 2})
    execute(plan, tmp_path / "run", Silent())
    made = {(call.prompt, call.seed) for call in CALLS if call.image is None}
    edits = {(call.prompt, call.seed) for call in asked_edits()}
    assert edits == {pair for pair in made if pair[0] in {"a cat", "a dog", "a cow"}}
    assert len(edits) == 6


def test_the_papers_preset_draws_edits_from_noise_of_their_own_and_says_so(prompts: Path, tmp_path: Path) -> None:
    editor = {"name": PAINTER, "options": {"preset": "paper"}}
    execute(settings(prompts, [{"generator": editor, "of": PAINTER}]), tmp_path / "run", Silent())
    made = {call.seed for call in CALLS if call.image is None}
    assert not made & {call.seed for call in asked_edits()}
    assert {item.notes["preset"] for item in edits_of(tmp_path / "run").values()} == {"paper"}
    assert {item.generator for item in edits_of(tmp_path / "run").values()} == {"painter (paper preset)"}


def test_a_failed_edit_stays_in_the_denominator_until_retry(prompts: Path, tmp_path: Path) -> None:
    out, plan = tmp_path / "run", settings(prompts, [{"generator": PAINTER, "of": PAINTER, "prompt": "anti"}])
    execute(settings(prompts, []), out, Silent())
    REFUSED.add("dark")
    execute(plan, out, Silent())
    failed = edits_of(out)["b@strength 0.5"]
    assert (failed.images["edit"], failed.notes["outcome"]) == (None, "refused")
    assert failed.images["input"] is not None
    with Ledger(out, write=True) as ledger:
        assert ("painter", "refused", 2) in edit_outcomes(ledger)
        assert state(ledger).editors == {"painter": {"ok": 4, "refused": 2}}
        assert state(ledger).items["edits by painter"] == 6
        assert forget_failures(ledger) == 2
    REFUSED.clear()
    CALLS.clear()
    summary = execute(plan, out, Silent())
    assert {call.prompt for call in CALLS} == {"a dog, dark"}
    assert (len(CALLS), summary.edited) == (2, 2)
    assert len(edits_of(out)) == 6
    assert edits_of(out)["b@strength 0.5"].notes["outcome"] == "ok"


def test_an_unknown_source_stops_the_run_before_it_makes_anything(prompts: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no generator with pairs to edit called 'nano-banana'"):
        execute(settings(prompts, [{"generator": PAINTER, "of": "nano-banana"}]), tmp_path / "run", Silent())
    assert CALLS == []


def test_a_source_that_was_never_reached_is_said_and_the_run_goes_on(prompts: Path, tmp_path: Path) -> None:
    told, away = Told(), "tests.engine.toy_painter:Away"
    edits = [{"generator": PAINTER, "of": away}]
    assert execute(settings(prompts, edits, generators=[away]), tmp_path / "run", told).edited == 0
    assert f"painter (edits): {away} has made no pair yet, so there is nothing to edit" in told.lines


def test_what_breaks_fails_alone(prompts: Path, tmp_path: Path) -> None:
    prompts.write_text(prompts.read_text().replace("a cow, grainy", "a cow, explode"), encoding="utf-8")
    told = Told()
    execute(settings(prompts, [{"generator": PAINTER, "of": PAINTER}]), tmp_path / "run", told)
    assert set(edits_of(tmp_path / "run")) == {f"{i}@{arm}" for i in "ab" for arm in ("strength 0.5", "encode-decode")}
    assert "painter (edits): 1 of 3 pairs have no anti picture to edit, or no prompt" in told.lines


def test_an_arm_that_cannot_be_set_is_a_failure_with_its_reason(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arms = {"start_noises": [0.5, 0.95]}
    plain = {"name": "tests.engine.toy_painter:Plain", "options": {"name": "plain"}}
    edits = [{"generator": PAINTER, "of": PAINTER, "arms": arms}, {"generator": plain, "of": PAINTER, "arms": arms}]
    execute(settings(prompts, edits), out, Silent())
    with Ledger(out) as ledger:
        reasons = dict(
            ledger.db.execute(
                "SELECT name || ', ' || arm, reason FROM edits JOIN adapters USING (adapter) WHERE outcome = 'failed'"
            )
        )
    unable = "plain cannot say at which strength it starts from a share of noise"
    assert reasons == {
        "painter, start noise 0.95": "ValueError: no step starts there",
        "plain, start noise 0.5": unable,
        "plain, start noise 0.95": unable,
    }
    assert len(asked_edits()) == 3


@pytest.mark.slow
def test_a_kill_loses_at_most_a_batch_and_nothing_is_asked_twice(prompts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    plan = settings(prompts, [{"generator": PAINTER, "of": PAINTER, "arms": {"strengths": [0.5, 0.25]}}])
    code = (
        "import sys; from pathlib import Path; from fauve.settings import RunSettings\n"
        "from fauve.engine.run import execute; from fauve.engine.progress import Silent\n"
        "execute(RunSettings.model_validate_json(sys.argv[1]), Path(sys.argv[2]), Silent())"
    )
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", code, plan.model_dump_json(), str(out)],
        env=os.environ | {"FAUVE_TOY_DIES_AT": "4", "PYTHONPATH": str(root)},
        cwd=root,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    with Ledger(out) as ledger:
        assert ledger.db.execute("SELECT count(*) FROM edits").fetchone()[0] == 2  # one batch of two is filed
        kept = {row for row in ledger.db.execute("SELECT input, arm, image FROM edits")}
    execute(plan, out, Silent())
    assert len(CALLS) == 4
    assert len(edits_of(out)) == 6
    with Ledger(out) as ledger:
        assert kept < {row for row in ledger.db.execute("SELECT input, arm, image FROM edits")}


def test_only_inputs_below_a_score_are_edited(prompts: Path, tmp_path: Path) -> None:
    out, told = tmp_path / "run", Told()
    execute(settings(prompts, []), out, Silent())
    with Ledger(out) as ledger:
        scores = {
            item: value
            for item, value in ledger.db.execute(
                "SELECT items.id, value FROM grid JOIN items USING (item) "
                "WHERE image_slot = 'anti' AND prompt_slot = 'original'"
            )
        }
    middle = sorted(scores.values())[1]
    below = {"scorer": "polish", "prompt": "original", "value": middle}
    # in a fresh directory the scorer must run before the filter does
    execute(settings(prompts, [{"generator": PAINTER, "of": PAINTER, "below": below}]), tmp_path / "fresh", told)
    lowest = min(scores, key=lambda id_: scores[id_])
    assert {id_.partition("@")[0] for id_ in edits_of(tmp_path / "fresh")} == {lowest}
    assert any("1 of 3 inputs have polish under the original prompt below" in line for line in told.lines)


def test_a_score_that_nobody_has_filed_leaves_everything_out_and_says_so(prompts: Path, tmp_path: Path) -> None:
    told = Told()
    below = {"scorer": "hpsv3", "value": 10}
    execute(settings(prompts, [{"generator": PAINTER, "of": PAINTER, "below": below}]), tmp_path / "run", told)
    assert edits_of(tmp_path / "run") == {}
    assert any("0 of 3" in line and "3 have no such score on file" in line for line in told.lines)


def write_pairs(folder: Path, makers: dict[str, str], scores: list[dict[str, Any]], photo_bytes: Any) -> Path:
    rows = []
    for number, (id_, maker) in enumerate(makers.items()):
        (folder / f"{number}.png").write_bytes(photo_bytes(number))
        rows.append(
            {
                "id": id_.removesuffix("'"),
                "generator": maker,
                "prompt_original": "a cat",
                "prompt_anti": "a cat, blurred",
                "dimensions": ["clarity"],
                "image_original": None,
                "image_anti": f"{number}.png",
                "scores": scores,
            }
        )
    file = folder / "pairs.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def value_of(source: str) -> dict[str, Any]:
    return {"scorer": "hpsv3", "image": "anti", "prompt": "original", "value": 3.0, "source": source}


def test_imported_pictures_are_edited_and_filtered_by_imported_scores(tmp_path: Path, photo_bytes: Any) -> None:
    pairs = write_pairs(tmp_path, {"1": "nano-banana", "2": "seedream-4"}, [value_of("published")], photo_bytes)
    below = {"scorer": "hpsv3", "value": 10}
    plan = {
        "data": {"pairs": [pairs], "photographs": False},
        "edits": [{"generator": PAINTER, "of": "file", "below": below}],
        "scorers": ["polish"],
        "judges": [],
        "engine": {"workers": 1},
    }
    execute(RunSettings.model_validate(plan), tmp_path / "run", Silent())
    found = edits_of(tmp_path / "run")
    assert {item.groups["source"] for item in found.values()} == {"nano-banana", "seedream-4"}
    assert len(found) == 4
    one = plan | {"edits": [{"generator": PAINTER, "of": "seedream-4"}]}
    execute(RunSettings.model_validate(one), tmp_path / "one", Silent())
    assert {item.id for item in edits_of(tmp_path / "one").values()} == {"2@strength 0.5", "2@encode-decode"}
    with pytest.raises(UnknownName, match=r"no generator with pairs to edit called 'seedream'.*seedream-4"):
        execute(
            RunSettings.model_validate(plan | {"edits": [{"generator": PAINTER, "of": "seedream"}]}),
            tmp_path / "none",
            Silent(),
        )


def test_what_is_ambiguous_is_refused(tmp_path: Path, photo_bytes: Any) -> None:
    both = [value_of("published"), value_of("a colleague")]
    pairs = write_pairs(tmp_path, {"1": "nano-banana", "1'": "seedream-4"}, both, photo_bytes)
    plan = {"data": {"pairs": [pairs], "photographs": False}, "scorers": ["polish"], "judges": []}
    shared = plan | {"edits": [{"generator": PAINTER, "of": "file"}]}
    with pytest.raises(ConfigError, match="pairs by nano-banana, seedream-4 share ids"):
        execute(RunSettings.model_validate(shared), tmp_path / "run", Silent())
    below = {"scorer": "hpsv3", "value": 10}
    several = plan | {"edits": [{"generator": PAINTER, "of": "nano-banana", "below": below}]}
    with pytest.raises(ConfigError, match=r"several sources on file \(a colleague, published\)"):
        execute(RunSettings.model_validate(several), tmp_path / "run", Silent())
    named = plan | {"edits": [{"generator": PAINTER, "of": "nano-banana", "below": below | {"source": "published"}}]}
    execute(RunSettings.model_validate(named), tmp_path / "run", Silent())
    assert len(edits_of(tmp_path / "run")) == 2


@pytest.mark.slow
def test_a_tiny_flux_edits_at_a_strength_from_a_share_of_noise_and_not_at_all(tmp_path: Path, prompts: Path) -> None:
    pytest.importorskip("diffusers")
    from tests.models.generators.tiny_pipelines import tiny_flux  # noqa: PLC0415 - needs torch

    base = tiny_flux(tmp_path / "flux")
    flux = {"name": "flux-dev", "options": {"weights": str(base), "size": 64, "steps": 4}}
    arms = {"strengths": [0.5], "start_noises": [0.76], "control": True}
    edits = [{"generator": "flux-dev", "of": PAINTER, "arms": arms}]
    out = tmp_path / "run"
    plan = settings(prompts, edits, generators=[PAINTER, flux])
    execute(plan, out, Silent(), limit=1)
    found = edits_of(out)
    assert {item.id for item in found.values()} == {"a@strength 0.5", "a@start noise 0.76", "a@encode-decode"}
    by_arm = {item.groups["arm"]: item for item in found.values()}
    assert all(item.generator.startswith("flux-dev") and item.images["edit"] is not None for item in found.values())
    with Ledger(out) as ledger:
        facts = {a: json.loads(f) for a, f in ledger.db.execute("SELECT arm, facts FROM edits")}
    assert {arm: f["forwards"] for arm, f in facts.items()}["strength 0.5"] == 2
    assert facts["encode-decode"]["forwards"] == 0
    assert 0 < by_arm["strength 0.5"].notes["start_noise"] < 1
    assert abs(by_arm["start noise 0.76"].notes["start_noise"] - 0.76) <= 0.2  # the nearest of four steps
    assert by_arm["encode-decode"].notes["strength"] == by_arm["encode-decode"].notes["start_noise"] == 0.0
    assert execute(plan, out, Silent(), limit=1).edited == 0
