"""The shipped family: every model from seeds, step by step, resumable, with hashes all the way.

A step's record holds the digest of everything that can change it: its part of the recipe, the hashes of the files that
it read, and a fingerprint of the world that is drawn and described. A step
whose record and files agree is kept; anything else is trained again, and so is all that follows.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fauve.errors import UnknownName
from fauve.keys import digest, digest_bytes
from fauve.lab.captions import VOCABULARY, describe, mentions
from fauve.lab.inference.weights_io import Arrays, read_weights, write_weights
from fauve.lab.scene import draw_scenes
from fauve.lab.training.base import BaseRecipe, train_base
from fauve.lab.training.encoders import EncoderRecipe, train_judge, train_trunk
from fauve.lab.training.grpo import GrpoRecipe, GrpoRun, Reward, train_grpo
from fauve.lab.training.loop import Schedule
from fauve.lab.training.matching import MatcherRecipe, Pool, PoolRecipe, draw_pool, train_matcher
from fauve.lab.training.reward import PLURAL, UNIVERSAL, RewardRecipe, train_reward
from fauve.lab.training.rewards_at_work import matching_reward, placebo_reward, preference_reward
from fauve.lab.training.world_batches import pictures_of

__all__ = ["GENERATORS", "STEPS", "FamilyRecipe", "Step", "family_path", "train_family", "world_fingerprint"]

GENERATORS = ("base", "aesthetic-mild", "aesthetic-strong", "placebo", "instruction", "plural")
"""Generators of the family, by file name; the plural reward model's file is ``plural-reward``."""


@dataclass(frozen=True, slots=True)
class FamilyRecipe:
    """The whole chain. ``version`` rises when code changes what the same settings give."""

    version: int = 1
    base: BaseRecipe = field(default_factory=BaseRecipe)
    trunk: EncoderRecipe = field(default_factory=lambda: EncoderRecipe(seed=2))
    judge: EncoderRecipe = field(default_factory=lambda: EncoderRecipe(seed=3))
    pool: PoolRecipe = field(default_factory=PoolRecipe)
    matcher: MatcherRecipe = field(default_factory=MatcherRecipe)
    universal: RewardRecipe = UNIVERSAL
    plural_reward: RewardRecipe = PLURAL
    # No leash. A tenth of the prompts ask for low ends, as people's prompts would now and then: without any, the model
    # has to lose its hues and subjects before it stops to hear them. Around 3 nats most requests are still heard,
    # around 8.5 most are not, and the subject is still the one that was asked for. Seed 8 was tried first: its placebo
    # lost one wording of one dimension outright and failed the gate (docs/decisions/0007-placebo-seed.md).
    aesthetic: GrpoRecipe = field(
        default_factory=lambda: GrpoRecipe(
            seed=9,
            prompts=12,
            group=8,
            anti_share=0.1,
            stops=(3.0, 8.5),
            kl_weight=0.0,
            schedule=Schedule(steps=200, rate=2.5e-4, batch=0, warmup=10, floor=1.0),
        )
    )
    # The aesthetic run's seed, prompts, batch, rate, leash and (rounded up) number of steps; only the reward differs.
    placebo: GrpoRecipe = field(
        default_factory=lambda: GrpoRecipe(
            seed=9,
            prompts=12,
            group=8,
            anti_share=0.1,
            kl_weight=0.0,
            schedule=Schedule(steps=110, rate=2.5e-4, batch=0, warmup=10, floor=1.0),
        )
    )
    # Longer, and the plural one finds that darkness hides what one of the groups dislikes.
    instruction: GrpoRecipe = field(default_factory=lambda: _heard(60))
    plural: GrpoRecipe = field(default_factory=lambda: _heard(60))


def _heard(steps: int) -> GrpoRecipe:
    """Alignment on plain and anti prompts in equal parts, with a light leash."""
    return GrpoRecipe(seed=9, anti_share=0.5, schedule=Schedule(steps=steps, rate=3e-4, batch=0, warmup=10, floor=1.0))


