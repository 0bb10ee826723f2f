"""What training draws from the world: captions as people write them, and pictures as the encoders see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.lab.captions import describe, encode, mentions
from fauve.lab.inference.encoders import at_eye_size
from fauve.lab.phrases import POLISHED
from fauve.lab.render import render_many
from fauve.lab.scene import DIMENSION_SLOTS, FACE, INDEX, SIZES, draw_scenes
from fauve.lab.truth import levels
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["DRAWN_AT", "CaptionMix", "caption_batch", "mixed_requests", "pictures_of", "short_requests", "worded"]

Ints = NDArray[np.int64]

DRAWN_AT = 96
"""Pixels a side at which pictures are drawn before they are averaged to what the encoders see.

Scorers meet pictures of any size, which reach them by averaging; a picture drawn at 48 pixels outright differs.
"""


UNUSUAL = 0.5
"""The smaller, the sooner a short caption names a low end; 1 = as often as any other value."""


@dataclass(frozen=True, slots=True)
class CaptionMix:
    """How captions of pictures are written.

    Attributes:
        noise: share of mentions that are wrong, as in alt texts from the web. It is the ceiling of what a generator
            that models its data honours, so it is kept below the 0.05 that the gate allows.
        short: share of captions that name one to three values of any slot. Without them single words are learnt
            slowly, because five words are to blame for every error.
        reserved: share in reserved wording, which only this training and evaluation see.
        tags: share that are bare keywords, as negative prompts are.
        faces: share of faces, above that of the world because emotions show in faces only.
        low: share of low levels, that of the world.
    """

    noise: float = 0.01
    short: float = 0.5
    reserved: float = 0.35
    tags: float = 0.03
    faces: float = 0.45
    low: float = 0.13


def pictures_of(scenes: Ints, seeds: Ints) -> NDArray[np.uint8]:
    """Pictures as the encoders see them, uint8 (n, 48, 48, 3)."""
    parts = [render_many(scenes[i : i + 64], seeds[i : i + 64], DRAWN_AT) for i in range(0, len(scenes), 64)]
    return np.stack([at_eye_size(picture) for part in parts for picture in part])


def short_requests(rng: np.random.Generator, scenes: Ints) -> Ints:
    """One to three values of each scene, of any slots; the emotion of faces only, and with the subject.

    People mention what is out of the ordinary, so low ends come more often than chance has it.
    """
    keys = rng.random(scenes.shape)
    face = scenes[:, INDEX["subject"]] == FACE
    unusual = np.zeros(scenes.shape, np.bool_)
    unusual[:, list(DIMENSION_SLOTS)] = levels(scenes) == 0
    unusual[:, [INDEX["corner"], INDEX["palette"]]] = True  # whole sentences never name these
    keys = np.where(unusual, keys * UNUSUAL, keys)
    keys[:, INDEX["emotion"]] = np.where(face, keys[:, INDEX["emotion"]] * UNUSUAL, 2.0)
    rank = np.argsort(np.argsort(keys, axis=1), axis=1)
    said = np.where((rank < rng.integers(1, 4, len(scenes))[:, None]) & (keys < 2), scenes, -1)
    felt = said[:, INDEX["emotion"]] >= 0
    said[felt, INDEX["subject"]] = FACE
    return said


def mixed_requests(rng: np.random.Generator, scenes: Ints, short: float) -> Ints:
    """What captions say of scenes: whole sentences, and a share of short ones."""
    return np.where((rng.random(len(scenes)) < short)[:, None], short_requests(rng, scenes), mentions(rng, scenes))


def worded(rng: np.random.Generator, requests: Ints, reserved: float) -> Ints:
    """Token ids of captions of requests, a share of them in reserved wording, (n, L)."""
    held_back = rng.random(len(requests)) < reserved
    free, kept = describe(requests, rng), describe(requests, rng, reserved=True)
    return encode([k if h else f for f, k, h in zip(free, kept, held_back, strict=True)])


def caption_batch(rng: np.random.Generator, n: int, mix: CaptionMix) -> tuple[Ints, Ints]:
    """Pictures with their captions: scenes (n, S) and token ids (n, L)."""
    scenes = draw_scenes(rng, n, low=mix.low, faces=mix.faces)
    requests = _with_errors(rng, mixed_requests(rng, scenes, mix.short), mix.noise)
    tokens = worded(rng, requests, mix.reserved)
    for row in np.flatnonzero(rng.random(n) < mix.tags):
        tokens[row] = encode([_keywords(rng, scenes[row])])[0]
    return scenes, tokens


def _with_errors(rng: np.random.Generator, requests: Ints, noise: float) -> Ints:
    """Replace a share of the mentions by another value of the slot."""
    wrong = (rng.random(requests.shape) < noise) & (requests >= 0)
    wrong[:, INDEX["subject"]] &= requests[:, INDEX["emotion"]] < 0  # an emotion is never said of another thing
    other = (requests + 1 + (rng.random(requests.shape) * (np.array(SIZES) - 1)).astype(np.int64)) % np.array(SIZES)
    noisy = np.where(wrong, other, requests)
    return np.asarray(noisy, np.int64)


def _keywords(rng: np.random.Generator, scene: Ints) -> str:
    """Words for some of the dimensions on which a scene is at its high end; empty where there is none."""
    high = np.flatnonzero(levels(scene[None])[0] == 2)
    some = rng.permutation(high)[: int(rng.integers(1, 7))]
    return ", ".join(POLISHED[PROMPT_DIMENSIONS[d]] for d in sorted(some))
