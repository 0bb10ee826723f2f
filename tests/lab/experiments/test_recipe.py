from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from fauve.errors import ConfigError
from fauve.lab.experiments.recipe import read_recipe
from fauve.lab.training.family import FamilyRecipe

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab" / "recipe.toml"


def read(tmp_path: Path, text: str) -> FamilyRecipe:
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    return read_recipe(path)


def test_nothing_named_is_what_ships(tmp_path: Path) -> None:
    assert read(tmp_path, "") == FamilyRecipe()


def test_the_example_changes_what_it_names_alone() -> None:
    changed, shipped = read_recipe(EXAMPLE), FamilyRecipe()
    assert changed.universal.annotators.fidelity == 2.5
    assert changed.base == shipped.base
    assert changed.plural_reward == shipped.plural_reward
    assert changed.universal.schedule == shipped.universal.schedule


def test_numbers_and_lists_take_the_kind_that_the_recipe_has(tmp_path: Path) -> None:
    changed = read(tmp_path, "[aesthetic]\nstops = [1, 2.5]\nkl_weight = 0\n")
    assert changed.aesthetic.stops == (1, 2.5)
    assert isinstance(changed.aesthetic.kl_weight, float)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[bas]\nseed = 1", "'base'"),
        ("[base]\nsed = 1", "'seed'"),
        ("base = 1", "table"),
        ('[base]\nseed = "x"', "int"),
        ("x = [", "not TOML"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert told in str(error.value)
