"""What a trained family can do, in one table of figures: gates first, and void where one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fauve.lab.captions import LabPair, draw_pairs
from fauve.lab.inference.encoders import attributes, judge, trunk_features
from fauve.lab.inference.weights_io import Arrays, read_weights
from fauve.lab.scene import FACE, INDEX, SIZES, SLOTS, draw_scenes
from fauve.lab.training.evaluate import PairScenes, classify, controlled_pairs, draw_pair_scenes, report
from fauve.lab.training.family import GENERATORS, family_path
from fauve.lab.training.gates import base_gate, placebo_gate
from fauve.lab.training.grpo import Reward
from fauve.lab.training.loop import rng_at
from fauve.lab.training.rewards_at_work import matching_reward, placebo_reward, preference_reward
from fauve.lab.training.world_batches import pictures_of
from fauve.lab.truth import levels
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["encoder_accuracy", "family_scorers", "measure_family"]


def family_scorers(weights: Mapping[str, Arrays]) -> dict[str, Reward]:
    """The scorers of a family by name; ``plural`` gives every group of annotators one voice."""
    trunk = weights["trunk"]
    return {
        "matcher": matching_reward(trunk, weights["matcher"]),
        "universal": preference_reward(trunk, weights["universal"]),
        "plural": preference_reward(trunk, weights["plural-reward"]),
        "placebo": placebo_reward(0),
    }


def encoder_accuracy(trunk: Arrays, judging: Arrays, pictures: int = 1500, seed: int = 0) -> dict[str, Any]:
    """Share of right answers on pictures of the world that neither encoder was trained on; emotions among faces."""
    rng = rng_at(seed, 41)
    scenes = draw_scenes(rng, pictures)
    seen = pictures_of(scenes, rng.integers(0, 2**31, pictures))
    face = scenes[:, INDEX["subject"]] == FACE
    read = [
        part.argmax(1) == scenes[:, s] for s, part in enumerate(attributes(trunk, trunk_features(trunk, seen), SIZES))
    ]
    answers = judge(judging, seen)
    right = answers.levels.argmax(2) == levels(scenes)
    judged = {name: float(share) for name, share in zip(PROMPT_DIMENSIONS, right.mean(0), strict=True)}
    judged["subject"] = float((answers.subjects.argmax(1) == scenes[:, INDEX["subject"]]).mean())
    judged["emotion of faces"] = float((answers.emotions.argmax(1) == scenes[:, INDEX["emotion"]])[face].mean())
    trunk_shares = {
        slot.name: float((hit[face] if slot.name == "emotion" else hit).mean())
        for slot, hit in zip(SLOTS, read, strict=True)
    }
    return {"trunk": trunk_shares, "judge": judged}


def measure_family(folder: Path, pairs: int = 300, seed: int = 0) -> dict[str, Any]:
    """Gates, reports of all generators and choices of all scorers of the family in a folder.

    ``void`` lists the gates that failed; nothing may be claimed from the other figures unless it is empty.

    Raises:
        WeightsMissing: a step of the family has not been trained.
    """
    files = (*GENERATORS, "trunk", "judge", "matcher", "universal", "plural-reward")
    weights = {name: read_weights(family_path(folder, name)).arrays for name in files}
    asked = draw_pairs(pairs, seed)
    base = weights["base"]
    scenes = {name: draw_pair_scenes(weights[name], asked, seed) for name in GENERATORS}
    generators = {name: asdict(report(weights[name], base, asked, scenes[name], seed)) for name in GENERATORS}
    gates = (
        base_gate(base, seed),
        placebo_gate(generators["base"]["honoured"], generators["placebo"]["honoured"]),
    )
    scorers = family_scorers(weights)
    return {
        "gates": [asdict(gate) for gate in gates],
        "void": [str(gate) for gate in gates if not gate.passed],
        "generators": generators,
        "choices_base_pairs": _choices(scorers, asked, scenes["base"], seed, alike=False),
        "choices_controlled": _choices(scorers, asked, controlled_pairs(asked, seed), seed, alike=True),
        "encoders": encoder_accuracy(weights["trunk"], weights["judge"], seed=seed),
    }


def _choices(
    scorers: Mapping[str, Reward], pairs: Sequence[LabPair], scenes: PairScenes, seed: int, *, alike: bool
) -> dict[str, Any]:
    return {name: asdict(classify(scorer, pairs, scenes, seed, alike=alike)) for name, scorer in scorers.items()}
