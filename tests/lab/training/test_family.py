from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from fauve.errors import UnknownName
from fauve.lab.inference import read_weights
from fauve.lab.training import family
from fauve.lab.training.base import BaseRecipe
from fauve.lab.training.encoders import EncoderRecipe
from fauve.lab.training.family import GENERATORS, STEPS, FamilyRecipe, family_path, train_family
from fauve.lab.training.grpo import GrpoRecipe
from fauve.lab.training.loop import Schedule
from fauve.lab.training.matching import MatcherRecipe, PoolRecipe
from fauve.lab.training.measures import measure_family
from fauve.lab.training.reward import PLURAL, UNIVERSAL


def few(steps: int = 2, batch: int = 8) -> Schedule:
    return Schedule(steps=steps, rate=1e-3, batch=batch, warmup=1)


def tiny() -> FamilyRecipe:
    grpo = GrpoRecipe(prompts=2, group=3, probe=8, schedule=few())
    encoder = EncoderRecipe(pictures=24, schedule=few())
    return FamilyRecipe(
        base=BaseRecipe(schedule=few()),
        trunk=encoder,
        judge=replace(encoder, seed=3),
        pool=PoolRecipe(pictures=80),
        matcher=MatcherRecipe(schedule=few()),
        universal=replace(UNIVERSAL, comparisons=200, schedule=few()),
        plural_reward=replace(PLURAL, comparisons=200, schedule=few()),
        aesthetic=replace(grpo, stops=(1e-9, 2e-9)),
        placebo=grpo,
        instruction=replace(grpo, anti_share=0.5),
        plural=replace(grpo, anti_share=0.5),
    )


def hashes(folder: Path) -> dict[str, str]:
    return {p.stem: read_weights(p).sha256 for p in sorted(folder.glob("*.safetensors"))}


@pytest.mark.slow
def test_the_whole_chain_repeats_and_resumes(tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []
    records = train_family(tiny(), tmp_path / "a", seen.append)
    assert [r["step"] for r in seen] == list(records) == list(STEPS)
    first = hashes(tmp_path / "a")
    assert set(GENERATORS) < set(first)
    assert len(set(first.values())) == len(first)

    # another run stops half-way and goes on: the same files
    train_family(tiny(), tmp_path / "b", only=("universal",))
    assert set(hashes(tmp_path / "b")) == {"trunk", "pool", "matcher", "universal"}
    again = train_family(tiny(), tmp_path / "b")
    assert hashes(tmp_path / "b") == first
    assert {name for name, record in again.items() if record["kept"]} == {"trunk", "pool", "matcher", "universal"}

    # a change trains again what depends on it, and nothing else
    changed = replace(tiny(), universal=replace(tiny().universal, seed=99))
    after = train_family(changed, tmp_path / "a")
    assert {name for name, record in after.items() if not record["kept"]} == {"universal", "aesthetic"}

    # a file that was lost or spoilt is made again
    family_path(tmp_path / "b", "base").unlink()
    repaired = train_family(tiny(), tmp_path / "b")
    assert {name for name, record in repaired.items() if not record["kept"]} == {"base"}
    assert hashes(tmp_path / "b") == first


def test_the_card_says_how_the_weights_were_made(tmp_path: Path) -> None:
    records = train_family(tiny(), tmp_path, only=("base",))
    card = read_weights(family_path(tmp_path, "base")).card
    assert card["settings"]["seed"] == tiny().base.seed
    assert card["key"] == records["base"]["key"]
    assert records["base"]["files"]["base"]["sha256"] == read_weights(family_path(tmp_path, "base")).sha256


@pytest.mark.slow
def test_two_processes_give_the_same_files(tmp_path: Path) -> None:
    train_family(tiny(), tmp_path / "one", only=("base", "trunk"))
    train_family(tiny(), tmp_path / "two", only=("base", "trunk"), workers=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_a_step_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="universal"):
        train_family(tiny(), tmp_path, only=("univrsal",))


def test_the_measures_of_an_untrained_family_are_void(tmp_path: Path) -> None:
    train_family(tiny(), tmp_path)
    found = measure_family(tmp_path, pairs=24)
    assert len(found["void"]) >= 1
    assert "VOID" in found["void"][0]
    assert set(found["generators"]) == set(GENERATORS)
    assert found["generators"]["base"]["kl_anti"] == pytest.approx(0, abs=1e-5)
    assert set(found["choices_controlled"]) == {"matcher", "universal", "plural", "placebo"}
    assert found["choices_controlled"]["placebo"]["n"] == 24
    assert 0 <= found["encoders"]["judge"]["subject"] <= 0.6


def test_another_world_is_another_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_family(tiny(), tmp_path, only=("base",))
    assert train_family(tiny(), tmp_path, only=("base",))["base"]["kept"]
    monkeypatch.setattr(family, "world_fingerprint", lambda: "repainted")
    assert not train_family(tiny(), tmp_path, only=("base",))["base"]["kept"]