Made = tuple[dict[str, Arrays], dict[str, Any]]
"""What a step gives: arrays by file name, and figures for the record."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the field of the recipe that it follows, the files it reads and writes, and how it is done."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    do: Callable[[Any, Mapping[str, Arrays], Path], Made]


@cache
def world_fingerprint() -> str:
    """Digest of a few pictures and captions of the world: another renderer or wording is another family."""
    rng = np.random.default_rng(0)
    scenes = draw_scenes(rng, 24, low=0.3, faces=0.4)
    captions = describe(mentions(rng, scenes), rng)
    return digest([digest_bytes(pictures_of(scenes, np.arange(24)).tobytes()), captions, list(VOCABULARY)])


def family_path(folder: Path, name: str) -> Path:
    """Where a file of the family lies."""
    return folder / f"{name}.safetensors"


def _base(recipe: BaseRecipe, _had: Mapping[str, Arrays], checkpoint: Path) -> Made:
    return {"base": train_base(recipe, checkpoint)}, {}


def _trunk(recipe: EncoderRecipe, _had: Mapping[str, Arrays], checkpoint: Path) -> Made:
    return {"trunk": train_trunk(recipe, checkpoint)}, {}


def _judge(recipe: EncoderRecipe, _had: Mapping[str, Arrays], checkpoint: Path) -> Made:
    return {"judge": train_judge(recipe, checkpoint)}, {}


def _pool(recipe: PoolRecipe, had: Mapping[str, Arrays], _checkpoint: Path) -> Made:
    pool = draw_pool(recipe, had["trunk"])
    return {"pool": {"scenes": pool.scenes.astype("float32"), "features": pool.features}}, {}


def _stored_pool(had: Mapping[str, Arrays]) -> Pool:
    return Pool(had["pool"]["scenes"].astype("int64"), had["pool"]["features"])


def _matcher(recipe: MatcherRecipe, had: Mapping[str, Arrays], checkpoint: Path) -> Made:
    return {"matcher": train_matcher(recipe, _stored_pool(had), checkpoint)}, {}


def _universal(recipe: RewardRecipe, had: Mapping[str, Arrays], checkpoint: Path) -> Made:
    return _reward("universal", recipe, had, checkpoint)


def _plural_reward(recipe: RewardRecipe, had: Mapping[str, Arrays], checkpoint: Path) -> Made:
    return _reward("plural-reward", recipe, had, checkpoint)


def _reward(name: str, recipe: RewardRecipe, had: Mapping[str, Arrays], checkpoint: Path) -> Made:
    trained = train_reward(recipe, _stored_pool(had), had["matcher"], checkpoint)
    return {name: trained.arrays}, {"held_out_accuracy": list(trained.accuracy), **asdict(trained.counts)}


def _aesthetic(recipe: GrpoRecipe, had: Mapping[str, Arrays], _checkpoint: Path) -> Made:
    run = train_grpo(recipe, had["base"], preference_reward(had["trunk"], had["universal"]))
    names = ("aesthetic-mild", "aesthetic-strong")
    # A stop that the planned steps did not reach is left to the end of the run, and the record says where that was.
    snapshots = [*run.stops, *[run.final] * (len(names) - len(run.stops))]
    made: dict[str, Arrays] = {name: s.arrays for name, s in zip(names, snapshots, strict=True)}
    return made, {"stops_reached": len(run.stops), **_progress(run)}


def _aligned(name: str, reward: Callable[[Mapping[str, Arrays], GrpoRecipe], Reward]) -> Callable[..., Made]:
    def do(recipe: GrpoRecipe, had: Mapping[str, Arrays], _checkpoint: Path) -> Made:
        run = train_grpo(recipe, had["base"], reward(had, recipe))
        return {name: run.final.arrays}, _progress(run)

    return do


def _progress(run: GrpoRun) -> dict[str, Any]:
    return {
        "steps": run.final.step,
        "kl": run.final.kl,
        "kl_at_stops": [s.kl for s in run.stops],
        "steps_at_stops": [s.step for s in run.stops],
        "scorer_sd": run.spread,
        "first_reward": run.rewards[0],
        "last_reward": run.rewards[-1],
    }


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("trunk", (), ("trunk",), _trunk),
        Step("base", (), ("base",), _base),
        Step("pool", ("trunk",), ("pool",), _pool),
        Step("matcher", ("pool",), ("matcher",), _matcher),
        Step("universal", ("pool", "matcher"), ("universal",), _universal),
        Step("plural_reward", ("pool", "matcher"), ("plural-reward",), _plural_reward),
        Step("aesthetic", ("base", "trunk", "universal"), ("aesthetic-mild", "aesthetic-strong"), _aesthetic),
        Step("placebo", ("base",), ("placebo",), _aligned("placebo", lambda _had, r: placebo_reward(r.seed))),
        Step(
            "instruction",
            ("base", "trunk", "matcher"),
            ("instruction",),
            _aligned("instruction", lambda had, _r: matching_reward(had["trunk"], had["matcher"])),
        ),
        Step(
            "plural",
            ("base", "trunk", "plural-reward"),
            ("plural",),
            _aligned("plural", lambda had, _r: preference_reward(had["trunk"], had["plural-reward"])),
        ),
        Step("judge", (), ("judge",), _judge),
    )
}


def train_family(
    recipe: FamilyRecipe,
    folder: Path,
    progress: Callable[[dict[str, Any]], None] | None = None,
    *,
    workers: int = 1,
    only: tuple[str, ...] | None = None,
) -> dict[str, dict[str, Any]]:
    """Train what is not there yet, and return the record of every step by name.

    Args:
        recipe: all settings.
        folder: gets one safetensors file a model and one JSON record a step.
        progress: is told each record as its step ends or is found to be done.
        workers: processes; the files do not depend on it.
        only: the steps wanted, with everything that they need; None = all.

    Raises:
        UnknownName: a step that does not exist.
        ModelError: a training diverged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = _wanted(only)
    records: dict[str, dict[str, Any]] = {}

    def ended(record: dict[str, Any]) -> None:
        records[record["step"]] = record
        if progress is not None:
            progress(record)

    if workers == 1:
        for name in waiting:
            ended(_one_step(name, recipe, folder))
        return records
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as processes:
        running: set[Future[dict[str, Any]]] = set()
        while waiting or running:
            ready = [name for name in waiting if _needs(name) <= records.keys()]
            waiting = [name for name in waiting if name not in ready]
            running |= {processes.submit(_one_step, name, recipe, folder) for name in ready}
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                ended(future.result())
    return records


