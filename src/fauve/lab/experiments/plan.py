"""From settings to jobs: every arm and seed, each with the key of everything that can change what comes of it.

A job's key is made of its own settings and the keys of the jobs that it needs, down to the hashes of the family's
files. Labels, which only say how a table calls it, are no part of it, so experiments share what they have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Literal

from fauve.errors import UnknownName, WeightsMissing
from fauve.keys import digest
from fauve.lab.experiments.settings import KNOBS, ArmSettings, ExperimentSettings, RewardSettings
from fauve.lab.inference import read_weights

__all__ = ["VERSION", "FamilyFiles", "Job", "Kind", "plan", "reward_names"]

VERSION = 1
"""Rises when code changes what the same settings give."""

Kind = Literal["pool", "reward", "choose", "align", "ask"]


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        kind: ``pool`` draws the pictures that annotators see, ``reward`` trains a reward model, ``choose`` has a scorer
            choose between pictures, ``align`` aligns a generator, ``ask`` evaluates one.
        settings: everything of its own that can change the result, as JSON.
        needs: keys of other jobs, by the part that they play.
        label: how findings call it.
        seed: training seed, None where nothing is trained by seeds.
    """

    kind: Kind
    settings: Mapping[str, Any]
    needs: Mapping[str, str] = field(default_factory=dict)
    label: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None

    @cached_property
    def key(self) -> str:
        """Address of the result."""
        return digest(
            {"version": VERSION, "kind": self.kind, "settings": dict(self.settings), "needs": dict(self.needs)}
        )


@dataclass(frozen=True)
class FamilyFiles:
    """A folder of trained weights, and the hash of each file that an experiment reads."""

    folder: Path

    def __call__(self, name: str) -> dict[str, str]:
        """``{name: sha256}``; raises WeightsMissing with what to do."""
        try:
            return {name: read_weights(self.folder / f"{name}.safetensors").sha256}
        except WeightsMissing:
            there = sorted(p.stem for p in self.folder.glob("*.safetensors"))
            if there:
                raise UnknownName(f"file of the family in {self.folder}", name, there) from None
            raise WeightsMissing(
                f"{self.folder} holds no family. Train one with `fauve lab train --out DIR` and name it as `family`."
            ) from None


def reward_names(settings: ExperimentSettings) -> dict[str, tuple[RewardSettings, dict[str, str]]]:
    """Every reward of an experiment by name, with its labels: those of the file, and the variants of [knobs]."""
    found = {name: (reward, {"reward": name}) for name, reward in settings.rewards.items()}
    if settings.knobs:
        of = settings.knobs.of
        for knob, value in settings.knobs.turned():
            changed = settings.rewards[of].model_copy(update={knob: value})
            found[f"{of}, {knob} {value:g}"] = (changed, {"reward": of, "knob": knob, "value": f"{value:g}"})
    return found


def plan(settings: ExperimentSettings, family: Path) -> list[Job]:
    """All jobs in an order in which each comes after what it needs; all arms of one seed before the next seed.

    Raises:
        WeightsMissing, UnknownName: the family lacks a file that is needed.
    """
    planner = _Planner(settings, FamilyFiles(family))
    jobs: dict[str, Job] = {}
    for job in planner.jobs():
        jobs.setdefault(job.key, job)
    return list(jobs.values())


