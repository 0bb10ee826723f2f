"""Doing one job: the only place of the experiments that trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fauve.errors import ConfigError, WeightsMismatch
from fauve.lab.experiments.choices import (
    Contrasts,
    Score,
    choose,
    contrasts_of_faces,
    contrasts_of_outcome,
    controlled,
)
from fauve.lab.experiments.outcomes import Steering, draw_outcome, pairs_of
from fauve.lab.experiments.plan import Job
from fauve.lab.experiments.settings import KNOBS
from fauve.lab.inference import Arrays, interpolate, match, read_weights, reward_for, write_weights
from fauve.lab.training.annotators import Annotators
from fauve.lab.training.dpo import DpoRecipe, train_dpo
from fauve.lab.training.grpo import GrpoRecipe, Reward, train_grpo
from fauve.lab.training.loop import Schedule
from fauve.lab.training.matching import Pool, PoolRecipe, draw_pool
from fauve.lab.training.preferences import draw_comparisons
from fauve.lab.training.reward import RewardRecipe, train_reward
from fauve.lab.training.rewards_at_work import matching_reward, placebo_reward, preference_reward

__all__ = ["FEWEST", "Shop", "do_job"]

FEWEST = 50
"""Comparisons that a filter must leave for a reward model to be trained on them."""


class Shop:
    """Where a job finds what it needs: the family's files and what other jobs made.

    Args:
        family: folder of the family.
        results: folder of weights and outcomes, by key.
    """

    def __init__(self, family: Path, results: Path) -> None:
        self.family, self.results = family, results

    def member(self, name: str, files: Mapping[str, str]) -> Arrays:
        """A file of the family, if it is still the one that was planned with.

        Raises:
            WeightsMismatch: it was changed since.
        """
        arrays, sha256 = _file(self.family / f"{name}.safetensors")
        if sha256 != files[name]:
            raise WeightsMismatch(f"{self.family / name}.safetensors changed while the experiment ran; start it again.")
        return arrays

    def made(self, key: str) -> Arrays:
        """Weights that another job made."""
        return _file(self.results / f"{key}.safetensors")[0]

    def place(self, key: str, kind: str) -> Path:
        """Where a result lies."""
        return self.results / f"{key}.{kind}"


@lru_cache(maxsize=24)
def _file(path: Path) -> tuple[Arrays, str]:
    stored = read_weights(path)
    return stored.arrays, stored.sha256


def do_job(job: Job, shop: Shop) -> dict[str, Any]:
    """Do a job, store what comes of it under its key, and return figures for its record.

    A job that cannot be done for a reason that is a result (a filter that leaves nothing) returns ``void`` with the
    reason.
    """
    return _WAYS[job.kind](job, shop)


def _pool(job: Job, shop: Shop) -> dict[str, Any]:
    pool = draw_pool(PoolRecipe(pictures=job.settings["pictures"]), shop.member("trunk", job.settings["files"]))
    arrays = {"scenes": pool.scenes.astype(np.float32), "features": pool.features}
    return {"sha256": write_weights(shop.place(job.key, "safetensors"), arrays, {"job": job.key})}


def _annotators(settings: Mapping[str, Any]) -> Annotators:
    return Annotators(**{name: settings[name] for name in (*KNOBS, "plural")})


def _reward(job: Job, shop: Shop) -> dict[str, Any]:
    s = job.settings
    stored = shop.made(job.needs["pool"])
    pool = Pool(stored["scenes"].astype(np.int64), stored["features"])
    recipe = RewardRecipe(
        seed=1000 + s["seed"],
        annotators=_annotators(s),
        comparisons=s["comparisons"],
        schedule=Schedule(steps=s["steps"], rate=s["rate"], batch=s["batch"]),
    )
    counts = draw_comparisons(recipe.annotators, pool.scenes, recipe.comparisons * 11 // 10, recipe.seed).counts
    if counts.kept < FEWEST:
        return {**asdict(counts), "void": f"the filter left {counts.kept} of {counts.drawn} comparisons to learn from"}
    trained = train_reward(recipe, pool, shop.member("matcher", s["files"]))
    write_weights(shop.place(job.key, "safetensors"), trained.arrays, {"job": job.key})
    return {"held_out_accuracy": list(trained.accuracy), **asdict(trained.counts)}


def _choose(job: Job, shop: Shop) -> dict[str, Any]:
    s = job.settings
    weights = shop.made(job.needs["scorer"]) if "scorer" in job.needs else shop.member(s["scorer"], s["files"])
    parts = {
        "base": _pictures(shop.family, s["files"]["trunk"], ("base", s["files"]["base"]), s["pairs"], s["seed"]),
        **_fixed(shop.family, s["files"]["trunk"], s["pairs"], s["seed"], s["emotion_draws"]),
    }
    for name in s.get("generators", ()):
        parts[name] = _pictures(shop.family, s["files"]["trunk"], (name, s["files"][name]), s["pairs"], s["seed"])
    choose(_score(weights), parts).write(shop.place(job.key, "npz"))
    return {}


def _score(weights: Arrays) -> Score:
    def of_match(features: NDArray[np.float32], tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        return match(weights, features, tokens)

    def of_reward(features: NDArray[np.float32], tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        return reward_for(weights, features, tokens)

    return of_match if "verdict.weight" in weights else of_reward


@lru_cache(maxsize=12)
def _pictures(family: Path, trunk_sha: str, member: tuple[str, str], pairs: int, seed: int) -> Contrasts:
    """Pairs of one generator of the family as the trunk sees them; the hashes only say what the cache holds."""
    weights, base = _file(family / f"{member[0]}.safetensors")[0], _file(family / "base.safetensors")[0]
    asked = pairs_of(pairs, seed)
    outcome = draw_outcome(weights, base, asked, seed, emotion_draws=1)
    trunk, _ = _file(family / "trunk.safetensors")
    return contrasts_of_outcome(trunk, asked, outcome, seed, f"pair: {member[0]}")


@lru_cache(maxsize=2)
def _fixed(family: Path, trunk_sha: str, pairs: int, seed: int, draws: int) -> Mapping[str, Contrasts]:
    trunk, _ = _file(family / "trunk.safetensors")
    return {
        "controlled": controlled(trunk, pairs_of(pairs, seed), seed),
        "faces": contrasts_of_faces(trunk, draws, seed),
    }


def _align(job: Job, shop: Shop) -> dict[str, Any]:
    s = job.settings
    base = shop.member("base", s["files"])
    if s["method"] == "dpo":
        schedule = Schedule(steps=s["steps"], rate=s["rate"], batch=s["batch"])
        made = train_dpo(
            DpoRecipe(3000 + s["seed"], Annotators(**s["panel"]), s["comparisons"], s["beta"], schedule), base
        )
        figures: dict[str, Any] = {}
    else:
        recipe = GrpoRecipe(
            seed=2000 + s["seed"],
            prompts=s["prompts"],
            group=s["group"],
            anti_share=s["anti_share"],
            kl_weight=s["kl"],
            probe=s["probe"],
            schedule=Schedule(steps=s["steps"], rate=s["rate"], batch=0, warmup=10, floor=1.0),
        )
        run = train_grpo(recipe, base, _reward_at_work(s["reward"], job, shop))
        made = run.final.arrays
        figures = {"kl": run.final.kl, "scorer_sd": run.spread, "rewards": [run.rewards[0], run.rewards[-1]]}
    write_weights(shop.place(job.key, "safetensors"), made, {"job": job.key})
    return figures


def _reward_at_work(spec: Mapping[str, Any], job: Job, shop: Shop) -> Reward:
    files = job.settings["files"]
    if spec["kind"] == "placebo":
        return placebo_reward(4000 + job.settings["seed"])
    if spec["kind"] == "matcher":
        return matching_reward(shop.member("trunk", files), shop.member("matcher", files))
    if spec["kind"] == "preferences":
        return preference_reward(shop.member("trunk", files), shop.made(job.needs[spec["model"]]), spec["group"])
    parts = [(part["weight"], _reward_at_work(part["reward"], job, shop)) for part in spec["parts"]]
    return _mixture(parts)


def _mixture(parts: Sequence[tuple[float, Reward]]) -> Reward:
    """A weighted sum of rewards, each in units of its own spread in the first batch: under pictures of the base."""
    units: list[float] = []

    def score(pictures: NDArray[np.uint8], prompts: Sequence[str]) -> NDArray[np.float64]:
        values = [np.asarray(reward(pictures, prompts), np.float64) for _, reward in parts]
        if not units:
            units.extend(float(v.std()) for v in values)
        if min(units) == 0:
            raise ConfigError("a part of the mixture gives all pictures of the base the same reward; leave it out")
        return np.asarray(sum(w * v / u for (w, _), v, u in zip(parts, values, units, strict=True)), np.float64)

    return score


def _ask(job: Job, shop: Shop) -> dict[str, Any]:
    s = job.settings
    base = shop.member("base", s["files"])
    weights = shop.made(job.needs["generator"]) if "generator" in job.needs else shop.member(s["member"], s["files"])
    how = dict(s["steering"])
    if (dial := how.pop("dial", None)) is not None:
        weights = interpolate(base, weights, dial)
    pairs = pairs_of(s["pairs"], s["seed"])
    steering = Steering(**how) if how else None
    outcome = draw_outcome(weights, base, pairs, s["seed"], emotion_draws=s["emotion_draws"], steering=steering)
    outcome.write(shop.place(job.key, "npz"))
    return {}


_WAYS = {"pool": _pool, "reward": _reward, "choose": _choose, "align": _align, "ask": _ask}
