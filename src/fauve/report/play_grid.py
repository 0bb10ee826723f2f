"""Every picture of the page to play with, its truth and its places among the base's pictures, computed beforehand.

A cell is what :class:`fauve.lab.adapters.generator.LabGenerator` makes under the name of its way with its seed. Scores
of different scorers have no common unit, so none leaves this module: a picture's place is the number of reference
pictures, made by the base for the same prompt, that score lower by the same scorer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fauve.blas import one_blas_thread
from fauve.lab.adapters.files import member_weights
from fauve.lab.adapters.members import dialled_weights, drawn_scenes
from fauve.lab.captions import LabPair, encode, evaluation_pairs
from fauve.lab.inference import Guidance, at_eye_size, match, reward_for, trunk_features
from fauve.lab.render import render
from fauve.lab.scene import FACE, INDEX, SIZES
from fauve.lab.truth import honoured
from fauve.models.lab_cards import LAB_CARDS, LAB_GENERATORS, LAB_SCORERS
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["Play", "PlayGrid", "PromptGrid", "Way", "compute_play", "draw_prompts"]

_BASE, _ALIGNED = "lab-base", "lab-aesthetic-strong"
_OTHERS = ("lab-placebo", "lab-instruction", "lab-plural")
_REFERENCE_SEED = 1000


@dataclass(frozen=True, slots=True)
class Way:
    """One way of making a picture: a member of the family, a place on the dial (0 to 1), guidance.

    ``guidance`` is "cfg" (away from the empty prompt), "neg" (away from the negative prompt) or "" with strength 0.
    """

    member: str
    dial: float
    guidance: str = ""
    strength: float = 0.0

    @property
    def name(self) -> str:
        """The generator's name, such as ``lab-aesthetic-strong~0.5+neg@2.0``."""
        dialled = self.member if self.dial == 1 else f"{self.member}~{self.dial}"
        if self.dial == 0:
            dialled = _BASE
        return f"{dialled}+{self.guidance}@{self.strength}" if self.guidance else dialled


@dataclass(frozen=True, slots=True)
class Play:
    """How much the page holds."""

    prompts: int = 12
    seeds: tuple[int, ...] = (1, 2, 3)
    dials: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    strengths: tuple[float, ...] = (1.0, 2.0, 4.0)
    reference: int = 20
    size: int = 192
    drawn_with: int = 7

    @property
    def places(self) -> tuple[Way, ...]:
        """Without guidance: the dial's places, then the other members."""
        return (*(Way(_ALIGNED, dial) for dial in self.dials), *(Way(name, 1.0) for name in _OTHERS))

    @property
    def guidances(self) -> tuple[tuple[str, float], ...]:
        """None, then plain and negative guidance at every strength."""
        return (("", 0.0), *((kind, strength) for kind in ("cfg", "neg") for strength in self.strengths))

    @property
    def ways(self) -> tuple[Way, ...]:
        """Every place with every guidance: way ``p * len(guidances) + g`` is place p with guidance g."""
        return tuple(Way(at.member, at.dial, *guidance) for at in self.places for guidance in self.guidances)


@dataclass(frozen=True, slots=True)
class PromptGrid:
    """All pictures of one prompt pair.

    ``pictures[k]`` are the distinct pictures of seed k, (n, size, size, 3) uint8, ``scenes[k]`` their scenes (n, S).
    ``asked`` (ways, seeds) and ``plain`` (places, seeds) index them. ``met[k]`` is (n, S) bool, what each
    picture honours of the anti prompt's requests; ``below[k]`` (n, scorers) counts the reference pictures that score
    lower under the anti prompt. ``choice`` (ways, seeds, scorers) is 1 where a scorer puts the picture that was asked
    for above the plain prompt's, -1 below, 0 where the two are one picture or score the same.
    """

    pair: LabPair
    pictures: tuple[NDArray[np.uint8], ...]
    scenes: tuple[NDArray[np.int64], ...]
    asked: NDArray[np.int64]
    plain: NDArray[np.int64]
    met: tuple[NDArray[np.bool_], ...]
    below: tuple[NDArray[np.int64], ...]
    choice: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlayGrid:
    """The page's data: what was computed, of which files (name to sha256)."""

    play: Play
    prompts: tuple[PromptGrid, ...]
    files: dict[str, str]


def draw_prompts(n: int, seed: int) -> list[LabPair]:
    """``n`` of the lab's evaluation pairs, a quarter of them faces, drawn so that every dimension occurs about equally.

    Pairs are shuffled by ``seed``; then each time the first pair is taken whose requests have occurred least so far,
    among the faces (each with another emotion, in turn) or among the rest.
    """
    pairs = evaluation_pairs()
    waiting = [pairs[i] for i in np.random.default_rng(seed).permutation(len(pairs))]
    used = dict.fromkeys(PROMPT_DIMENSIONS, 0)
    moods = dict.fromkeys(range(SIZES[INDEX["emotion"]]), 0)
    subjects = dict.fromkeys(range(SIZES[0]), 0)

    def cost(pair: LabPair) -> tuple[float, ...]:
        wear = sum(used[name] for name in pair.dimensions if name != "emotion") / len(pair.dimensions)
        return moods[int(pair.anti[INDEX["emotion"]])] if _is_face(pair) else 0, wear, subjects[int(pair.anti[0])]

    chosen: list[LabPair] = []
    while len(chosen) < n:
        wants_face = len(chosen) % 4 == 0
        pair = min((p for p in waiting if _is_face(p) == wants_face), key=cost)
        waiting.remove(pair)
        chosen.append(pair)
        subjects[int(pair.anti[0])] += 1
        if wants_face:
            moods[int(pair.anti[INDEX["emotion"]])] += 1
        for name in pair.dimensions:
            used[name] += 1
    return chosen


