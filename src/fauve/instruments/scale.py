"""From a reading in its own unit to [0, 2]: piecewise linear between anchors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fauve.errors import ConfigError

__all__ = ["Scale"]


@dataclass(frozen=True, slots=True)
class Scale:
    """Anchors (reading, score), readings strictly rising, scores in [0, 2]; flat beyond the ends.

    Scores that only rise or only fall make a one-sided scale. A two-sided one rises and then falls: too little and
    too much are both low, as with exposure.
    """

    anchors: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Raises ConfigError for anchors that make no such scale."""
        readings = np.array([reading for reading, _ in self.anchors])
        scores = np.array([score for _, score in self.anchors])
        if len(readings) < 2 or not (np.diff(readings) > 0).all():
            raise ConfigError(f"scale anchors {self.anchors} need at least two readings in rising order.")
        if scores.min() < 0 or scores.max() > 2:
            raise ConfigError(f"scale anchors {self.anchors} leave the range [0, 2].")
        turns = np.diff(np.sign(np.diff(scores)[np.diff(scores) != 0]))
        if (turns > 0).any():
            raise ConfigError(f"scale anchors {self.anchors} dip: a scale may have one summit only.")

    def __call__(self, reading: float) -> float:
        """The score in [0, 2] of a reading."""
        xs, ys = zip(*self.anchors, strict=True)
        return float(np.interp(reading, xs, ys))
