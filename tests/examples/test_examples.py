"""The examples run as their docstrings say, in a process of their own, on the default run's pictures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL_RUN = """
[stimuli]
effects = ["defocus"]
strengths = [1.0]
longer_side = 96
[engine]
workers = 1
"""


def call(*args: object, cwd: Path) -> str:
    command = [sys.executable, *map(str, args)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    (folder / "small.toml").write_text(SMALL_RUN, encoding="utf-8")
    call("-m", "fauve", "run", "small.toml", "--out", "run", cwd=folder)
    return folder / "run"


def test_01_scores_a_folder_and_tells_what_it_cannot_read(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> None:
    (tmp_path / "a_red_boat.png").write_bytes(photo_bytes())
    (tmp_path / "broken.png").write_bytes(photo_bytes()[:200])
    lines = call(EXAMPLES / "01_score_a_folder.py", tmp_path, cwd=tmp_path).splitlines()
    value, name, prompt = lines[0].split("\t")
    assert 0 <= float(value) <= 2
    assert (name, prompt) == ("a_red_boat.png", "a red boat")
    assert lines[1].startswith("-\tbroken.png: truncated")


def test_02_a_function_of_ones_own_passes_the_examination(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "02_own_scorer.py", tmp_path)
    shown = call("-m", "fauve", "doctor", "--scorer", "02_own_scorer:reddish", cwd=tmp_path)
    assert "hears the prompt: another prompt gives another score" in shown
    assert shown.endswith("passes.\n")


@pytest.mark.slow
def test_03_asks_a_question_of_a_run(run_directory: Path) -> None:
    shown = call(EXAMPLES / "03_own_study.py", run_directory, cwd=run_directory.parent)
    rows = {line.split()[0]: line for line in shown.splitlines()}
    assert "6 of   6" in rows["oracle"]
    assert "0 of   6" in rows["polish"]


@pytest.mark.slow
def test_the_readme_scorer_is_audited_from_an_empty_folder(tmp_path: Path) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    block = next(b for b in readme.split("```python\n")[1:] if "my_reward.py" in b).split("```")[0]
    assert block.count("\n") < 20
    (tmp_path / "my_reward.py").write_text(block, encoding="utf-8")
    assert "passes" in call("-m", "fauve", "doctor", "--scorer", "my_reward:warmth", cwd=tmp_path)
    assert "Report: fauve-audit/report/index.html" in call(
        "-m", "fauve", "audit", "my_reward:warmth", "--limit", "20", cwd=tmp_path
    )
    shown = call("-m", "fauve", "study", "probe", "fauve-audit", cwd=tmp_path)
    assert "my_reward:warmth" in shown
