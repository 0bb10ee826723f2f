"""``fauve lab`` as somebody uses it who has no torch, mistypes, or stops half-way."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from fauve.cli import lab as lab_commands
from fauve.cli import main
from fauve.lab.inference import write_weights

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.chdir(tmp_path)

    def lab(*args: object) -> tuple[int, str, str]:
        code = 0
        try:
            main(["lab", *map(str, args)])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, *capsys.readouterr()

    return lab


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


def test_training_without_torch_says_what_to_install(call: Call, no_torch: None) -> None:
    code, _, told = call("train", "--out", "x")
    assert code == 2
    assert "fauve[models]" in told
    assert not Path("x").exists()


def test_a_run_without_torch_says_what_to_install(call: Call, no_torch: None, tmp_path: Path) -> None:
    write_weights(tmp_path / "family" / "base.safetensors", {}, {})
    (tmp_path / "x.toml").write_text('name = "x"\nfamily = "family"\n', encoding="utf-8")
    code, _, told = call("run", "x.toml", "--out", "out")
    assert code == 2
    assert "fauve[models]" in told


def test_what_is_mistyped_is_said_with_the_nearest(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('name = "x"\n[alignment]\nstep = 3\n', encoding="utf-8")
    code, _, told = call("run", "x.toml", "--out", "out")
    assert code == 2
    assert "alignment.step" in told
    assert "'steps'" in told
    code, _, told = call("run", "y.toml", "--out", "out")
    assert code == 2
    assert "no experiment y.toml" in told
    code, _, told = call("train", "--recipe", "none.toml")
    assert code == 2
    assert "no recipe" in told


def test_an_experiment_with_no_family_says_how_to_get_one(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('name = "x"\nfamily = "nowhere"\n', encoding="utf-8")
    code, _, told = call("run", "x.toml", "--out", "out")
    assert code == 1
    assert "fauve lab train" in told


def test_tables_of_stored_findings_need_no_torch(call: Call, no_torch: None, tmp_path: Path) -> None:
    code, told, _ = call("tables", "claims")
    assert code == 0
    assert "what refutes it" in told
    code, _, told = call("tables", "clams")
    assert code == 2
    assert "claims" in told
    page = tmp_path / "page.md"
    page.write_text("<!-- numbers: gates -->\n<!-- end -->\n", encoding="utf-8")
    (tmp_path / "none").mkdir()
    code, _, _ = call("tables", "--results", "none", "--write", page)
    assert code == 0
    assert "No results are stored" in page.read_text(encoding="utf-8")


def test_a_run_states_findings_and_goes_on(call: Call, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    import_module("tests.lab.experiments.small_nets").build(tmp_path / "family")
    text = 'name = "x"\nfamily = "family"\nseeds = [1]\n[alignment]\nsteps = 1\nprompts = 1\ngroup = 2\nprobe = 4\n'
    text += '[[arms]]\nrewards = ["placebo"]\n[evaluation]\npairs = 4\nemotion_draws = 1\ninterval_draws = 100\n'
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    code, told, _ = call("run", "x.toml", "--out", "out", "--limit", "1")
    assert code == 0
    assert "1 of 3 jobs" in told
    code, told, _ = call("run", "x.toml", "--out", "out", "--save", "kept")
    assert code == 0
    assert "2/3 align" in told
    assert "3 of 3 jobs" in told
    assert (tmp_path / "kept" / "x.json").read_bytes() == (tmp_path / "out" / "x.json").read_bytes()
    code, told, _ = call("run", "x.toml", "--out", "out")
    assert "/3 align" not in told
    assert "One training seed: intervals are over prompts alone" in told
    assert "| aligned with placebo (random) **VOID** | anti 0, kl 0 |" in told
    code, told, _ = call("tables", "--results", "kept", "gates")
    assert "base: " in told
    code, told, _ = call("tables", "--results", "kept")
    assert (code, told.startswith("## x: ")) == (0, True)
    assert "aligned with placebo" in told
    code, _, said = call("tables", "--results", "nowhere")
    assert code == 2
    assert "nowhere holds no results" in said


def test_hashes_are_compared_with_the_card(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"files": {"base": {"sha256": "a"}, "trunk": {"sha256": "b"}}}
    (tmp_path / "x.json").write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.setattr(lab_commands, "SHIPPED", tmp_path)
    lab_commands._compare({"x": record})
    assert "All 2 files are those that ship" in capsys.readouterr().out
    lab_commands._compare({"x": {"files": {"base": {"sha256": "c"}, "trunk": {"sha256": "b"}}}})
    assert "1 of 2 files differ" in capsys.readouterr().out
    monkeypatch.setattr(lab_commands, "SHIPPED", tmp_path / "none")
    lab_commands._compare({"x": record})
    assert "no card" in capsys.readouterr().out