class _Planner:
    def __init__(self, settings: ExperimentSettings, files: FamilyFiles) -> None:
        self.settings, self.files = settings, files
        self.rewards = reward_names(settings)
        self.asked = {"pairs": settings.evaluation.pairs, "seed": settings.evaluation.seed}
        self.asked["emotion_draws"] = settings.evaluation.emotion_draws
        self.base = files("base")

    def jobs(self) -> Iterator[Job]:
        yield self._ask(self.base, {}, {"generator": "base"}, None)
        yield from self._members()
        taught = self._taught()
        if taught:
            yield self._pool()
        for seed in self.settings.seeds:
            for name in taught:
                reward = self._reward(name, seed)
                yield reward
                yield self._choose(
                    {**self.files("trunk"), **self.base}, {"scorer": reward.key}, self.rewards[name][1], seed
                )
            for arm in self.settings.arms:
                yield from self._arm(arm, seed)

    def _taught(self) -> list[str]:
        """Rewards of preferences that an arm raises, or that [knobs] asks about."""
        names = [name for arm in self.settings.arms for name in self._arm_rewards(arm)]
        names += [part for name in names for part in self.rewards[name][0].parts]
        if self.settings.knobs:
            names += [self.settings.knobs.of, *(n for n, (_, label) in self.rewards.items() if "knob" in label)]
        return [n for n in dict.fromkeys(names) if self.rewards[n][0].kind == "preferences"]

    def _arm_rewards(self, arm: ArmSettings) -> list[str]:
        turned = [name for name, (_, label) in self.rewards.items() if "knob" in label]
        return [name for asked in arm.rewards for name in (turned if asked == "knobs" else [asked])]

    def _pool(self) -> Job:
        return Job("pool", {"files": self.files("trunk"), "pictures": self.settings.pool})

    def _reward(self, name: str, seed: int) -> Job:
        reward, label = self.rewards[name]
        knobs = reward.model_dump(exclude={"kind", "parts", "group"})
        files = {**self.files("trunk"), **self.files("matcher")}
        return Job("reward", {"files": files, **knobs, "seed": seed}, {"pool": self._pool().key}, label, seed)

    def _choose(
        self, files: Mapping[str, str], needs: Mapping[str, str], label: Mapping[str, str], seed: int | None
    ) -> Job:
        return Job("choose", {"files": dict(files), **self.asked}, needs, label, seed)

    def _arm(self, arm: ArmSettings, seed: int) -> Iterator[Job]:
        steps = arm.steps or (self.settings.alignment.steps,)
        for name, share, kl, count in product(self._arm_rewards(arm), arm.anti_share, arm.kl, steps):
            label = {**self.rewards[name][1], "method": arm.method}
            if arm.method == "grpo":
                label |= {"anti": f"{share:g}", "kl": f"{kl:g}"}
            if arm.steps:
                label["steps"] = str(count)
            job = self._grpo(name, share, kl, count, seed) if arm.method == "grpo" else self._dpo(name, seed)
            yield Job(job.kind, job.settings, job.needs, label, seed)
            yield self._ask(self.base, {"generator": job.key}, label, seed)
            for steering, words in _steerings(arm.dial, arm.plain_guidance, arm.negative_guidance):
                yield self._ask({**self.base}, {"generator": job.key}, {**label, **words}, seed, steering)

    def _grpo(self, name: str, share: float, kl: float, steps: int, seed: int) -> Job:
        shape = self.settings.alignment
        recipe = {"steps": steps, "prompts": shape.prompts, "group": shape.group, "rate": shape.rate}
        recipe |= {"probe": shape.probe, "anti_share": share, "kl": kl, "seed": seed}
        reward, files, needs = self._spec(name, seed)
        return Job("align", {"method": "grpo", **recipe, "reward": reward, "files": {**self.base, **files}}, needs)

    def _dpo(self, name: str, seed: int) -> Job:
        shape, reward = self.settings.alignment, self.rewards[name][0]
        recipe = {k.removeprefix("dpo_"): v for k, v in shape.model_dump().items() if k.startswith("dpo_")}
        panel = reward.model_dump(include={name for name in KNOBS})
        return Job("align", {"method": "dpo", **recipe, "panel": panel, "seed": seed, "files": self.base})

    def _spec(self, name: str, seed: int) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        """What a reward is at work: its description, the family's files that it reads, the jobs that it needs."""
        reward = self.rewards[name][0]
        if reward.kind == "placebo":
            return {"kind": "placebo"}, {}, {}
        if reward.kind == "matcher":
            return {"kind": "matcher"}, {**self.files("trunk"), **self.files("matcher")}, {}
        if reward.kind == "preferences":
            spec: dict[str, Any] = {"kind": "preferences", "group": reward.group, "model": name}
            return spec, self.files("trunk"), {name: self._reward(name, seed).key}
        parts: list[dict[str, Any]] = []
        files: dict[str, str] = {}
        needs: dict[str, str] = {}
        for part, weight in reward.parts.items():
            inner, its_files, its_needs = self._spec(part, seed)
            parts.append({"weight": weight, "reward": inner})
            files |= its_files
            needs |= its_needs
        return {"kind": "mixture", "parts": parts}, files, needs

    def _ask(
        self,
        files: Mapping[str, str],
        needs: Mapping[str, str],
        label: Mapping[str, str],
        seed: int | None,
        steering: Mapping[str, Any] | None = None,
        member: str = "base",
    ) -> Job:
        settings = {"files": dict(files), "member": member, **self.asked, "steering": dict(steering or {})}
        return Job("ask", settings, needs, label, seed)

    def _members(self) -> Iterator[Job]:
        members = self.settings.members
        generators = [name for name in members.generators if name != "base"]
        for name in generators:
            yield self._ask({**self.base, **self.files(name)}, {}, {"generator": name}, None, member=name)
        asks = {name: {**self.base, **self.files(name)} for name in ("base", *generators)}
        pooled = {key: sha for files in asks.values() for key, sha in files.items()}
        for name in members.scorers:
            files = {**self.files("trunk"), **self.files(name), **pooled}
            job = self._choose(files, {}, {"scorer": name}, None)
            yield Job(job.kind, {**job.settings, "scorer": name, "generators": generators}, {}, job.label)
        if members.steered:
            files = {**self.base, **self.files(members.steered)}
            label = {"generator": members.steered}
            for steering, words in _steerings(members.dial, members.plain_guidance, members.negative_guidance):
                yield self._ask(files, {}, {**label, **words}, None, steering, members.steered)


def _steerings(
    dial: tuple[float, ...], plain: tuple[float, ...], negative: tuple[float, ...]
) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Each way of steering as settings and as labels."""
    for value in dial:
        yield {"dial": value}, {"steering": "dial", "strength": f"{value:g}"}
    for name, strengths in (("plain guidance", plain), ("negative guidance", negative)):
        for value in strengths:
            guided = {"strength": value, "negative": name.startswith("negative")}
            yield guided, {"steering": name, "strength": f"{value:g}"}
