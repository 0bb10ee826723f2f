from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from tests.lab.experiments.conftest import TINY

pytest.importorskip("torch")

from fauve.errors import WeightsMismatch
from fauve.lab.experiments import jobs as jobs_module
from fauve.lab.experiments.findings import CAVEAT, findings_of
from fauve.lab.experiments.plan import plan
from fauve.lab.experiments.run import record_of, run_experiment
from fauve.lab.experiments.settings import ExperimentSettings, read_experiment
from fauve.lab.experiments.store import read_results, results_of, write_results
from fauve.lab.experiments.tables import BLOCKS
from fauve.lab.inference import read_weights


@pytest.fixture(scope="module")
def fewest() -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    patch.setattr(jobs_module, "FEWEST", 5)
    yield patch
    patch.undo()


@pytest.fixture(scope="module")
def settings(small_family: Path, tmp_path_factory: pytest.TempPathFactory) -> ExperimentSettings:
    path = tmp_path_factory.mktemp("toml") / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return read_experiment(path).model_copy(update={"family": str(small_family)})


@pytest.fixture(scope="module")
def done(settings: ExperimentSettings, tmp_path_factory: pytest.TempPathFactory, fewest: object) -> Path:
    out = tmp_path_factory.mktemp("out")
    run_experiment(settings, out, workers=0)
    return out


def contents(out: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((out / "jobs").iterdir()) if p.suffix == ".safetensors"}


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    settings: ExperimentSettings, done: Path, tmp_path: Path, fewest: object
) -> None:
    told: list[str] = []
    out = tmp_path / "again"
    run_experiment(settings, out, workers=0, limit=12, progress=lambda job, *_: told.append(job.key))
    assert len(told) == 12
    # as a kill leaves it: an outcome without its record, and a record that was cut short
    jobs = plan(settings, Path(settings.family))
    (out / "jobs" / f"{jobs[11].key}.json").unlink()
    (out / "jobs" / f"{jobs[10].key}.json").write_text('{"key": "', encoding="utf-8")
    told.clear()
    run_experiment(settings, out, workers=0, progress=lambda job, *_: told.append(job.key))
    assert len(told) == len(jobs) - 10
    assert contents(out) == contents(done)
    for job in jobs:
        if job.kind in {"ask", "choose"}:
            one, two = (np.load(o / "jobs" / f"{job.key}.npz") for o in (out, done))
            assert all(np.array_equal(one[k], two[k]) for k in one)


@pytest.mark.slow
def test_processes_do_the_same(settings: ExperimentSettings, tmp_path: Path) -> None:
    few = settings.model_copy(update={"arms": settings.arms[:1], "knobs": None, "seeds": (1,)})
    few = few.model_copy(update={"rewards": {**few.rewards, "universal": few.rewards["universal"]}})
    placebo = few.arms[0].model_copy(update={"rewards": ("placebo",)})
    few = few.model_copy(update={"arms": (placebo,)})
    run_experiment(few, tmp_path / "one", workers=0)
    run_experiment(few, tmp_path / "two", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_seeds_train_differently_and_the_leash_holds(settings: ExperimentSettings, done: Path) -> None:
    made = {}
    for job in plan(settings, Path(settings.family)):
        if job.kind == "align":
            made[(job.seed, *sorted(job.label.items()))] = read_weights(done / "jobs" / f"{job.key}.safetensors").sha256
    assert len(set(made.values())) == len(made)


def test_findings_have_intervals_gates_and_the_caveat(settings: ExperimentSettings, done: Path, tmp_path: Path) -> None:
    jobs = plan(settings, Path(settings.family))
    found = findings_of(settings, jobs, done, Path(settings.family))
    assert len({f.key for f in found}) == len(found)
    assert all(f.study == "lab" and CAVEAT in (f.note or "") for f in found)
    (gate,) = [f for f in found if f.metric == "gate_base"]
    assert gate.group["passed"] == "no"  # an untrained base honours nothing
    aligned = [f for f in found if f.metric == "honoured" and "reward" in f.group]
    assert aligned
    assert all("VOID" in (f.note or "") for f in aligned)
    scored = [f for f in found if f.metric == "accuracy"]
    assert scored
    assert all("VOID" in (f.note or "") for f in scored)
    assert len([f for f in found if f.metric == "gate_placebo"]) == 4
    against = {f.group["against"] for f in found if f.metric == "honoured_difference"}
    assert against == {
        "base",
        "placebo",
        "no anti requests",
        "kl 0",
        "unsteered",
        "plain guidance of the same strength",
    }
    assert all(f.low <= f.estimate <= f.high for f in found if f.low is not None)

    results = results_of(settings, jobs, done, found, "fauve lab run tiny.toml --out DIR")
    assert results.head["jobs_done"] == results.head["jobs_planned"] == len(jobs)
    assert results.head["cpu_seconds"] > 0
    assert str(tmp_path.parent) not in json.dumps(results.head)  # no path of this machine
    write_results(results, tmp_path / "tiny.json")
    back = read_results(tmp_path / "tiny.json")
    assert back == results
    for name, block in BLOCKS.items():
        assert block({"grid": results, "paper": results, "remedies": results}), name


def test_half_a_run_states_what_is_missing(settings: ExperimentSettings, done: Path, tmp_path: Path) -> None:
    out = tmp_path / "half"
    copytree(done, out)
    jobs = plan(settings, Path(settings.family))
    for job in jobs:
        if job.seed == 2:
            (out / "jobs" / f"{job.key}.json").unlink()
    found = findings_of(settings, jobs, out, Path(settings.family))
    aligned = [f for f in found if f.metric == "honoured" and "reward" in f.group]
    assert {f.missing for f in aligned} == {0.5}
    assert all("One training seed" in (f.note or "") for f in aligned)


def test_what_a_filter_empties_voids_what_needs_it(settings: ExperimentSettings, tmp_path: Path) -> None:
    rewards = dict(settings.rewards)
    rewards["universal"] = rewards["universal"].model_copy(
        update={"agreement": 1.0, "noise": 1000.0, "comparisons": 20, "people": 50, "raters": 50}
    )
    few = settings.model_copy(update={"rewards": rewards, "knobs": None, "seeds": (1,), "arms": settings.arms[2:3]})
    arm = few.arms[0].model_copy(update={"method": "grpo"})
    jobs = run_experiment(few.model_copy(update={"arms": (arm,)}), tmp_path, workers=0)
    void = [record_of(job, tmp_path)["figures"].get("void") for job in jobs if job.seed == 1]  # type: ignore[index]
    assert len(void) == 4
    assert all(v and "the filter left" in v for v in void)


def test_a_family_that_changes_under_a_run_is_noticed(
    settings: ExperimentSettings, tmp_path: Path, fewest: object
) -> None:
    family = copytree(Path(settings.family), tmp_path / "family")
    jobs = plan(settings, family)
    (family / "base.safetensors").write_bytes((family / "aesthetic-mild.safetensors").read_bytes())
    (tmp_path / "jobs").mkdir()
    with pytest.raises(WeightsMismatch, match="changed"):
        jobs_module.do_job(jobs[0], jobs_module.Shop(family, tmp_path / "jobs"))
