"""What a person reads who calls the command line in the wrong way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from fauve.cli import main


class Shown(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Call(Protocol):
    def __call__(self, *args: object) -> Shown: ...


@pytest.fixture
def fauve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The command line, called in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> Shown:
        code = 0
        try:
            main([str(arg) for arg in args])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        return Shown(code, out, err)

    return call


def test_as_a_program_it_ends_with_the_code_and_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fauve", "study", "photograph", "nowhere"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert shown.returncode == 2
    assert shown.stderr == "Error: there is no study called 'photograph'. Did you mean 'photographs'?\n"


def test_help_names_every_command_and_what_it_does(fauve: Call) -> None:
    shown = fauve("--help")
    assert shown.returncode == 0
    assert "audit" in shown.stdout
    assert "offline" in shown.stdout


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("rum",), 2, "Did you mean 'run'?"),
        (("study", "photograph", "nowhere"), 2, "Did you mean 'photographs'?"),
        (("study", "photographs", "nowhere"), 2, "nowhere holds no ledger.sqlite; name a run directory"),
        (("status", "nowhere"), 2, "holds no ledger.sqlite"),
        (("report", "nowhere"), 2, "holds no ledger.sqlite"),
        (("retry", "nowhere"), 2, "holds no ledger.sqlite"),
        (("run", "no.toml"), 2, "there is no settings file no.toml"),
        (("audit", "polich", "--out", "o"), 2, "Did you mean 'polish'?"),
        (("audit", "no_such_module:Reward", "--out", "o"), 1, "the module 'no_such_module' does not import"),
        (("audit", "json:dmp", "--out", "o"), 2, "Did you mean 'dump'?"),
        (("audit", "sys:version", "--out", "o"), 1, "sys:version led to a str, which is no scorer"),
        (("audit", "polish", "--data", "empty", "--out", "o"), 2, "holds no pairs.jsonl and no contrasts.jsonl"),
        (("audit", "polish", "--data", "gone", "--out", "o"), 2, "there is no data 'gone'"),
        (("audit", "instrument:sharpnes", "--out", "o"), 2, "Did you mean 'sharpness'?"),
        (("import", "pairs", "gone.jsonl", "--out", "o"), 2, "gone.jsonl"),
        (("judge", "validate", "gone.jsonl"), 2, "gone.jsonl"),
        (("stimuli", "gone.png", "--out", "o"), 2, "gone.png: missing"),
        (("doctor", "--scorer", "random_"), 2, "Did you mean 'random'?"),
    ],
)
def test_wrong_input_gets_a_message_and_a_code_and_no_traceback(
    fauve: Call, tmp_path: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    shown = fauve(*args)
    assert words in shown.stderr
    assert "Traceback" not in shown.stderr
    assert shown.returncode == code


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[data]\nphotgraphs = true", "there is no key 'data.photgraphs'. Did you mean 'photographs'?"),
        ("scorer = ['polish']", "there is no key 'scorer'. Did you mean 'scorers'?"),
        ("[stimuli]\nstrengths = [0.5, 2.0]", "strengths rise from above 0 to at most 1"),
        ("[engine]\nworkers = 0", "engine.workers"),
        ("scorers = ['polish', 'polish']", "named twice: polish"),
        ("scorers = [{name = 'random', option = {seed = 1}}]", "Did you mean 'options'?"),
        ("scorers = ", "is not TOML"),
    ],
)
def test_wrong_settings_name_the_key_and_the_nearest_one(fauve: Call, tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "run.toml").write_text(toml, encoding="utf-8")
    shown = fauve("run", "run.toml", "--out", "o")
    assert words in shown.stderr
    assert shown.returncode == 2
    assert not (tmp_path / "o").exists()


def test_control_characters_of_a_file_do_not_reach_the_terminal(fauve: Call, tmp_path: Path) -> None:
    row = {"id": "\x1b[2J", "generator": "g", "prompt_original": "a", "prompt_anti": "b", "dimensions": ["\x1b[31m"]}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row | {"image_original": None, "image_anti": None, "scores": []}))
    shown = fauve("import", "pairs", "pairs.jsonl")
    assert shown.returncode == 2
    assert "\x1b" not in shown.stderr + shown.stdout
