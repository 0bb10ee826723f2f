"""The plugin package, installed into an environment of its own and used as a stranger would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin_scorer"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scratch environment that sees this one's packages, with the plugin installed on top."""
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    here = [path for path in sys.path if path.endswith("site-packages")]
    source = str(Path(__file__).parents[2] / "src")
    Path(site, "host.pth").write_text("\n".join([source, *here]), encoding="utf-8")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*install, "--target", site, str(PLUGIN)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return python


def fauve(python: Path, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": ""}
    command = [str(python), "-m", "fauve", *args]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_an_installed_scorer_is_listed_with_its_origin_and_passes(stranger: Path, tmp_path: Path) -> None:
    listed = fauve(stranger, "models", "--json", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert rows["word-match"]["origin"] == "fauve-plugin-scorer"
    assert rows["word-match"]["error"] is None
    examined = fauve(stranger, "doctor", "--scorer", "word-match", cwd=tmp_path)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "word-match passes." in examined.stdout


@pytest.mark.slow
def test_a_plugin_that_does_not_import_is_listed_as_broken_and_everything_else_works(
    stranger: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[fauve.scorers]\nworn-out = no_such_module_at_all:Scorer\n")
    listed = subprocess.run(
        [str(stranger), "-m", "fauve", "models", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert "no_such_module_at_all" in rows["worn-out"]["error"]
    assert rows["polish"]["error"] is None
