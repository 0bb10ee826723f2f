"""Simulated annotators: whose taste the reward models learn. The taste is written here, by us, and found nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.lab.training.loop import rng_at
from fauve.lab.truth import honoured, levels
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["Annotators", "Panel", "panel", "utilities"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Annotators:
    """A panel and how its votes are used: the independent variables of the lab. Change one at a time.

    Attributes:
        people: in the panel.
        raters: of the panel, drawn at random, who see each comparison. If all saw all, one dissenter in ten would veto
            every verdict of taste, and an agreement of 0.95 would keep hardly anything.
        dissenters: share of the panel that prefers the low end of every dimension, rounded to people.
        fidelity: what each request that is not met costs, in units of one level of one dimension. Below 1 the
            majority forgives a picture that ignores the prompt and is prettier for it.
        agreement: smallest share of the raters on one side for a comparison to be kept; 0.5 keeps all.
        coverage: share of comparisons whose prompt asks for low ends. Prompts of users rarely do.
        noise: standard deviation of what an annotator's mood adds to a utility.
        spread: standard deviation of an annotator's weight of a dimension, around 1.
        plural: learn one reward for each group (conventional, dissenting) instead of one for all.
    """

    people: int = 20
    raters: int = 7
    dissenters: float = 0.12
    fidelity: float = 0.8
    agreement: float = 0.95
    coverage: float = 0.08
    noise: float = 1.0
    spread: float = 0.35
    plural: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Weights of each annotator on each dimension (people, 11) and the group of each (0 conventional, 1 dissenting)."""

    weights: Floats
    groups: Ints


def panel(annotators: Annotators, seed: int) -> Panel:
    """The people of a panel. The same seed gives the same people at any share of dissenters, the last ones turned."""
    shape = (annotators.people, len(PROMPT_DIMENSIONS))
    weights = rng_at(seed, 1).normal(1.0, annotators.spread, shape)
    groups = np.zeros(annotators.people, np.int64)
    turned = round(annotators.dissenters * annotators.people)
    if turned:
        weights[-turned:] *= -1
        groups[-turned:] = 1
    return Panel(weights, groups)


def utilities(people: Panel, annotators: Annotators, scenes: Ints, requests: Ints, rng: np.random.Generator) -> Floats:
    """What each picture is worth to each annotator under its prompt, (n, people).

    u = Σ_d w_d · (level_d − 1) − fidelity · requests not met + noise.
    """
    taste = (levels(scenes) - 1) @ people.weights.T
    missed = (~honoured(scenes, requests)).filled(False).sum(1)
    mood = rng.normal(0.0, annotators.noise, taste.shape)
    return np.asarray(taste - annotators.fidelity * missed[:, None] + mood, np.float64)
