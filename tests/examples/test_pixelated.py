"""The example of a dimension of one's own runs as it says, and what it claims is in its report."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fauve.settings import read_settings

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = ("pixelated.toml", "pixelated.py", "pixelated.txt")
OWN_PAIR = (
    '{"id": "mine", "generator": "elsewhere", "prompt_original": "A dog.", "prompt_anti": "A dog in squares.", '
    '"dimensions": ["pixelated"], "image_original": null, "image_anti": null}\n'
)

pytestmark = pytest.mark.slow


def fauve(*args: object, cwd: Path) -> str:
    command = [sys.executable, "-m", "fauve", *map(str, args)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pixelated")
    for name in FILES:
        shutil.copy(EXAMPLES / name, folder)
    config = folder / "pixelated.toml"
    # workers in processes of their own, who must know the dimension too, and one picture of each prompt
    text = config.read_text(encoding="utf-8").replace("draws = 4", "draws = 1")
    config.write_text(f"{text}\n[engine]\nworkers = 2\nimages_per_job = 2\n", encoding="utf-8")
    fauve("run", "pixelated.toml", "--out", "run", cwd=folder)
    return folder


def test_who_listens_honours_the_dimension_and_who_tidies_does_not(here: Path) -> None:
    findings = json.loads((here / "run" / "findings.json").read_text(encoding="utf-8"))
    honoured = {
        f["generator"]: f["estimate"]
        for f in findings
        if f["metric"] == "honoured" and f["group"] == {"judge": "squares", "dimension": "pixelated"}
    }
    assert honoured == {"listens": 1.0, "tidies": 0.0}
    accuracy = {
        f["scorer"]: f["estimate"]
        for f in findings
        if f["study"] == "reward_classification"
        and f["metric"] == "accuracy"
        and f.get("group") == {"dimension": "pixelated"}
    }
    assert (accuracy["pixelated:hears_squares"], accuracy["polish"]) == (1.0, 0.0)


def test_whoever_opens_the_directory_later_knows_the_dimension(here: Path) -> None:
    run = here / "run"
    assert read_settings(run / "run.toml").own_dimensions == read_settings(here / "pixelated.toml").own_dimensions
    fauve("verify", "run", cwd=here)
    fauve("report", "run", cwd=here)
    assert "emotion, pixelated" in (run / "report" / "methods.html").read_text(encoding="utf-8")  # not seen by gauges
    (here / "pairs.jsonl").write_text(OWN_PAIR, encoding="utf-8")
    fauve("import", "pairs", "pairs.jsonl", "--out", "run", cwd=here)
    command = [sys.executable, "-m", "fauve", "import", "pairs", "pairs.jsonl", "--out", "another"]
    elsewhere = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=100)
    assert elsewhere.returncode != 0
    assert "pixelated" in elsewhere.stderr


def test_the_commented_settings_for_real_models_can_be_read(tmp_path: Path) -> None:
    text = (EXAMPLES / "pixelated.toml").read_text(encoding="utf-8")
    real = [line.removeprefix("# ") for line in text.split("# With real models")[1].splitlines()[2:]]
    own = text.split("[dimensions.pixelated]")[1].split("[prompts]")[0]
    file = tmp_path / "real.toml"
    file.write_text("[dimensions.pixelated]" + own + "\n".join(line for line in real if line != "#"), encoding="utf-8")
    found = read_settings(file)
    assert found.prompts.rewriter is not None
    assert found.prompts.rewriter.name == "chat:MODEL"
    assert found.judges[0].options["dimensions"][0] == "pixelated"
