from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest

from fauve.errors import ConfigError
from fauve.lab.experiments.settings import KNOBS, ExperimentSettings, RewardSettings, read_experiment

EXAMPLES = Path(__file__).parents[3] / "examples" / "lab"


def read(tmp_path: Path, text: str) -> ExperimentSettings:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    return read_experiment(path)


@pytest.mark.parametrize("path", sorted(p for p in EXAMPLES.glob("*.toml") if p.stem != "recipe"), ids=lambda p: p.stem)
def test_every_example_is_an_experiment_of_its_own_name(path: Path) -> None:
    settings = read_experiment(path)
    assert settings.name == path.stem
    assert settings.question.endswith("?")
    assert len(settings.seeds) >= 5


def test_examples_that_say_what_the_grid_has_share_its_trainings() -> None:
    grid = read_experiment(EXAMPLES / "grid.toml")
    for path in EXAMPLES.glob("*.toml"):
        if path.stem in {"recipe", "paper", "grid", "high-rate"}:
            continue
        other = read_experiment(path)
        assert other.rewards["universal"] == grid.rewards["universal"], path.stem
        assert other.alignment == grid.alignment, path.stem


def test_the_grid_is_the_whole_one() -> None:
    arm = read_experiment(EXAMPLES / "grid.toml").arms[0]
    assert set(arm.rewards) == {"universal", "plural", "matcher", "placebo"}
    assert arm.anti_share == (0.0, 0.5)
    assert arm.kl == (0.0, 0.01, 0.05, 0.5)


def test_one_line_changes_one_reward_and_leaves_the_built_in_ones(tmp_path: Path) -> None:
    settings = read(tmp_path, 'name = "x"\n[rewards.plural]\nfidelity = 2.5\n')
    assert settings.rewards["plural"].fidelity == 2.5
    assert settings.rewards["plural"].plural
    assert settings.rewards["plural"].coverage == 0.5
    assert settings.rewards["universal"] == RewardSettings()
    assert read(tmp_path, 'name = "x"\n').rewards["placebo"].kind == "placebo"


def test_knobs_are_those_of_the_annotators_with_their_defaults() -> None:
    pytest.importorskip("torch")
    reward = import_module("fauve.lab.training.reward")
    assert {*KNOBS, "plural"} == set(asdict(reward.UNIVERSAL.annotators))
    built_in = ExperimentSettings(name="x").rewards
    for name, recipe in (("universal", reward.UNIVERSAL), ("plural", reward.PLURAL)):
        ours = built_in[name]
        assert {k: getattr(ours, k) for k in (*KNOBS, "plural")} == asdict(recipe.annotators)
        assert ours.comparisons == recipe.comparisons
        assert (ours.steps, ours.rate, ours.batch) == (
            recipe.schedule.steps,
            recipe.schedule.rate,
            recipe.schedule.batch,
        )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[rewards.universal]\nfidelty = 1", "did you mean 'fidelity'"),
        ("[alignment]\nstep = 1", "'steps'"),
        ("sedes = [1]", "'seeds'"),
        ('[[arms]]\nrewards = ["univrsal"]', "no reward called 'univrsal'"),
        ('[[arms]]\nrewards = ["knobs"]', "no [knobs]"),
        ('[[arms]]\nrewards = ["universal"]\nmethod = "dpo"\nkl = [0.1]', "DPO has no KL weight"),
        ("[knobs]\nof = 'placebo'\nfidelity = [1.0]", "no annotators taught"),
        ("seeds = [1, 1]", "different numbers"),
        ("[rewards.universal]\ndissenters = 1.5", "rewards.universal.dissenters"),
        ("[rewards.x]\nkind = 'mixture'", "parts"),
        ("[[arms]]\nrewards = ['placebo']\nanti_share = [2.0]", "0 to 1"),
        ("x = [", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, f'name = "x"\n{text}\n')
    assert told.lower() in str(error.value).lower()
    assert "x.toml" in str(error.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no experiment"):
        read_experiment(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fidelity = [-6.0]", r"fidelity = -6 is no setting of a reward: .*greater than or equal to 0"),
        ("agreement = [1.5]", r"agreement = 1\.5 is no setting of a reward: .*less than or equal to 1"),
        ("fidelity = 6.0", r"knobs\.fidelity: a list is wanted, in square brackets \(got 6\.0\)"),
    ],
)
def test_a_knob_that_no_reward_takes_is_refused_before_anything_is_trained(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, f'name = "x"\n[knobs]\nof = "universal"\n{text}\n')