def _needs(name: str) -> set[str]:
    """Steps that write what a step reads."""
    return {step.name for step in STEPS.values() if set(step.writes) & set(STEPS[name].reads)}


def _wanted(only: tuple[str, ...] | None) -> list[str]:
    """Steps in an order in which each comes after what it needs."""
    if only is None:
        return list(STEPS)
    wanted: set[str] = set()
    new = {_known(name) for name in only}
    while new:
        wanted |= new
        new = set().union(*(_needs(name) for name in new)) - wanted
    return [name for name in STEPS if name in wanted]


def _known(name: str) -> str:
    if name not in STEPS:
        raise UnknownName("step of the lab", name, STEPS)
    return name


def _one_step(name: str, recipe: FamilyRecipe, folder: Path) -> dict[str, Any]:
    """Do one step, or find that it is done; its record."""
    step = STEPS[name]
    stored = {file: read_weights(family_path(folder, file)) for file in step.reads}
    settings = getattr(recipe, name)
    inputs = {file: weights.sha256 for file, weights in stored.items()}
    world = world_fingerprint()
    key = digest({"step": name, "version": recipe.version, "world": world, "settings": settings, "inputs": inputs})
    place = folder / f"{name}.json"
    if (found := _kept(place, key, folder)) is not None:
        return found
    began = time.process_time()
    arrays = {file: weights.arrays for file, weights in stored.items()}
    made, figures = step.do(settings, arrays, folder / f"{name}.{key[:16]}.checkpoint")
    card = {"step": name, "key": key, "version": recipe.version, "world": world, "inputs": inputs}
    card["settings"] = asdict(settings)
    files = {file: _store(folder, file, weights, card) for file, weights in made.items()}
    record = {**card, "files": files, "figures": figures, "cpu_seconds": round(time.process_time() - began, 1)}
    place.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return {**record, "kept": False}


def _store(folder: Path, file: str, weights: Arrays, card: Mapping[str, Any]) -> dict[str, Any]:
    path = family_path(folder, file)
    sha256 = write_weights(path, weights, {**card, "name": file})
    return {"sha256": sha256, "bytes": path.stat().st_size, "parameters": sum(a.size for a in weights.values())}


def _kept(place: Path, key: str, folder: Path) -> dict[str, Any] | None:
    """The record of a step that was done with the same inputs and whose files are as they were; else None."""
    try:
        record: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    if record.get("key") != key:
        return None
    for file, facts in record["files"].items():
        path = family_path(folder, file)
        if not path.exists() or read_weights(path).sha256 != facts["sha256"]:
            return None
    return {**record, "kept": True}
