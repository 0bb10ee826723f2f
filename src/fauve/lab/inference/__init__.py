"""The lab's models in NumPy: what the base install runs, equal to the torch networks within 1e-4."""

from __future__ import annotations

from fauve.lab.inference.encoders import EYE, Answers, at_eye_size, attributes, judge, trunk_features
from fauve.lab.inference.generator import Guidance, log_probs, log_softmaxes, sample_scenes, scenes_from_uniforms
from fauve.lab.inference.scorers import match, reward, reward_for
from fauve.lab.inference.weights_io import Arrays, Weights, interpolate, read_weights, write_weights

__all__ = [
    "EYE",
    "Answers",
    "Arrays",
    "Guidance",
    "Weights",
    "at_eye_size",
    "attributes",
    "interpolate",
    "judge",
    "log_probs",
    "log_softmaxes",
    "match",
    "read_weights",
    "reward",
    "reward_for",
    "sample_scenes",
    "scenes_from_uniforms",
    "trunk_features",
    "write_weights",
]
