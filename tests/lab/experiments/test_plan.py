from __future__ import annotations

from pathlib import Path

import pytest

from fauve.errors import UnknownName, WeightsMissing
from fauve.lab.experiments.plan import plan, reward_names
from fauve.lab.experiments.settings import read_experiment


def test_each_job_comes_after_what_it_needs_and_stands_once(tiny: Path, small_family: Path) -> None:
    jobs = plan(read_experiment(tiny), small_family)
    seen: set[str] = set()
    for job in jobs:
        assert set(job.needs.values()) <= seen
        assert job.key not in seen
        seen.add(job.key)
    seeds = [job.seed for job in jobs if job.seed is not None]
    assert seeds == sorted(seeds)  # a run that is stopped has whole seeds
    # 4 GRPO arms of two rewards, one of the mixture, one of DPO, for each of two seeds
    assert sum(job.kind == "align" for job in jobs) == (2 * 4 + 1 + 1) * 2
    assert sum(job.kind == "reward" for job in jobs) == 3 * 2


def test_a_key_changes_with_what_matters_and_with_nothing_else(tiny: Path, small_family: Path) -> None:
    settings = read_experiment(tiny)
    before = {job.key for job in plan(settings, small_family)}
    assert {job.key for job in plan(settings.model_copy(update={"name": "other"}), small_family)} == before

    rewards = dict(settings.rewards)
    rewards["universal"] = rewards["universal"].model_copy(update={"fidelity": 3.0})
    after = plan(settings.model_copy(update={"rewards": rewards}), small_family)
    kept = {job.key for job in after} & before
    changed = [job for job in after if job.key not in before]
    assert {job.kind for job in changed} == {"reward", "choose", "align", "ask"}
    assert all(job.label.get("reward") != "placebo" for job in changed)
    assert all(job.key in kept for job in after if job.label.get("reward") == "placebo")

    asked = settings.evaluation.model_copy(update={"pairs": 20})
    again = [j for j in plan(settings.model_copy(update={"evaluation": asked}), small_family) if j.key not in before]
    assert {job.kind for job in again} == {"choose", "ask"}  # nothing is trained again


def test_knobs_turn_one_at_a_time(tiny: Path) -> None:
    settings = read_experiment(tiny)
    rewards = reward_names(settings)
    one = rewards["universal, fidelity 8"][0]
    assert one == settings.rewards["universal"].model_copy(update={"fidelity": 8.0})
    assert rewards["universal, people 2"][0].fidelity == settings.rewards["universal"].fidelity


def test_a_family_that_lacks_something_is_said(tiny: Path, tmp_path: Path, small_family: Path) -> None:
    settings = read_experiment(tiny)
    with pytest.raises(WeightsMissing, match="fauve lab train"):
        plan(settings, tmp_path / "nothing")
    wanted = settings.members.model_copy(update={"generators": ("asthetic-mild",)})
    with pytest.raises(UnknownName, match="aesthetic-mild"):
        plan(settings.model_copy(update={"members": wanted}), small_family)