def compute_play(play: Play, family: Path | None = None) -> PlayGrid:
    """Make, look at and score everything that the page shows.

    Args:
        play: how much.
        family: folder of weights; None for the family that comes with the package.

    Raises:
        WeightsMissing, WeightsMismatch: the family lacks a member, or a file is damaged.
    """
    with one_blas_thread():  # the products are small, and the report goes on beside them
        return _computed(play, family)


def _computed(play: Play, family: Path | None) -> PlayGrid:
    members = {way.member for way in play.ways} | {_BASE}
    names = [*(LAB_GENERATORS[name].file for name in sorted(members)), "trunk", *(m.file for m in LAB_SCORERS.values())]
    files = {name: member_weights(name, family).sha256 for name in names}
    pairs = draw_prompts(play.prompts, play.drawn_with)
    before, after = [p.prompt_original for p in pairs], [p.prompt_anti for p in pairs]
    avoid = [p.negative for p in pairs]
    asked = np.stack([_scenes(way, after, avoid, play.seeds, family) for way in play.ways], axis=2)
    plain = np.stack([_scenes(way, before, avoid, play.seeds, family) for way in play.places], axis=2)
    others = tuple(_REFERENCE_SEED + i for i in range(play.reference))
    reference = _scenes(Way(_BASE, 0.0), after, avoid, others, family)
    score = _scorer(family)
    grids = []
    for i, pair in enumerate(pairs):
        own = partial(score, pair.prompt_anti)
        bar = own(np.stack([render(scene, n, play.size) for scene, n in zip(reference[i], others, strict=True)]))
        grids.append(_prompt_grid(pair, asked[i], plain[i], play, own, bar))
    return PlayGrid(play, tuple(grids), files)


def _is_face(pair: LabPair) -> bool:
    return int(pair.anti[INDEX["subject"]]) == FACE


def _scenes(
    way: Way, prompts: Sequence[str], avoid: Sequence[str], seeds: Sequence[int], family: Path | None
) -> NDArray[np.int64]:
    """The scenes of a way, (prompts, seeds, S)."""
    weights = dialled_weights(LAB_GENERATORS[way.member].file, way.dial, family)
    asked = [(i, seed) for i in range(len(prompts)) for seed in seeds]
    guidance = None
    if way.guidance:
        guidance = Guidance(way.strength, encode([avoid[i] for i, _ in asked]) if way.guidance == "neg" else None)
    scenes = drawn_scenes(weights, [prompts[i] for i, _ in asked], [seed for _, seed in asked], guidance)
    return scenes.reshape(len(prompts), len(seeds), -1)


def _scorer(family: Path | None) -> Callable[[str, NDArray[np.uint8]], NDArray[np.float32]]:
    """A prompt and pictures (n, size, size, 3) to the scores (n, scorers), each picture looked at once."""
    trunk = member_weights("trunk", family).arrays
    heads = {name: member_weights(member.file, family).arrays for name, member in LAB_SCORERS.items()}
    ways = [match if LAB_CARDS[name].kind == "matcher" else reward_for for name in heads]

    def score(prompt: str, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        features = trunk_features(trunk, np.stack([at_eye_size(p) for p in pictures]))
        tokens = np.repeat(encode([prompt]), len(features), axis=0)
        return np.stack([way(head, features, tokens) for way, head in zip(ways, heads.values(), strict=True)], axis=1)

    return score


def _prompt_grid(
    pair: LabPair,
    asked: NDArray[np.int64],
    plain: NDArray[np.int64],
    play: Play,
    score: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    bar: NDArray[np.float32],
) -> PromptGrid:
    """From scenes (seeds, ways, S) to pictures, truth and places; each distinct scene is drawn and scored once."""
    pictures, scenes, met, below, values, places = [], [], [], [], [], []
    for k, seed in enumerate(play.seeds):
        distinct, inverse = np.unique(np.concatenate([asked[k], plain[k]]), axis=0, return_inverse=True)
        drawn = np.stack([render(scene, seed, play.size) for scene in distinct])
        scored = score(drawn)
        pictures.append(drawn)
        scenes.append(distinct)
        met.append(honoured(distinct, np.repeat(pair.anti[None], len(distinct), axis=0)).filled(False))
        below.append((bar[None] < scored[:, None]).sum(axis=1))
        values.append(scored)
        places.append(inverse.reshape(-1))
    at = np.stack(places, axis=1)
    first, second = at[: len(play.ways)], at[len(play.ways) :]
    beside = np.arange(len(play.ways)) // len(play.guidances)
    choice = np.stack(
        [np.sign(v[first[:, k]] - v[second[beside, k]]).astype(np.int64) for k, v in enumerate(values)], axis=1
    )
    return PromptGrid(pair, tuple(pictures), tuple(scenes), first, second, tuple(met), tuple(below), choice)
