"""Preference data: two pictures under one prompt, the votes of the panel, and what the agreement filter leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.lab.captions import describe, encode
from fauve.lab.scene import DIMENSION_SLOTS, FACE, INDEX, NEGATIVE_EMOTIONS, SIZES
from fauve.lab.training.annotators import Annotators, panel, utilities
from fauve.lab.training.loop import rng_at
from fauve.lab.truth import levels, share_honoured

__all__ = ["Comparisons", "FilterCounts", "draw_comparisons", "requests_between"]

Ints = NDArray[np.int64]

ALIKE = 0.8
"""Share of comparisons between pictures of one subject: annotators see several answers to one prompt."""


@dataclass(frozen=True, slots=True)
class FilterCounts:
    """What the agreement filter did.

    ``low_asked`` counts comparisons whose prompt asks for a low end; ``faithful_wins`` is the share of those, among
    the kept ones whose pictures differ in how much they honour, in which the more faithful picture won.
    """

    drawn: int
    kept: int
    low_asked_drawn: int
    low_asked_kept: int
    faithful_wins: float | None


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Kept comparisons: rows of the pool (m, 2), prompts (m, L), and votes for the first picture.

    ``votes`` is (m, groups): the share of each group that preferred the first; with an agreement filter and one
    group it is the verdict of the majority, 0 or 1, as published preference data hold it. ``heard`` is (m, groups): 1
    where a group had a rater, 0 where its vote is unknown. ``counts`` says what the filter did.
    """

    rows: Ints
    tokens: Ints
    votes: NDArray[np.float32]
    heard: NDArray[np.float32]
    counts: FilterCounts


def requests_between(rng: np.random.Generator, first: Ints, second: Ints, coverage: float) -> Ints:
    """Prompts that two pictures answer more or less well, (n, S).

    Every value asked is that of one of the two, at random: the subject always, the hue and the layout often, and in a
    share ``coverage`` of the prompts one to four of the low ends that one of the pictures has.
    """
    either = np.where(rng.random(first.shape) < 0.5, first, second)
    asked = np.full(first.shape, -1, np.int64)
    for name, share in (("subject", 1.0), ("hue", 0.85), ("layout", 0.3)):
        column = INDEX[name]
        asked[:, column] = np.where(rng.random(len(first)) < share, either[:, column], -1)
    covered = rng.random(len(first)) < coverage
    column = INDEX["emotion"]
    dims = list(DIMENSION_SLOTS)
    keys = np.where(_low_ends(first) | _low_ends(second), rng.random((len(first), len(dims))), 2.0)
    rank = np.argsort(np.argsort(keys, axis=1), axis=1)
    chosen = covered[:, None] & (rank < rng.integers(1, 5, len(first))[:, None]) & (keys < 2)
    asked[:, dims] = np.where(chosen, 0, -1)
    moods = np.where(_low_ends(first)[:, dims.index(column)], first[:, column], second[:, column])
    felt = chosen[:, dims.index(column)]
    asked[:, column] = np.where(felt, moods, -1)
    asked[felt, INDEX["subject"]] = FACE
    return asked


def _low_ends(scenes: Ints) -> NDArray[np.bool_]:
    """Where scenes are at the low end, (n, 11), the emotion among them where a face shows a negative one."""
    low = levels(scenes) == 0
    assert (
        np.isin(scenes[:, INDEX["emotion"]], NEGATIVE_EMOTIONS) >= low[:, DIMENSION_SLOTS.index(INDEX["emotion"])]
    ).all()
    return np.asarray(low)


def _partners(rng: np.random.Generator, scenes: Ints, n: int) -> Ints:
    """Rows of the pool in twos, most of them of one subject, (n, 2)."""
    first = rng.integers(0, len(scenes), n)
    second = rng.integers(0, len(scenes), n)
    subjects = scenes[:, INDEX["subject"]]
    alike = rng.random(n) < ALIKE
    for value in range(SIZES[INDEX["subject"]]):
        members = np.flatnonzero(subjects == value)
        here = alike & (subjects[first] == value)
        if len(members):
            second[here] = members[rng.integers(0, len(members), int(here.sum()))]
    return np.stack([first, second], 1)


def draw_comparisons(annotators: Annotators, scenes: Ints, n: int, seed: int) -> Comparisons:
    """Draw ``n`` comparisons from a pool of scenes, let the panel vote, and filter. No reserved wording is used."""
    rng = rng_at(seed, 2)
    rows = _partners(rng, scenes, n)
    first, second = scenes[rows[:, 0]], scenes[rows[:, 1]]
    requests = requests_between(rng, first, second, annotators.coverage)
    people = panel(annotators, seed)
    votes = utilities(people, annotators, first, requests, rng) > utilities(people, annotators, second, requests, rng)
    asked = np.argsort(rng.random(votes.shape), axis=1) < annotators.raters
    share = (votes & asked).sum(1) / asked.sum(1)
    kept = np.maximum(share, 1 - share) >= annotators.agreement - 1e-9
    tokens = encode(describe(requests[kept], rng))
    counts = _count(kept, requests, share, share_honoured(first, requests) - share_honoured(second, requests))
    groups = people.groups if annotators.plural else np.zeros_like(people.groups)
    labels, heard = _labels(votes, asked, groups, annotators.agreement > 0.5)
    return Comparisons(rows[kept], tokens, labels[kept], heard[kept], counts)


def _labels(
    votes: NDArray[np.bool_], asked: NDArray[np.bool_], groups: Ints, verdicts: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Share of each group's raters who preferred the first picture, (n, groups), and where a group had raters.

    ``verdicts`` rounds a single group's share to the verdict of its majority.
    """
    columns = [groups == g for g in np.unique(groups)]
    count = np.stack([asked[:, c].sum(1) for c in columns], 1)
    first = np.stack([(votes & asked)[:, c].sum(1) for c in columns], 1)
    share = first / np.maximum(count, 1)
    labels = share > 0.5 if verdicts and len(columns) == 1 else share
    return np.asarray(labels, np.float32), np.asarray(count > 0, np.float32)


def _count(
    kept: NDArray[np.bool_], requests: Ints, share: NDArray[np.float64], lead: NDArray[np.float64]
) -> FilterCounts:
    low = np.zeros(len(requests), np.bool_)
    for column in DIMENSION_SLOTS:
        low |= requests[:, column] >= 0
    telling = kept & low & (lead != 0)
    wins = float((((share > 0.5) == (lead > 0))[telling]).mean()) if telling.any() else None
    return FilterCounts(len(kept), int(kept.sum()), int(low.sum()), int((low & kept).sum()), wins)
