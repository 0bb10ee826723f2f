"""The main job from end to end: what is left behind, what a second call does, and that interruptions leave no trace."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import fauve
from fauve import api
from fauve.engine.audits import settings_for
from fauve.engine.progress import Silent
from fauve.errors import ConfigError, DataError, Interrupted, UnknownName
from fauve.ledger import Ledger, queries
from fauve.ledger.importing import import_contrasts, import_labels, import_pairs
from fauve.records import PromptPair
from fauve.settings import RunSettings

SMALL = RunSettings.model_validate(
    {
        "stimuli": {"effects": ["defocus", "underexposure"], "strengths": [0.5, 1.0], "longer_side": 96},
        "scorers": ["polish", "random"],
        "engine": {"workers": 1},
    }
)


def written(directory: Path) -> dict[str, bytes]:
    """Everything that a reader takes numbers from, by path."""
    files = [directory / "findings.json", *sorted((directory / "report").rglob("*"))]
    return {
        p.relative_to(directory).as_posix(): p.read_bytes()
        for p in files
        if p.suffix in {".json", ".csv", ".md", ".tex", ".svg"}
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("whole") / "run"
    assert api.run(SMALL, directory).fresh
    return directory


def test_a_run_leaves_a_report_findings_settings_and_versions(whole: Path) -> None:
    assert (whole / "report" / "index.html").is_file()
    studies = {f.study for f in api.findings_of(whole)}
    assert {"probe", "reward_classification"} <= studies
    told = tomllib.loads((whole / "run.toml").read_text(encoding="utf-8"))
    assert told["stimuli"]["effects"] == ["defocus", "underexposure"]
    assert told["versions"]["fauve"] == fauve.__version__
    RunSettings.model_validate({k: v for k, v in told.items() if k != "versions"})


def test_a_second_run_does_nothing_and_says_so(whole: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in whole.rglob("*") if p.is_file() and p.name != "ledger.lock"}
    again = api.run(SMALL, whole)
    assert not again.fresh
    assert again.summary.did_nothing
    after = {p: p.stat().st_mtime_ns for p in whole.rglob("*") if p.is_file() and p.name != "ledger.lock"}
    assert {p.name for p in after if after[p] != before.get(p)} <= {
        "ledger.sqlite",
        "ledger.sqlite-shm",
        "ledger.sqlite-wal",
    }


def test_known_answers_of_the_controls(whole: Path) -> None:
    """The oracle is always right; taste without a prompt hardly ever prefers what was blurred or darkened."""
    found = {
        (f.scorer, f.metric): f
        for f in api.study("reward_classification", whole)
        if not f.group and f.generator == "stimuli"
    }
    assert found["oracle", "accuracy"].estimate == 1.0
    assert found["polish", "accuracy"].estimate < 0.25
    chance = found["random", "accuracy"].estimate
    assert chance is not None
    assert 0.2 < chance < 0.8
    slopes = {
        (f.scorer, f.group["prompt"]): f.estimate
        for f in api.study("probe", whole)
        if f.metric == "slope" and set(f.group) == {"prompt", "unit"} and f.group["unit"] == "raw"
    }
    assert slopes["oracle", "anti"] == pytest.approx(1.0)
    assert slopes["oracle", "original"] == pytest.approx(-1.0)
    assert slopes["polish", "anti"] == pytest.approx(slopes["polish", "original"])


class StopsOnce(Silent):
    def advance(self, steps: int) -> None:
        if not self.__dict__.get("sent"):
            self.__dict__["sent"] = True
            os.kill(os.getpid(), signal.SIGINT)


def test_interrupted_and_resumed_it_writes_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        api.run(SMALL, tmp_path, StopsOnce())
    assert not (tmp_path / "findings.json").exists()
    api.run(SMALL, tmp_path)
    assert written(tmp_path) == written(whole)


def test_a_report_made_again_is_the_same_bytes(whole: Path) -> None:
    before = written(whole)
    api.report(whole)
    assert written(whole) == before


@pytest.mark.slow
def test_killed_in_the_middle_the_next_call_writes_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    toml = tmp_path / "small.toml"
    toml.write_text(
        '[stimuli]\neffects = ["defocus", "underexposure"]\nstrengths = [0.5, 1.0]\nlonger_side = 96\n'
        "[engine]\nworkers = 1\n",
        encoding="utf-8",
    )
    toml.write_text('scorers = ["polish", "random"]\n' + toml.read_text(encoding="utf-8"), encoding="utf-8")
    out = tmp_path / "run"
    command = [sys.executable, "-m", "fauve", "run", str(toml), "--out", str(out)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None and len(list((out / "images").rglob("*.png"))) < 8:
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL, "it was over before it could be killed"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert written(out) == written(whole)


def test_ctrl_c_ends_the_command_with_130_and_a_summary(tmp_path: Path) -> None:
    toml = tmp_path / "small.toml"
    toml.write_text("[stimuli]\nlonger_side = 96\n[engine]\nworkers = 1\n", encoding="utf-8")
    out = tmp_path / "run"
    command = [sys.executable, "-m", "fauve", "run", str(toml), "--out", str(out)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None and len(list((out / "images").rglob("*.png"))) < 4:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "finishing what is in flight" in told
    assert "what had finished is in the ledger" in told
    assert "Traceback" not in told


def test_what_cannot_be_asked_is_said(tmp_path: Path, whole: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'probe'"):
        api.study("prob", whole)
    with pytest.raises(DataError, match=r"findings\.json does not exist"):
        api.findings_of(tmp_path)
    with pytest.raises(ConfigError, match="name it as a target"):
        api.audit_settings(["polish"], "photographs", weights={"hpsv3": "x"})


@pytest.fixture(scope="module")
def published(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything published that is at hand in one ledger, with instruments beside it and one report over all of it."""
    directory = tmp_path_factory.mktemp("published") / "run"
    with Ledger(directory, write=True) as ledger:
        import_pairs(ledger, shared_data / "pairs" / "sd35_large_scores" / "pairs.jsonl")
        import_pairs(ledger, shared_data / "pairs" / "bench" / "pairs.jsonl")
        import_contrasts(ledger, shared_data / "pairs" / "photographs" / "contrasts.jsonl")
        import_contrasts(ledger, shared_data / "pairs" / "critique" / "contrasts.jsonl")
        import_labels(ledger, shared_data / "published" / "judge_validation.jsonl", "published")
    api.run(RunSettings.model_validate({"scorers": ["polish", "random"], "engine": {"workers": 1}}), directory)
    return directory


