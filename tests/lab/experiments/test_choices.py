from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fauve.lab.captions import draw_pairs
from fauve.lab.experiments.choices import Choices, Contrasts, choose, contrasts_of_faces, controlled
from fauve.lab.experiments.choosing import choice_findings
from fauve.lab.experiments.plan import Job
from fauve.lab.inference import read_weights
from fauve.stats import CrossedDraws

PAIRS = tuple(draw_pairs(8, 3))


def test_pictures_of_a_contrast_differ_and_prompts_ask(small_family: Path) -> None:
    trunk = read_weights(small_family / "trunk.safetensors").arrays
    faces = contrasts_of_faces(trunk, 2, 5)
    assert len(faces.tokens) == 12
    assert set(faces.kind) == {f"face: {m}{more}" for m in ("sad", "angry", "scared") for more in ("", " and more")}
    for found in (faces, controlled(trunk, PAIRS, 5)):
        assert (np.abs(found.one - found.other).max(1) > 0).all()
        assert (found.lead == 1).all()


def contrasts(n: int, lead: float) -> Contrasts:
    one, other = np.ones((n, 2), np.float32), np.zeros((n, 2), np.float32)
    return Contrasts(one, other, np.zeros((n, 3), np.int64), np.full(n, lead), np.full(n, "pair: base"))


def test_a_scorer_is_right_when_it_follows_the_truth(tmp_path: Path) -> None:
    parts = {"a": contrasts(3, 0.5), "b": contrasts(1, -0.5), "c": contrasts(4, 0.0)}
    found = choose(lambda features, _tokens: features[:, 0], parts)
    job = Job("choose", {}, {}, {"scorer": "s"}, None)
    (tmp_path / "jobs").mkdir()
    found.write(tmp_path / "jobs" / f"{job.key}.npz")
    back = Choices.read(tmp_path / "jobs" / f"{job.key}.npz")
    assert np.array_equal(back.lead, found.lead)

    record = {job.key: {"figures": {}}}
    findings = list(choice_findings([job], record, tmp_path, lambda s, n: CrossedDraws(s, n, draws=200)))
    by_metric = {f.metric: f for f in findings}
    assert by_metric["accuracy"].estimate == 0.75  # ties of the truth are set aside
    assert by_metric["accuracy"].n == 4
    assert by_metric["balanced_accuracy"].estimate == pytest.approx(0.5)
    assert by_metric["accuracy"].scorer == "s"


def test_a_filter_that_leaves_nothing_is_a_finding_without_a_number(tmp_path: Path) -> None:
    job = Job("reward", {"seed": 1}, {}, {"reward": "universal", "knob": "agreement", "value": "1"}, 1)
    record = {job.key: {"figures": {"void": "the filter left 0 of 44 comparisons to learn from"}}}
    (found,) = choice_findings([job], record, tmp_path, CrossedDraws)
    assert found.estimate is None
    assert "0 of 44" in (found.note or "")
