"""Scorers of strangers that misbehave: each fault is caught and named, by the examination and in an audit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fauve import api
from fauve.cli import main
from fauve.models.callables import CallableScorer
from fauve.models.conformance import examine

STRANGERS = """
import itertools
import numpy as np

_calls = itertools.count()

def good(images, prompts):
    return [float(np.asarray(i).mean()) + len(p) for i, p in zip(images, prompts)]

def short(images, prompts):
    return good(images, prompts)[:-1]

def nan(images, prompts):
    return [float("nan")] * len(images)

def words(images, prompts):
    return ["high"] * len(images)

def constant(images, prompts):
    return [0.5] * len(images)

def batch(images, prompts):
    scores = np.array(good(images, prompts))
    return scores - scores.mean()

def order(images, prompts):
    return [s + k for k, s in enumerate(good(images, prompts))]

def restless(images, prompts):
    return [s + next(_calls) for s in good(images, prompts)]

def deaf(images, prompts):
    return [float(np.asarray(i).mean()) for i in images]

def raising(images, prompts):
    if any("focus" in p for p in prompts):
        raise ValueError("cannot read this")
    return good(images, prompts)
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Name of a module that lies in the folder where the command is called."""
    name = f"strangers_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(STRANGERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return name


FAULTS = {
    "short": ("one finite number for each cell", "fail", "returned shape (14,) for 15"),
    "nan": ("one finite number for each cell", "fail", "returned nan for row 0"),
    "words": ("one finite number for each cell", "fail", "no list of numbers"),
    "constant": ("not constant", "fail", "every cell got 0.5"),
    "batch": ("batch invariant", "fail", "when cells are asked for one by one"),
    "order": ("order of cells", "fail", "when the cells are asked for in reverse"),
    "restless": ("deterministic", "fail", "between two identical calls"),
    "deaf": ("hears the prompt", "note", "deaf to what was asked for"),
    "raising": ("one finite number for each cell", "fail", "ValueError: cannot read this"),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_examination_names_the_fault(fault: str) -> None:
    space: dict[str, Callable[..., object]] = {}
    exec(STRANGERS, space)
    checks = {c.name: c for c in examine(CallableScorer(space[fault], fault))}
    name, verdict, words = FAULTS[fault]
    assert checks[name].verdict == verdict
    assert words in checks[name].detail
    if fault in {"order", "restless", "batch"}:
        assert "hears the prompt" not in checks, "a score that moves by itself proves no hearing"


def test_a_good_stranger_passes_everything() -> None:
    space: dict[str, Callable[..., object]] = {}
    exec(STRANGERS, space)
    assert {c.verdict for c in examine(CallableScorer(space["good"], "good"))} == {"pass"}


def small_data(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> Path:
    (tmp_path / "a_field.png").write_bytes(photo_bytes(size=(64, 48)))
    main_quietly("stimuli", "a_field.png", "--effect", "defocus", "--effect", "grain", "--out", "data")
    return tmp_path / "data"


def main_quietly(*args: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(args)
    return int(stopped.value.code or 0)


def test_an_audit_tells_what_the_examination_found_and_fails_when_nothing_was_scored(
    stranger: str, tmp_path: Path, photo_bytes: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    small_data(tmp_path, photo_bytes)
    assert main_quietly("audit", f"{stranger}:batch", "--data", "data", "--out", "one") == 0
    assert "batch invariant: fail: scores move" in capsys.readouterr().err
    assert main_quietly("audit", f"{stranger}:nan", "--data", "data", "--out", "two") == 1
    told = capsys.readouterr()
    assert f"{stranger}:nan" in told.err
    assert "values failed" in told.err


def test_a_scorer_that_fails_on_some_prompts_keeps_its_other_values_and_says_how_many_are_missing(
    stranger: str, tmp_path: Path, photo_bytes: Callable[..., bytes]
) -> None:
    small_data(tmp_path, photo_bytes)
    name = f"{stranger}:raising"
    api.audit([name], "data", Path("run"))
    accuracy = next(
        f
        for f in api.study("reward_classification", Path("run"))
        if f.scorer == name and f.metric == "accuracy" and not f.group
    )
    assert (accuracy.n, accuracy.missing) == (4, 0.5)
    assert "4 missing" in (accuracy.note or "")