@pytest.mark.shared
@pytest.mark.slow
def test_published_figures_come_out_of_one_ledger(published: Path) -> None:
    found = {
        (f.study, f.metric, f.scorer, f.generator): f
        for f in api.findings_of(published)
        if not set(f.group) - {"source"}
    }

    def estimate(study: str, metric: str, scorer: str | None, generator: str | None = None) -> float:
        value = found[study, metric, scorer, generator].estimate
        assert value is not None
        return value

    sd = "sd3.5-large"
    for scorer, shift, wins in (("hpsv3", -4.702, 0.290), ("hpsv2.1", -0.036, 0.640), ("imagereward", -0.467, 0.770)):
        assert estimate("generation", "shift", scorer, sd) == pytest.approx(shift, abs=5e-4)
        assert estimate("reward_classification", "accuracy", scorer, sd) == pytest.approx(wins, abs=5e-4)
        note = found["reward_classification", "accuracy", scorer, sd].note
        assert note is not None
        assert "no independent selection" in note
    assert estimate("photographs", "accuracy", "hpsv3") == 0.0
    assert estimate("photographs", "margin", "hpsv3") == pytest.approx(-19.63, abs=5e-3)
    assert estimate("reward_classification", "accuracy", "hpsv3", "nano-banana") == 0.0
    assert estimate("reward_classification", "margin", "hpsv3", "nano-banana") == pytest.approx(-10.08, abs=5e-3)
    gallery = json.dumps([p.read_text(encoding="utf-8") for p in (published / "report" / "gallery").glob("*.js")])
    assert "nano-banana" in gallery.lower() or "nano banana" in gallery.lower()


def test_what_a_run_writes_down_holds_no_place_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here" / "weights").mkdir(parents=True)
    given = {
        "prompts": {"file": tmp_path / "p.jsonl"},
        "emotion": {"file": tmp_path / "e.jsonl"},
        "data": {"pairs": [tmp_path / "mine" / "pairs.jsonl"]},
        "generators": [
            {"name": f"diffusers:{tmp_path}/flux", "options": {"delta": "~/loras/mine"}},
            {
                "name": "sdxl",
                "options": {"weights": "here/weights", "call": {"lora": "./a/b"}, "base_url": "http://h/v1"},
            },
            {"name": "sd1.5", "options": {"weights": "owner/repository"}},
        ],
    }
    told = tomllib.loads(api._run_toml(RunSettings.model_validate(given)))
    assert str(tmp_path) not in str(told)
    assert (told["prompts"]["file"], told["emotion"]["file"], told["data"]["pairs"]) == (
        "p.jsonl",
        "e.jsonl",
        ["pairs.jsonl"],
    )
    assert [(entry["name"], entry["options"]) for entry in told["generators"]] == [
        ("diffusers:flux", {"delta": "mine"}),
        ("sdxl", {"weights": "weights", "call": {"lora": "b"}, "base_url": "http://h/v1"}),
        ("sd1.5", {"weights": "owner/repository"}),
    ]


def test_over_what_was_imported_the_default_is_that_and_no_lab(tmp_path: Path, scored_pairs: Path) -> None:
    with Ledger(tmp_path / "run", write=True) as ledger:
        import_pairs(ledger, scored_pairs)
    result = api.run(None, tmp_path / "run", Silent())
    assert (result.summary.stimuli, result.summary.generated) == (0, 0)
    with Ledger(tmp_path / "run") as ledger:
        assert ledger.db.execute("SELECT DISTINCT generator FROM items").fetchall() == [("flux-dev",)]


@pytest.mark.parametrize(
    ("generators", "lab"),
    [
        ([], True),
        (["stimuli"], True),
        (["flux-dev"], False),
        (["flux-dev", "stimuli"], False),
        (["flux-dev", "lab-base"], True),
    ],
)
def test_a_directory_of_the_default_run_stays_one(tmp_path: Path, generators: list[str], lab: bool) -> None:
    with Ledger(tmp_path, write=True) as ledger:
        none = {"original": None, "anti": None}
        ledger.add_items((PromptPair("p", name, {"original": "a", "anti": "b"}, none), name) for name in generators)
    assert bool(settings_for(tmp_path).generators) is lab


def test_a_report_over_a_missing_picture_says_so(whole: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "run"))
    with Ledger(copy) as ledger:
        (copy / queries.image_refs(ledger)[0].path).unlink()
    heard = Heard()
    api.report(copy, heard)
    assert heard.said[0] == "1 picture is missing; `fauve verify` names them"


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)
