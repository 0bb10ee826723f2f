"""The scene-program generator in NumPy: drawing scenes, exact log-probabilities, guidance on logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.lab.inference.weights_io import Arrays
from fauve.lab.inference.words import Floats, linear, relu, text_features, trimmed
from fauve.lab.scene import SIZES

__all__ = ["Guidance", "log_probs", "log_softmaxes", "sample_scenes", "scenes_from_uniforms"]

Ints = NDArray[np.int64]
HEADS = 4
EPSILON = np.float32(1e-5)
STARTS = np.cumsum([0, *SIZES[:-1]])


@dataclass(frozen=True, slots=True)
class Guidance:
    """Steer at every slot: logits · (1 + strength) − strength · logits of another prompt.

    ``negative`` (n, L) are the prompts to steer away from; None = the null prompt, which is plain guidance.
    """

    strength: float
    negative: Ints | None = None


def sample_scenes(weights: Arrays, tokens: Ints, rng: np.random.Generator, guidance: Guidance | None = None) -> Ints:
    """One scene a prompt at temperature 1: ids (n, L) -> int64 (n, S). The same rng state gives the same scenes."""
    return scenes_from_uniforms(weights, tokens, rng.random((len(tokens), len(SIZES))), guidance)


def scenes_from_uniforms(
    weights: Arrays, tokens: Ints, uniforms: NDArray[np.float64], guidance: Guidance | None = None
) -> Ints:
    """Scenes by inverting each slot's distribution at given uniforms (n, S) in [0, 1).

    Models that get the same uniforms differ only as far as their distributions differ, which makes comparisons
    between them tight.
    """
    wanted = _contexts(weights, tokens)
    other = None if guidance is None else _other_contexts(weights, tokens, guidance)
    drawn = np.zeros((len(tokens), wanted.shape[-1]), np.float32)
    scenes = np.empty((len(tokens), len(SIZES)), np.int64)
    numbers = uniforms.astype(np.float32)
    for s, start in enumerate(STARTS):
        logits = _logits(weights, wanted[:, s], drawn, s)
        if guidance is not None and other is not None:
            amount = np.float32(guidance.strength)
            logits = (1 + amount) * logits - amount * _logits(weights, other[:, s], drawn, s)
        below = np.exp(_log_softmax(logits)).cumsum(-1)
        scenes[:, s] = (numbers[:, s : s + 1] >= below[:, :-1]).sum(1)
        drawn += weights["drawn"][start + scenes[:, s]]
    return scenes


def log_softmaxes(weights: Arrays, tokens: Ints, scenes: Ints) -> list[Floats]:
    """Per slot the log-probabilities of all its values, given the scene's slots before it: S × (n, K_s)."""
    contexts = _contexts(weights, tokens)
    embedded = weights["drawn"][scenes + STARTS]
    before = np.cumsum(embedded, axis=1) - embedded
    return [_log_softmax(_logits(weights, contexts[:, s], before[:, s], s)) for s in range(len(SIZES))]


def log_probs(weights: Arrays, tokens: Ints, scenes: Ints) -> Floats:
    """Exact log-probability of each slot of each scene, (n, S); the row's sum is that of the scene."""
    tables = log_softmaxes(weights, tokens, scenes)
    return np.stack([np.take_along_axis(t, scenes[:, s : s + 1], 1)[:, 0] for s, t in enumerate(tables)], 1)


def _other_contexts(weights: Arrays, tokens: Ints, guidance: Guidance) -> Floats:
    if guidance.negative is not None:
        return _contexts(weights, guidance.negative)
    return np.broadcast_to(_contexts(weights, np.zeros_like(tokens[:1])), (len(tokens), len(SIZES), _width(weights)))


def _width(weights: Arrays) -> int:
    return int(weights["slot"].shape[1])


def _contexts(weights: Arrays, tokens: Ints) -> Floats:
    """What each prompt answers to each slot, (n, S, width); a prompt that occurs many times is read once."""
    rows, inverse = np.unique(tokens, axis=0, return_inverse=True)
    rows = trimmed(rows)
    words, there = text_features(weights, "text.", rows)
    n, width = len(rows), _width(weights)
    part = width // HEADS
    keys = np.concatenate([np.broadcast_to(weights["null_key"], (n, 1, width)), linear(weights, "key", words)], 1)
    values = np.concatenate([np.broadcast_to(weights["null_value"], (n, 1, width)), linear(weights, "value", words)], 1)
    question = weights["question"].reshape(-1, HEADS, part).transpose(1, 0, 2)
    scores = question @ keys.reshape(n, -1, HEADS, part).transpose(0, 2, 3, 1) / np.float32(part**0.5)
    hidden = np.concatenate([np.zeros((n, 1), np.bool_), ~there], 1)[:, None, None, :]
    attention = np.exp(_log_softmax(np.where(hidden, np.float32(-1e9), scores)))
    answers = attention @ values.reshape(n, -1, HEADS, part).transpose(0, 2, 1, 3)
    contexts = answers.transpose(0, 2, 1, 3).reshape(n, -1, width) + weights["slot"]
    return np.asarray(contexts[inverse.reshape(-1)], np.float32)


def _logits(weights: Arrays, context: Floats, drawn: Floats, s: int) -> Floats:
    z = context + drawn
    for block in range(2):
        z = z / np.sqrt((z * z).mean(-1, keepdims=True) + EPSILON)
        z = z + linear(weights, f"back.{block}", relu(linear(weights, f"wide.{block}", z)))
    rows = slice(STARTS[s], STARTS[s] + SIZES[s])
    return np.asarray(z @ weights["out"][rows].T + weights["bias"][rows], np.float32)


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)
